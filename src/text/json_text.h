/* json_text.h - JSON of which cJSON would refuse the whole for the sake of something that nothing here reads, or read less than is there,
 * written so that it takes all. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define JSON_KEPT_DEPTH 100 /* objects and arrays within each other; cJSON takes 1000, and calls itself for each */

/* The number in the \uXXXX that text begins with; -1: it doesn't. */
int32_t json_text_escape(const char *text, const char *end);

/* Where a string has \u0000 or half of a surrogate pair, it has \ufffd afterwards, which no name may hold. In place. */
void json_text_mend_escapes(char *text, size_t len);

/* What is nested deeper than JSON_KEPT_DEPTH becomes 0 and white space. Brackets and strings are in order; in place. */
void json_text_cut_depth(char *text, size_t len);
