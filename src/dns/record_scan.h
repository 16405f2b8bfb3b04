/* record_scan.h - private to dns: words of a zone file's line (RFC 1035 5.1), and the values that words stand for. */
#pragma once
#include "base/diag.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word {
	const char *text;
	size_t len;
	bool quoted;
};

struct scan {
	const char *at, *end;
	bool open; /* within parentheses, a line's end is a blank */
	bool many; /* other lines follow: at the end of one, at is where its '\n' stands; else only blanks and comments may follow */
	const struct name *origin; /* of names without a last dot, and "@"; NULL: the root */
	struct diag *d;
};

enum scanned { SCAN_WORD, SCAN_END, SCAN_WRONG };

/* Of ASCII; no locale has a say. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What is wanted in the place of a word; returns ERR_SYNTAX. */
enum err scan_wrong(struct scan *s, const char *what, const struct word *w);

/* The next word; its octets are as they stand, with their escapes. SCAN_END: the line has none left. SCAN_WRONG: s->d says why. */
enum scanned scan_next(struct scan *s, struct word *w);

/* The same, where there must be one. ERR_SYNTAX. */
enum err scan_want(struct scan *s, const char *what, struct word *w);

/* A number up to max, in digits alone. */
bool word_number(const struct word *w, uint32_t max, uint32_t *number);

/* "3600" or "1h30m". */
bool word_seconds(const struct word *w, uint32_t *seconds);

/* The octet at *at, which may be escaped, and goes on to the next. False: a bad escape. */
bool word_octet(const struct word *w, size_t *at, uint8_t *octet);

/* "AAAA", "type65". */
bool word_type(const struct word *w, uint16_t *type);

/* ERR_SYNTAX: it is none. */
enum err scan_name(struct scan *s, const struct word *w, struct name *n);

/* [0-9A-Fa-f]: its value; -1: it is none. */
int hex_digit(char c);

/* --- rdata --- */

struct wire_writer;

/* Base 64 in one word, to out. False: it is none. */
bool word_base64(const struct word *w, struct wire_writer *out);

/* Reads all that is left of a line as rdata of the type, as it is written for that or as RFC 3597 5 has it. ERR_SYNTAX, ERR_RANGE. */
enum err scan_rdata(struct scan *s, uint16_t type, struct wire_writer *out);

/* The parameters of SVCB and HTTPS (RFC 9460 2.1), `first` and those after it. */
enum err scan_svcb(struct scan *s, const struct word *first, struct wire_writer *out);

/* RFC 1876 3 */
enum err scan_loc(struct scan *s, const struct word *first, struct wire_writer *out);
