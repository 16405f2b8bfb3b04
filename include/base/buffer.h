/* buffer.h - octets that grow, with a sticky failure: once memory ran out, appends do nothing, and the caller checks failed once. Those of
 * a secret one leave nothing behind as it grows and ends (base/secret.h). */
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

/* Makes room for len more octets; false, and failed is set, if there is none. */
bool buffer_reserve(struct buffer *b, size_t len);

void buffer_append(struct buffer *b, const void *bytes, size_t len);
void buffer_append_text(struct buffer *b, const char *text);

/* What is in b as a text of its own, malloc'ed; b is empty then, whatever comes of it. NULL: out of memory, now or before. */
char *buffer_take_text(struct buffer *b);

void buffer_free(struct buffer *b); /* frees the octets, leaves b empty and usable, as secret as it was */
