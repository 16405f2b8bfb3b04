#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err fail(struct diag *d, const char *path)
{
	return diag_set(d, ERR_SYS, "%s: %s", path, strerror(errno));
}

static enum err write_all(int fd, const char *path, const char *bytes, size_t len, struct diag *d)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(d, path);
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? fail(d, path) : OK;
}

static enum err write_file(const char *path, const void *bytes, size_t len, struct diag *d)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err err;
	if (fd < 0)
		return fail(d, path);
	err = write_all(fd, path, bytes, len, d);
	return close(fd) && !err ? fail(d, path) : err;
}

/* A rename is on the disk when its folder is. Where that can't be waited for, the content is good all the same. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

enum err file_replace(const char *path, const void *bytes, size_t len, struct diag *d)
{
	char *beside = NULL;
	enum err err;
	if (asprintf(&beside, "%s.new", path) < 0)
		return diag_set(d, ERR_NOMEM, "%s: out of memory", path);
	err = write_file(beside, bytes, len, d);
	if (!err && rename(beside, path))
		err = fail(d, path);
	if (err)
		unlink(beside);
	else
		sync_folder(path);
	free(beside);
	return err;
}
