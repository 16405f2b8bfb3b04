/* reply.h - what an upstream said, in the form in which it is kept and given to clients: a message without OPT. What is each client's own is
 * put in as it is written: id, RD and CD, AD, the spelling of the question, TTLs, the order of addresses, OPT. Functions of their arguments
 * alone, for any thread. */
#pragma once
#include "dns/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct response_copy;

#define REPLY_OPT_LEN 11 /* octets of the OPT record that a response gets at least */

/* Borrows the message and the list: good as long as both. */
struct reply {
	const uint8_t *bytes; /* header, one question, records; no OPT, no TSIG */
	uint16_t len;
	uint16_t rcode;         /* with the upper bits that stood in OPT */
	uint16_t count;         /* of records, all sections; the sum of the header's counts */
	const uint16_t *ttl_at; /* offset of each record's TTL, in the order of the message */
	uint16_t first_address; /* a run of A or AAAA records of one owner in the answer section: index of the first in ttl_at, */
	uint16_t addresses;     /* and how many; less than 2: nothing to rotate */
};

/* The reply that response_rewrite() made; rcode: the response's. Borrows the copy's octets and list. */
void reply_of_copy(struct reply *reply, const struct response_copy *copy, uint16_t rcode);

/* What is not in the client's request. */
struct reply_terms {
	bool own_ttls; /* records keep the TTLs of the message; else all get ttl_s */
	uint32_t ttl_s;
	unsigned rotation;     /* the run of addresses begins so many further on; any number */
	const struct ede *ede; /* goes out to clients with EDNS; may be NULL */
};

/* Most octets before OPT of a response of cap octets to r. */
static inline size_t reply_limit(const struct request *r, size_t cap)
{
	return r->edns ? cap - REPLY_OPT_LEN : cap;
}

/* First step, which reads the reply: copies header and those records that fit into limit octets, with TTLs and rotation, and corrects the
 * counts. TC is set if answer or authority records are left out. The additional section goes whole or not at all, and says nothing
 * of it (RFC 2181 9). limit is DNS_UDP_SIZE_MIN - REPLY_OPT_LEN or more. Returns the length. */
size_t reply_copy(const struct reply *reply, const struct reply_terms *terms, uint8_t *out, size_t limit);

/* Second step, which reads the reply no more: makes the len octets a response to r, whose question is the reply's but for its spelling. AD
 * stays only if the client set AD or DO (RFC 6840 5.7). Returns the length, at most cap, which is DNS_UDP_SIZE_MIN or more. */
size_t reply_finish(uint8_t *out, size_t len, size_t cap, const struct request *r, uint16_t rcode, const struct ede *ede);

/* Both. */
size_t reply_write(const struct reply *reply, const struct request *r, const struct reply_terms *terms, uint8_t *out, size_t cap);
