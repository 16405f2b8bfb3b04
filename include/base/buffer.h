/* buffer.h - octets that grow, with a sticky failure: once memory ran out, appends do nothing, and the caller checks failed once. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* NULL while empty; not NUL-terminated */
	size_t len, cap;
	bool failed;
};

/* Makes room for len more octets; false, and failed is set, if there is none. */
bool buffer_reserve(struct buffer *b, size_t len);

void buffer_append(struct buffer *b, const void *bytes, size_t len);
void buffer_free(struct buffer *b); /* frees the octets, leaves b empty and usable */
