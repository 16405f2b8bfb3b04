/* text.h - what diag and log share: one line of text that input can't break out of. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* vsnprintf with control characters, and octets that are no UTF-8, written as \xHH, cut to fit. Returns the length of the text, which ends with NUL. */
size_t text_format_line(char *out, size_t cap, const char *format, va_list args);

/* Octets of the UTF-8 character at s (RFC 3629 4), which a NUL follows at last; 0: there is none, or it is a control character. */
size_t text_character_len(const unsigned char *s);

/* "1,204" into out; returns out. */
#define TEXT_NUMBER_ROOM 28
const char *text_number(unsigned long long n, char out[TEXT_NUMBER_ROOM]);
