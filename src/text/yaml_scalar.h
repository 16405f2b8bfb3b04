/* yaml_scalar.h - what a YAML scalar is in JSON, by the rules that kubectl reads manifests with (sigs.k8s.io/yaml: YAML 1.1
 * booleans, octal 017 and 0o17, no sexagesimal numbers, dates are strings). */
#pragma once
#include "base/diag.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* text ends with NUL at text[len]. tag: NULL, or the one written, in full. A tag !!int, !!float, !!bool or !!null that the text does
 * not fit is ERR_SYNTAX; other tags make a string. A NUL inside the text becomes U+FFFD, and all of it a string. */
enum err yaml_scalar(const char *text, size_t len, bool plain, const char *tag, cJSON **out, struct diag *d);
