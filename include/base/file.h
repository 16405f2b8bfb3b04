/* file.h - files read within bounds, and written whole or not at all. Whatever stands at a path, nothing here waits for another process, reads
 * without end, or writes into a file that has another name too. Every diag may be NULL. */
#pragma once
#include "base/buffer.h"
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum file_kind {
	FILE_REGULAR, /* a regular file, or symbolic links to one */
	FILE_GIVEN,   /* also what the process was started with: "-", /dev/stdin or /dev/fd/N that are a pipe, a socket or a terminal */
};

/* The descriptor that a path stands for: "-" (0), /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N (what a shell makes of
 * <(COMMAND)); -1: none. */
int file_given(const char *path);

/* Opens path for reading; *fd is the caller's. ERR_SYNTAX: a named pipe, a socket, a device or a folder; ERR_RANGE: more than max octets;
 * ERR_MISSING, ERR_SYS. Nothing was read or waited for then. diag says what is wrong, without the path. */
enum err file_open(const char *path, enum file_kind kind, uint64_t max, int *fd, struct diag *d);

/* read(2), which goes on after an interruption. It waits for data also if somebody has made the pipe that we were given non-blocking. */
ssize_t file_read_some(int fd, void *bytes, size_t cap);

/* Reads path whole and appends it to b. ERR_RANGE: more than max octets; the others are those of file_open, ERR_NOMEM. diag names path. */
enum err file_read(struct buffer *b, const char *path, enum file_kind kind, size_t max, struct diag *d);

/* OK if a regular file can be read there; else the errors of file_open. diag names path. */
enum err file_check(const char *path, struct diag *d);

/* write(2) of all of it, which waits also if somebody has made the pipe that we were given non-blocking. Returns how many octets were written; less than len:
 * errno says why. */
size_t file_write_given(int fd, const void *bytes, size_t len);

/* write(2) of all of it. False: errno says why. */
bool file_write_all(int fd, const void *bytes, size_t len);

/* Makes these octets the content of path, by a new file beside it (path.new) that takes its place once it is on the disk: whoever reads path, now
 * or after a crash, finds the old content or the new one. A symbolic link is replaced, not followed, and another name of the same file keeps the
 * old content. mode: of the new file, less the umask. ERR_SYNTAX: what is there is no file, nor leads to one; ERR_NOMEM, ERR_SYS. path is then as
 * it was; diag names the file and errno's text. */
enum err file_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct diag *d);

/* Takes away what is at path, if anything, and tells at once whether file_replace will find a place there: its errors. */
enum err file_clear(const char *path, struct diag *d);

/* True if two paths are the same name in the same folder, however they are spelt, so that file_replace has one place for both. If
 * a folder can't be looked at, the letters of its path decide. */
bool file_same_place(const char *a, const char *b);
