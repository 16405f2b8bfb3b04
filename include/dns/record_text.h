/* record_text.h - lines of zone files (RFC 1035 5.1) to records, as CoreDNS's library reads them: OWNER [TTL] [CLASS] TYPE RDATA, TTL and class in any
 * order. Pure: any thread, nothing is allocated. */
#pragma once
#include "base/diag.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_TEXT_TTL_S     3600 /* of a line that says none */
#define RECORD_TEXT_RDATA_MAX 4096 /* octets of rdata */

struct record_text {
	struct name owner; /* as spelt */
	uint16_t type, rclass;
	uint32_t ttl_s;
	uint16_t rdata_len;                   /* octets */
	uint8_t rdata[RECORD_TEXT_RDATA_MAX]; /* names in it are not compressed */
};

/* Reads a line that stands alone, of len octets, which need not end with NUL. There is no origin, so every name is absolute, with or without its last dot;
 * "@" is the root. Rdata is read in the words of its type, of all types that have any but APL, AMTRELAY, EID, HIP, IPSECKEY, ISDN, NIMLOC and RKEY, and as RFC
 * 3597 5 has it of every type (\# LEN HEX). Quotes, escapes, parentheses and comments as in a zone file; seconds may be written 1h30m.
 * ERR_SYNTAX, ERR_RANGE: d (may be NULL) says what is wrong, and *out has no meaning. */
enum err record_from_text(const char *text, size_t len, struct record_text *out, struct diag *d);

/* --- many lines --- */

/* What is left of a zone file, and what counts for it. All but text, line and origin begin as zero. */
struct record_lines {
	const char *at, *end;  /* borrowed */
	unsigned line;         /* of at, from 1 on */
	unsigned last;         /* the line that the record given last ends in */
	struct name origin;    /* of names without a last dot, and "@"; $ORIGIN changes it */
	struct name owner;     /* of a line that begins with a blank: that of the record before; */
	bool has_owner;        /* false: there was none */
	bool has_ttl;          /* there was a TTL, which counts for lines that say none; */
	bool ttl_is_directive; /* $TTL said it, so that those of single records don't */
	uint32_t ttl_s;
};

enum record_lines_kind {
	RECORD_LINES_END,
	RECORD_LINES_RECORD,
	RECORD_LINES_INCLUDE,  /* $INCLUDE FILE [ORIGIN] */
	RECORD_LINES_GENERATE, /* $GENERATE, and what stands behind it */
	RECORD_LINES_WRONG,    /* d says why, and in which line; there is no going on */
};

/* What a directive says that the caller has to do. Borrowed from the text. */
struct record_directive {
	const char *text; /* the file's name, or all that stands behind $GENERATE in its line */
	size_t len;
	unsigned line;
	struct name origin; /* of the file to be included */
};

/* The next record, into *out, or directive. $ORIGIN and $TTL are followed. d is not NULL. */
enum record_lines_kind record_lines_next(struct record_lines *l, struct record_text *out, struct record_directive *directive,
                                         struct diag *d);
