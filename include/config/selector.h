/* selector.h - label selectors: whether a text is one, by the rules of apimachinery's labels.Parse, less what CoreDNS refuses: != and the
 * comparisons of numbers; and what it selects, as the API server would. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

/* ERR_SYNTAX or ERR_RANGE, with what is wrong and what is wanted. */
enum err selector_check(const char *text, struct diag *d);

/* The value of the label of that key, which has so many octets; NULL: there is none. */
typedef const char *selector_value(const void *labels, const char *key, size_t len);

/* True if a text that selector_check() took selects an object whose labels are looked up so. */
bool selector_selects(const char *text, selector_value *value, const void *labels);
