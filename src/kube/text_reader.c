#include "text_reader.h"
#include "base/file.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum err text_reader_open(struct text_reader *r, const char *path, struct diag *d)
{
	text_reader_memory(r, NULL, 0);
	return file_open(path, FILE_GIVEN, TEXT_BYTES_MAX, &r->fd, d);
}

void text_reader_memory(struct text_reader *r, const char *bytes, size_t len)
{
	r->fd = -1;
	r->memory = bytes;
	r->memory_len = len;
	r->total = 0;
	r->nul = r->peeked = false;
	r->piece_at = r->piece_len = 0;
}

void text_reader_close(struct text_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

static void read_memory(struct text_reader *r)
{
	r->piece_len = r->memory_len < TEXT_PIECE ? r->memory_len : TEXT_PIECE;
	if (r->piece_len)
		memcpy(r->piece, r->memory, r->piece_len);
	r->memory_len -= r->piece_len;
	if (r->memory_len)
		r->memory += r->piece_len;
}

static enum err read_file(struct text_reader *r, struct diag *d)
{
	ssize_t got = file_read_some(r->fd, r->piece, TEXT_PIECE);
	if (got < 0)
		return diag_set(d, ERR_SYS, "can't be read: %s", strerror(errno));
	r->piece_len = (size_t)got;
	return OK;
}

static enum err read_piece(struct text_reader *r, struct diag *d)
{
	const char *nul;
	r->piece_at = 0;
	if (r->fd < 0)
		read_memory(r);
	else if (read_file(r, d))
		return ERR_SYS;
	nul = memchr(r->piece, '\0', r->piece_len);
	if (nul) {
		r->nul = true;
		r->piece_len = (size_t)(nul - r->piece);
	}
	if (!r->total && r->piece_len >= 3 && memcmp(r->piece, "\xef\xbb\xbf", 3) == 0)
		r->piece_at = 3;
	r->total += r->piece_len;
	if (r->total > TEXT_BYTES_MAX)
		return diag_set(d, ERR_RANGE, "larger than %llu MiB", (unsigned long long)(TEXT_BYTES_MAX >> 20));
	return OK;
}

static enum err not_text(const struct text_reader *r, struct diag *d)
{
	return diag_set(d, ERR_SYNTAX, "not text: octet %llu is a NUL (a binary file, or UTF-16; UTF-8 is read)",
	                (unsigned long long)r->total + 1);
}

enum err text_reader_next(struct text_reader *r, const char **piece, size_t *len, struct diag *d)
{
	enum err err = r->peeked || r->nul ? OK : read_piece(r, d);
	*piece = r->piece + r->piece_at;
	*len = err ? 0 : r->piece_len - r->piece_at;
	r->piece_at = r->piece_len;
	r->peeked = false;
	return !err && !*len && r->nul ? not_text(r, d) : err;
}

enum err text_reader_peek(struct text_reader *r, char *first, struct diag *d)
{
	enum err err = read_piece(r, d);
	size_t at;
	*first = 0;
	if (err)
		return err;
	r->peeked = true;
	at = r->piece_at;
	while (at < r->piece_len && strchr(" \t\r\n", r->piece[at]))
		at++;
	if (at < r->piece_len)
		*first = r->piece[at];
	return OK;
}
