/* text_reader.h - a manifest's text, a piece at a time: from a file, stdin or memory. A byte order mark at the start is taken away, and
 * UTF-16 that begins with one becomes UTF-8. What is not text (a NUL octet), or too much of it, is an error as soon as it is met. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_PIECE     ((size_t)64 << 10)
#define TEXT_BYTES_MAX ((uint64_t)2 << 30) /* of one file; a cluster of 150,000 pods dumps to 1 GiB */

struct text_reader {
	int fd;             /* -1: memory */
	const char *memory; /* borrowed; what is left of it */
	size_t memory_len;
	uint64_t total;             /* octets given out or peeked at */
	bool nul;                   /* the next octet is one */
	bool peeked;                /* piece holds what text_reader_peek() read */
	bool secret;                /* set by who opened it: what was read of it, and made of it, is cleared before it is freed */
	bool braces;                /* "{{" was seen: the text of a template, if it is no good otherwise */
	bool utf16, big_endian;     /* how the text is written */
	size_t raw_len;             /* of UTF-16: octets of a character that are in raw and wait for the rest */
	size_t piece_at, piece_len; /* piece_at: past a byte order mark */
	char piece[TEXT_PIECE];
	uint8_t raw[TEXT_PIECE / 2]; /* UTF-16, of which 2 octets become up to 3 */
};

/* Opens path, or what we were given by it ("-": stdin; base/file.h). The errors of file_open, with diag. */
enum err text_reader_open(struct text_reader *r, const char *path, struct diag *d);
void text_reader_memory(struct text_reader *r, const char *bytes, size_t len);
void text_reader_close(struct text_reader *r);

/* The next piece, good until the next call; *len is 0 at the end. A NUL ends the piece before it, so that who counts lines can say
 * where it is. ERR_SYNTAX: not text; ERR_RANGE: over TEXT_BYTES_MAX; ERR_SYS. */
enum err text_reader_next(struct text_reader *r, const char **piece, size_t *len, struct diag *d);

/* The first octet that is not white space nor a byte order mark, without taking it: 0 if the first piece has none. Before the first
 * text_reader_next() only. */
enum err text_reader_peek(struct text_reader *r, char *first, struct diag *d);
