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

void buffer_append(struct buffer *b, const void *bytes, size_t len);
void buffer_free(struct buffer *b); /* frees the octets, leaves b empty and usable */

/* Reads path whole ("-": stdin) and appends it. ERR_RANGE: more than max octets. diag names path and errno's text. */
struct diag;
enum err buffer_read_file(struct buffer *b, const char *path, size_t max, struct diag *d);
