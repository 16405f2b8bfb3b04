/* base64.h - octets as text (RFC 4648 4). Functions of their arguments alone, for any thread. */
#pragma once
#include <stddef.h>

/* The octets of text (white space may stand anywhere), with a NUL after them; the caller frees it. NULL: not base64, or out of memory. */
char *base64_decode(const char *text, size_t *len);

/* The text of the octets; the caller frees it. NULL: out of memory. */
char *base64_encode(const char *bytes, size_t len);
