/* selector.h - label selectors: whether a text is one, by the rules of apimachinery's labels.Parse, less what CoreDNS refuses: != and the
 * comparisons of numbers. */
#pragma once
#include "base/diag.h"

/* ERR_SYNTAX or ERR_RANGE, with what is wrong and what is wanted. */
enum err selector_check(const char *text, struct diag *d);
