#include "base/buffer.h"
#include "base/diag.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROW_MIN 4096

/* Makes room for len more octets; false, and failed is set, if there is none. */
static bool buffer_reserve(struct buffer *b, size_t len)
{
	size_t cap = b->cap ? b->cap : GROW_MIN;
	char *data;
	if (b->failed || len > SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + len <= b->cap)
		return true;
	while (cap < b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buffer_append(struct buffer *b, const void *bytes, size_t len)
{
	if (!len || !buffer_reserve(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

static enum err read_all(struct buffer *b, int fd, size_t max, const char *path, struct diag *d)
{
	size_t start = b->len;
	for (;;) {
		ssize_t got;
		if (!buffer_reserve(b, GROW_MIN))
			return diag_set(d, ERR_NOMEM, "%s: out of memory", path);
		got = read(fd, b->data + b->len, b->cap - b->len);
		if (got == 0)
			return OK;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return diag_set(d, ERR_SYS, "%s: %s", path, strerror(errno));
		b->len += (size_t)got;
		if (b->len - start > max)
			return diag_set(d, ERR_RANGE, "%s: larger than %zu octets", path, max);
	}
}

enum err buffer_read_file(struct buffer *b, const char *path, size_t max, struct diag *d)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum err err;
	if (fd < 0)
		return diag_set(d, errno == ENOENT ? ERR_MISSING : ERR_SYS, "%s: %s", path, strerror(errno));
	err = read_all(b, fd, max, is_stdin ? "stdin" : path, d);
	if (!is_stdin)
		close(fd);
	return err;
}
