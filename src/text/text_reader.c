#include "text/text_reader.h"
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
	r->nul = r->peeked = r->secret = r->braces = r->utf16 = false;
	r->raw_len = r->piece_at = r->piece_len = 0;
}

void text_reader_close(struct text_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* --- octets --- */

static size_t copy_memory(struct text_reader *r, void *out, size_t cap)
{
	size_t len = r->memory_len < cap ? r->memory_len : cap;
	if (!len)
		return 0;
	memcpy(out, r->memory, len);
	r->memory += len;
	r->memory_len -= len;
	return len;
}

/* What there is, cap octets at most; *len is 0 at the end. */
static enum err read_octets(struct text_reader *r, void *out, size_t cap, size_t *len, struct diag *d)
{
	ssize_t got;
	if (r->fd < 0) {
		*len = copy_memory(r, out, cap);
		return OK;
	}
	got = file_read_some(r->fd, out, cap);
	*len = got < 0 ? 0 : (size_t)got;
	return got < 0 ? diag_set(d, ERR_SYS, "can't be read: %s", strerror(errno)) : OK;
}

/* --- UTF-16 --- */

static uint32_t unit_at(const struct text_reader *r, size_t at)
{
	return r->big_endian ? (uint32_t)r->raw[at] << 8 | r->raw[at + 1] : (uint32_t)r->raw[at + 1] << 8 | r->raw[at];
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

static void put_octets(struct text_reader *r, unsigned n, uint32_t lead, uint32_t character)
{
	r->piece[r->piece_len++] = (char)(lead | character >> 6 * (n - 1));
	while (--n)
		r->piece[r->piece_len++] = (char)(0x80 | (character >> 6 * (n - 1) & 0x3f));
}

static void put_character(struct text_reader *r, uint32_t character)
{
	if (character < 0x80)
		put_octets(r, 1, 0, character);
	else if (character < 0x800)
		put_octets(r, 2, 0xc0, character);
	else if (character < 0x10000)
		put_octets(r, 3, 0xe0, character);
	else
		put_octets(r, 4, 0xf0, character);
}

/* Makes the piece of what is in raw; the start of a character stays there. Half of a pair becomes U+FFFD. */
static void transcode(struct text_reader *r, bool end)
{
	size_t at = 0;
	while (at + 2 <= r->raw_len) {
		uint32_t unit = unit_at(r, at), next = at + 4 <= r->raw_len ? unit_at(r, at + 2) : 0;
		if (is_high(unit) && at + 4 > r->raw_len && !end)
			break;
		if (is_high(unit) && is_low(next)) {
			unit = 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff);
			at += 2;
		} else if (is_high(unit) || is_low(unit)) {
			unit = 0xfffd;
		}
		put_character(r, unit);
		at += 2;
	}
	if (end && at < r->raw_len) {
		put_character(r, 0xfffd);
		at = r->raw_len;
	}
	memmove(r->raw, r->raw + at, r->raw_len - at);
	r->raw_len -= at;
}

static enum err read_utf16(struct text_reader *r, size_t *got, struct diag *d)
{
	enum err err = OK;
	*got = 1;
	r->piece_len = 0;
	while (!err && *got && !r->piece_len) {
		err = read_octets(r, r->raw + r->raw_len, sizeof r->raw - r->raw_len, got, d);
		r->raw_len += *got;
		if (!err)
			transcode(r, !*got);
	}
	return err;
}

/* --- pieces --- */

/* The first piece is UTF-16: what there is of it goes to raw, without its mark. */
static void begin_utf16(struct text_reader *r)
{
	r->utf16 = true;
	r->big_endian = (uint8_t)r->piece[0] == 0xfe;
	r->raw_len = r->piece_len - 2;
	memcpy(r->raw, r->piece + 2, r->raw_len);
	r->piece_len = 0;
	transcode(r, false);
}

#define MARK_MAX 3 /* octets of the longest byte order mark */

/* A pipe may give less than a mark at a time, and a piece that is no more than a mark would look like the end. It fits raw. */
static enum err read_first(struct text_reader *r, size_t *got, struct diag *d)
{
	enum err err = OK;
	size_t len = 0;
	*got = 1;
	while (!err && *got && len <= MARK_MAX) {
		err = read_octets(r, r->piece + len, sizeof r->raw - len, got, d);
		len += *got;
	}
	*got = r->piece_len = len;
	if (len >= 2 && (memcmp(r->piece, "\xff\xfe", 2) == 0 || memcmp(r->piece, "\xfe\xff", 2) == 0))
		begin_utf16(r);
	else if (len >= MARK_MAX && memcmp(r->piece, "\xef\xbb\xbf", MARK_MAX) == 0)
		r->piece_at = MARK_MAX;
	return err || !r->utf16 || r->piece_len ? err : read_utf16(r, got, d);
}

static enum err read_more(struct text_reader *r, size_t *got, struct diag *d)
{
	enum err err;
	if (r->utf16)
		return read_utf16(r, got, d);
	err = read_octets(r, r->piece, TEXT_PIECE, got, d);
	r->piece_len = *got;
	return err;
}

/* last: the octet before the piece. */
static void look_for_braces(struct text_reader *r, char last)
{
	if ((last == '{' && r->piece_len && r->piece[0] == '{') || memmem(r->piece, r->piece_len, "{{", 2))
		r->braces = true;
}

static enum err read_piece(struct text_reader *r, struct diag *d)
{
	char last = '\0';
	size_t got;
	const char *nul;
	enum err err;
	if (r->piece_len)
		last = r->piece[r->piece_len - 1];
	r->piece_at = 0;
	err = r->total ? read_more(r, &got, d) : read_first(r, &got, d);
	if (err)
		return err;
	nul = memchr(r->piece, '\0', r->piece_len);
	if (nul) {
		r->nul = true;
		r->piece_len = (size_t)(nul - r->piece);
	}
	r->total += r->nul && !r->utf16 ? r->piece_len : got;
	look_for_braces(r, last);
	if (r->total > TEXT_BYTES_MAX)
		return diag_set(d, ERR_RANGE, "larger than %llu MiB", (unsigned long long)(TEXT_BYTES_MAX >> 20));
	return OK;
}

static enum err not_text(const struct text_reader *r, struct diag *d)
{
	if (r->utf16)
		return diag_set(d, ERR_SYNTAX, "not text: a NUL (a binary file)");
	return diag_set(d, ERR_SYNTAX, "not text: octet %llu is a NUL (a binary file, or UTF-16 without a byte order mark)",
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
