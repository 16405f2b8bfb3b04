#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static const char *name_in_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* malloc'ed; NULL: out of memory. */
static char *folder_of(const char *path)
{
	const char *name = name_in_folder(path);
	return name > path ? strndup(path, (size_t)(name - path)) : strdup(".");
}

static bool look_at_folder(const char *path, struct stat *st)
{
	char *folder = folder_of(path);
	bool there = folder && stat(folder, st) == 0;
	free(folder);
	return there;
}

bool file_same_place(const char *a, const char *b)
{
	struct stat x, y;
	if (strcmp(a, b) == 0)
		return true;
	if (strcmp(name_in_folder(a), name_in_folder(b)) != 0 || !look_at_folder(a, &x) || !look_at_folder(b, &y))
		return false;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A rename is on the disk when its folder is. Where that can't be waited for, the content is good all the same. */
static void sync_folder(const char *path)
{
	char *folder = folder_of(path);
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
