/* log_text.h - how a line of the log looks: as text, or as a JSON object. */
#pragma once
#include "base/log.h"
#include <stddef.h>

#define LOG_LINE_MAX 2304 /* octets: 1,024 of text may become twice as many */

/* Writes a whole line with its '\n' to out (cap: 256 at least); its length. plugin NULL: none. */
size_t log_text_line(char *out, size_t cap, enum log_level level, const char *plugin, const char *text);
