/* text.h - what diag and log share: one line of text that input can't break out of. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* vsnprintf with control characters, and octets that are no UTF-8, written as \xHH, cut to fit. Returns the length of the text, which ends with NUL. */
size_t text_format_line(char *out, size_t cap, const char *format, va_list args);

/* "1,204" into out; returns out. */
#define TEXT_NUMBER_ROOM 28
const char *text_number(unsigned long long n, char out[TEXT_NUMBER_ROOM]);
