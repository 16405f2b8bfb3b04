/* record_text.h - one line of a zone file (RFC 1035 5.1) to a record, as CoreDNS's library reads lines that stand alone: OWNER [TTL] [CLASS] TYPE RDATA,
 * TTL and class in any order. There is no origin, so every name is absolute, with or without its last dot; "@" is the root. Pure: any thread,
 * nothing is allocated. */
#pragma once
#include "base/diag.h"
#include "dns/name.h"
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

/* Reads len octets, which need not end with NUL. Rdata in the words of its type is read of A, AAAA, AFSDB, CAA, CNAME, DNAME, HINFO, KX, MX, NAPTR,
 * NS, PTR, RP, SOA, SPF, SRV and TXT; of every type as RFC 3597 5 has it (\# LEN HEX). Quotes, escapes, parentheses and comments as
 * in a zone file; seconds may be written 1h30m. ERR_SYNTAX, ERR_RANGE: d (may be NULL) says what is wrong, and *out has no meaning. */
enum err record_from_text(const char *text, size_t len, struct record_text *out, struct diag *d);
