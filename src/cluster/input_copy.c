#include "input_copy.h"
#include "base/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_MAX_BYTES ((size_t)1 << 30)
#define PIECE_BYTES    ((size_t)64 << 10)

static bool is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err fail(struct diag *d)
{
	return diag_set(d, ERR_SYS, "%s", strerror(errno));
}

static enum err copy(int from, int to, char *piece, struct diag *d)
{
	size_t total = 0;
	ssize_t got;
	while ((got = file_read_some(from, piece, PIECE_BYTES)) > 0) {
		total += (size_t)got;
		if (total > COPY_MAX_BYTES)
			return diag_set(d, ERR_RANGE, "larger than %zu octets", COPY_MAX_BYTES);
		if (!file_write_all(to, piece, (size_t)got))
			return fail(d);
	}
	return got < 0 ? fail(d) : OK;
}

/* Puts a copy of what from has left where descriptor fd is. */
static enum err replace(int fd, int from, struct diag *d)
{
	int memory = memfd_create("input", MFD_CLOEXEC);
	char *piece = malloc(PIECE_BYTES);
	enum err err = memory < 0 ? fail(d) : piece ? copy(from, memory, piece, d) : diag_no_memory(d);
	if (!err && (lseek(memory, 0, SEEK_SET) || dup2(memory, fd) < 0))
		err = fail(d);
	if (memory >= 0)
		close(memory);
	free(piece);
	return err;
}

static enum err copy_given(const char *path, struct diag *d)
{
	struct diag why;
	int from;
	enum err err = file_open(path, FILE_GIVEN, UINT64_MAX, &from, &why);
	if (!err)
		err = replace(file_given(path), from, &why);
	if (from >= 0)
		close(from);
	return err ? diag_set(d, err, "%s: %s", is_stdin(path) ? "stdin" : path, why.text) : OK;
}

enum err input_copy_make(const char *const *paths, unsigned n, bool *kept, struct diag *d)
{
	enum err err = OK;
	*kept = false;
	for (unsigned i = 0; i < n && !err; i++) {
		if (file_given(paths[i]) < 0 || (is_stdin(paths[i]) ? *kept : is_file(paths[i])))
			continue;
		err = copy_given(paths[i], d);
		*kept |= !err && is_stdin(paths[i]);
	}
	return err;
}

void input_copy_rewind(void)
{
	lseek(STDIN_FILENO, 0, SEEK_SET); /* memory can always be rewound */
}
