#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FIRST_FREE_FD 3
#define READ_ROOM     4096

static enum err fail(struct diag *d, const char *path)
{
	return diag_set(d, ERR_SYS, "%s: %s", path, strerror(errno));
}

/* --- what stands at a path --- */

/* "7" of "/dev/fd/7"; -1: none. */
static int number_after(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	const char *digits = path + len;
	if (strncmp(path, folder, len) != 0 || !*digits || strlen(digits) > 5 || digits[strspn(digits, "0123456789")])
		return -1;
	return (int)strtol(digits, NULL, 10);
}

int file_given(const char *path)
{
	static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	int fd = number_after(path, "/dev/fd/");
	for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
		if (strcmp(path, names[i]) == 0)
			return i;
	}
	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	return fd >= 0 ? fd : number_after(path, "/proc/self/fd/");
}

/* Why it can't be read or replaced as a file is; NULL: it can. */
static const char *no_file(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFIFO:
		return "is a pipe, where a file is wanted";
	case S_IFSOCK:
		return "is a socket, where a file is wanted";
	case S_IFDIR:
		return "is a folder, where a file is wanted";
	case S_IFCHR:
	case S_IFBLK:
		return "is a device, where a file is wanted";
	default:
		return NULL;
	}
}

/* What ends, or whose end somebody at the keyboard decides. */
static bool has_an_end(int fd, const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return isatty(fd) || st->st_rdev == makedev(1, 3); /* /dev/null */
	return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode);
}

