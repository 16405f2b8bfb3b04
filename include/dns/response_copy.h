/* response_copy.h - a response written anew: for a cache, which keeps what belongs to the question and nothing else, and for whoever answers
 * under another name than the one that was looked up. Nothing is allocated: the caller has the room. */
#pragma once
#include "base/err.h"
#include "dns/message.h"
#include "dns/name.h"
#include "dns/response.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESPONSE_RECORDS_MAX 5956 /* in any message: 65535 octets without the header, 11 for each record */
#define RESPONSE_CHAIN_MAX   16   /* CNAMEs and DNAMEs that are followed within one response */

/* A copy, and what a cache wants to know of it. bytes, cap, ttl_at and ttl_cap are the caller's; the rest is set by response_rewrite. */
struct response_copy {
	uint8_t *bytes;
	size_t cap;       /* octets of bytes: DNS_TCP_SIZE_MAX is always enough, unless names need more room uncompressed */
	uint16_t *ttl_at; /* for the place of each record's TTL, in their order */
	unsigned ttl_cap; /* RESPONSE_RECORDS_MAX is always enough */

	uint16_t len; /* octets */
	uint16_t ttl_count;
	uint32_t ttl_min_s; /* of all records; UINT32_MAX without any */
	uint16_t counts[DNS_SECTIONS];

	bool answered;          /* a record of the type that was asked stands at the end of the chain (or any one, for ANY) */
	bool has_soa;           /* a SOA stands in authority: with it a negative answer may be cached (RFC 2308 5) */
	uint32_t soa_ttl_s;     /* the SOA's own TTL */
	uint32_t soa_minimum_s; /* and its last field */
	uint16_t
	        first_address; /* of several A or AAAA of one owner in answer, one after the other, which may be given in any order: the index of */
	uint16_t addresses; /* the first in ttl_at (rdata stands 6 octets further on), and how many; 0: there are no two */
};

/* Copies a response that is RESPONSE_OK and has a question: the same header, but for the id, which is 0, and the counts; the question as spelt;
 * the records of the question's class that belong to it, with names compressed and TTLs of 2^31 and more as 0 (RFC 2181 8). To the question belong
 *  - in answer, records at the question's name and at those that CNAME and DNAME lead to from there, of CNAMEs at one name only the first,
 *    and DNAMEs above these names;
 *  - in authority, SOA, NS, DS and their RRSIG at these names or above them; NSEC, NSEC3 and their RRSIG wherever they are: their owners are
 *    not names that were asked for, and whoever asked for them sees from their signatures what they are worth;
 *  - in additional, records of names that stand in a record kept so far, as far as they were remembered (dns/compression.h).
 * All others may be anybody's, and OPT and TSIG are for one hop only. ERR_RANGE: cap or ttl_cap is too small; *c has no meaning then. */
enum err response_rewrite(const struct response *r, struct response_copy *c);

/* Where a name stands that is being mapped. */
struct response_place {
	bool question; /* it is the question's; else: */
	enum dns_section section;
	uint16_t type; /* of the record */
	bool rdata;    /* it is in its rdata; else it is its owner */
};

/* May change the name, in place; what it makes of it is a name. */
typedef void response_map(void *arg, const struct response_place *place, struct name *n);

/* Copies a response that is RESPONSE_OK with every name as `map` makes it: id, header, records and OPT with its options stay; TSIG does not, since it
 * would be wrong. Records that don't fit in cap octets (DNS_UDP_SIZE_MIN at least) are cut as writer_put does, with TC and with OPT kept.
 * Returns the length; 0: not even the question and OPT fit. */
size_t response_map_names(const struct response *r, response_map *map, void *arg, uint8_t *bytes, size_t cap);

/* Writes the answers of a response and, after them, those of another: what a CNAME that they end in leads to. Header, question and OPT are the first
 * one's; authority and additional are left out. Both are RESPONSE_OK. Returns the length, as response_map_names. */
size_t response_append(const struct response *r, const struct response *more, uint8_t *bytes, size_t cap);

struct writer;

/* Puts one of its records into a message that is being written, as writer_put. */
void response_put_record(const struct response *r, const struct response_record *record, enum dns_section section, struct writer *w);

/* Puts the answers of a response that is RESPONSE_OK into such a message, too. */
void response_put_answers(const struct response *r, struct writer *w);
