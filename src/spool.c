#include "spool.h"
#include "base/buffer.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPOOL_MAX_BYTES ((size_t)1 << 30)

static bool has_stdin(const char *const *paths, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") == 0)
			return true;
	}
	return false;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t put = write(fd, data, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		len -= (size_t)put;
	}
	return true;
}

/* Puts the octets where standard input was. */
static enum err replace_stdin(const struct buffer *b, struct diag *d)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	bool done = fd >= 0 && write_all(fd, b->data, b->len) && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) >= 0;
	enum err err = done ? OK : diag_set(d, ERR_SYS, "stdin: keeping it in memory: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

enum err spool_stdin(const char *const *paths, unsigned n, bool *kept, struct diag *d)
{
	struct buffer b = {0};
	enum err err;
	*kept = false;
	if (!has_stdin(paths, n))
		return OK;
	err = buffer_read_file(&b, "-", SPOOL_MAX_BYTES, d);
	if (!err)
		err = replace_stdin(&b, d);
	buffer_free(&b);
	*kept = !err;
	return err;
}

void spool_rewind(void)
{
	lseek(STDIN_FILENO, 0, SEEK_SET); /* memory can always be rewound */
}
