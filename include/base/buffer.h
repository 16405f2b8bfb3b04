/* buffer.h - octets that grow. Failure is sticky: once memory ran out, appends do nothing, so the caller checks `failed` once, at the end. A
 * buffer that is all zero is empty. A secret one overwrites octets before it gives their memory back (base/secret.h). Any thread, one at a
 * time. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* NULL while empty; not NUL-terminated */
	size_t len, cap;
	bool failed;
	bool secret; /* set by the owner while it is empty */
};

/* Makes room for len more octets behind data + len. False: out of memory, now or before; then `failed` is set. */
bool buffer_reserve(struct buffer *b, size_t len);

/* Appends a copy of len octets; bytes may be NULL where len is 0. Out of memory: `failed` is set, and the buffer stays as it was. */
void buffer_append(struct buffer *b, const void *bytes, size_t len);

/* Appends a C string without its NUL. */
void buffer_append_text(struct buffer *b, const char *text);

/* What is in b as a C string, which the caller frees. b is empty then, also on failure. NULL: out of memory, now or before. */
char *buffer_take_text(struct buffer *b);

/* Frees the octets. b is empty then, may be used again, and is as secret as it was. */
void buffer_free(struct buffer *b);