/* --- reading --- */

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* A descriptor that we were started with; those of our own making are not meant, and close on exec. */
static int open_given(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	if (flags >= 0 && flags & FD_CLOEXEC)
		errno = EBADF;
	return flags < 0 || flags & FD_CLOEXEC ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

/* Looks before it opens, since opening alone can wait (a named pipe) or set something going (a device). Who swaps the file between the two meets
 * O_NONBLOCK, and the second look in check_opened. */
static enum err open_file(const char *path, int *fd, struct diag *d)
{
	struct stat st;
	const char *problem = stat(path, &st) == 0 ? no_file(&st) : NULL;
	if (problem)
		return diag_set(d, ERR_SYNTAX, "%s", problem);
	*fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return OK;
}

static enum err check_opened(int fd, bool given, uint64_t max, struct diag *d)
{
	struct stat st;
	const char *problem;
	if (fstat(fd, &st))
		return diag_set(d, ERR_SYS, "%s", strerror(errno));
	problem = given && has_an_end(fd, &st) ? NULL : no_file(&st);
	if (problem)
		return diag_set(d, ERR_SYNTAX, "%s", problem);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return diag_set(d, ERR_RANGE, "larger than %llu octets", (unsigned long long)max);
	return OK;
}

enum err file_open(const char *path, enum file_kind kind, uint64_t max, int *fd, struct diag *d)
{
	int number = kind == FILE_GIVEN ? file_given(path) : -1;
	bool given = number >= 0 && (strcmp(path, "-") == 0 || !is_file(path));
	enum err err = OK;
	*fd = -1;
	if (given)
		*fd = open_given(number);
	else
		err = open_file(path, fd, d);
	if (!err && *fd < 0)
		return diag_set(d, errno == ENOENT ? ERR_MISSING : ERR_SYS, "%s", strerror(errno));
	if (!err)
		err = check_opened(*fd, given, max, d);
	if (err && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

ssize_t file_read_some(int fd, void *bytes, size_t cap)
{
	for (;;) {
		ssize_t got = read(fd, bytes, cap);
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got;
		if (errno == EAGAIN)
			poll(&waiting, 1, -1);
	}
}

/* Room for a file's size at once, so that a large one is not copied as the buffer grows. */
static void reserve_size(struct buffer *b, int fd)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		buffer_reserve(b, (size_t)st.st_size + 1);
}

static enum err read_all(struct buffer *b, int fd, size_t max, struct diag *d)
{
	size_t start = b->len;
	reserve_size(b, fd);
	for (;;) {
		ssize_t got;
		if (b->len == b->cap)
			buffer_reserve(b, READ_ROOM);
		if (b->failed)
			return diag_no_memory(d);
		got = file_read_some(fd, b->data + b->len, b->cap - b->len);
		if (got == 0)
			return OK;
		if (got < 0)
			return diag_set(d, ERR_SYS, "%s", strerror(errno));
		b->len += (size_t)got;
		if (b->len - start > max)
			return diag_set(d, ERR_RANGE, "larger than %zu octets", max);
	}
}

enum err file_read(struct buffer *b, const char *path, enum file_kind kind, size_t max, struct diag *d)
{
	bool is_stdin = kind == FILE_GIVEN && strcmp(path, "-") == 0;
	struct diag why;
	int fd;
	enum err err = file_open(path, kind, max, &fd, &why);
	if (!err)
		err = read_all(b, fd, max, &why);
	if (fd >= 0)
		close(fd);
	return err ? diag_set(d, err, "%s: %s", is_stdin ? "stdin" : path, why.text) : OK;
}

enum err file_check(const char *path, struct diag *d)
{
	struct diag why;
	int fd;
	enum err err = file_open(path, FILE_REGULAR, UINT64_MAX, &fd, &why);
	if (fd >= 0)
		close(fd);
	return err ? diag_set(d, err, "%s: %s", path, why.text) : OK;
}

/* --- places --- */

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

/* --- writing --- */

/* It belongs to whoever else has it, too. */
static bool may_go_on(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	if (errno == EAGAIN)
		poll(&p, 1, -1);
	return errno == EAGAIN || errno == EINTR;
}

size_t file_write_given(int fd, const void *bytes, size_t len)
{
	size_t written = 0;
	while (written < len) {
		ssize_t n = write(fd, (const char *)bytes + written, len - written);
		if (n >= 0)
			written += (size_t)n;
		else if (!may_go_on(fd))
			break;
	}
	return written;
}

bool file_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* What has been left there is taken away and not written into: it may be another file's second name. */
static int create(const char *path, mode_t mode)
{
	if (unlink(path) && errno != ENOENT)
		return -1;
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

static enum err write_file(const char *path, const void *bytes, size_t len, mode_t mode, struct diag *d)
{
	int fd = create(path, mode);
	enum err err = OK;
	if (fd < 0)
		return fail(d, path);
	if (!file_write_all(fd, bytes, len) || fsync(fd))
		err = fail(d, path);
	if (close(fd) && !err)
		err = fail(d, path);
	if (err)
		unlink(path);
	return err;
}

/* Who gives /dev/null or /dev/stdout for a file's name must not lose that. */
static enum err check_replaceable(const char *path, struct diag *d)
{
	struct stat st;
	const char *problem = stat(path, &st) == 0 ? no_file(&st) : NULL;
	if (!problem && *path == '/' && file_given(path) >= 0)
		problem = "is an open file, where one of its own is wanted";
	return problem ? diag_set(d, ERR_SYNTAX, "%s: %s", path, problem) : OK;
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

static enum err replace(const char *path, const char *beside, struct diag *d)
{
	if (rename(beside, path)) {
		enum err err = fail(d, path);
		unlink(beside);
		return err;
	}
	sync_folder(path);
	return OK;
}

enum err file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct diag *d)
{
	char *beside = NULL;
	enum err err = check_replaceable(path, d);
	if (err)
		return err;
	if (asprintf(&beside, "%s.new", path) < 0)
		return diag_set(d, ERR_NOMEM, "%s: out of memory", path);
	err = write_file(beside, bytes, len, mode, d);
	if (!err)
		err = replace(path, beside, d);
	free(beside);
	return err;
}

/* By a file beside it, since one at path would be seen. */
static enum err clear(const char *path, const char *beside, struct diag *d)
{
	enum err err = write_file(beside, "", 0, 0600, d);
	if (!err && unlink(beside))
		err = fail(d, beside);
	if (!err && unlink(path) && errno != ENOENT)
		err = fail(d, path);
	return err;
}

enum err file_clear(const char *path, struct diag *d)
{
	char *beside = NULL;
	enum err err = check_replaceable(path, d);
	if (err)
		return err;
	if (asprintf(&beside, "%s.new", path) < 0)
		return diag_set(d, ERR_NOMEM, "%s: out of memory", path);
	err = clear(path, beside, d);
	free(beside);
	return err;
}
