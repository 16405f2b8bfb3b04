/* text.h - what diag and log share: one line of text that input can't break out of. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* vsnprintf with control characters, and octets that are no UTF-8, written as \xHH, cut to fit. Returns the length of the text, which ends with NUL. */
size_t text_format_line(char *out, size_t cap, const char *format, va_list args);
