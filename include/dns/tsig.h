/* tsig.h - messages signed with a shared secret (RFC 8945): a TSIG record at a message's end, and what it says of who sent it. Where several messages
 * belong together (a request and its responses) each signature covers the one before: that is a chain. No I/O; a chain belongs to one thread at
 * a time, keys may be read by all. */
#pragma once
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSIG_FUDGE_S 300 /* how far clocks may differ, as we send it (RFC 8945 10) */
#define TSIG_MAC_MAX 64
#define TSIG_LEN_MAX (2 * NAME_WIRE_MAX + 10 + 16 + TSIG_MAC_MAX + 6) /* octets of a record that we write */

struct tsig_key {
	struct name name; /* lower case */
	const uint8_t *secret;
	size_t secret_len; /* octets; not 0 */
};

enum tsig_algorithm { TSIG_HMAC_SHA1, TSIG_HMAC_SHA224, TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512 };

/* What is wrong with a signature (RFC 8945 5.2): the numbers that travel in the record. */
enum tsig_error {
	TSIG_NOERROR = 0,
	TSIG_BADSIG = 16,  /* another secret, or the message was changed; also a signature cut short */
	TSIG_BADKEY = 17,  /* a key or algorithm that is not known here */
	TSIG_BADTIME = 18, /* the signature is right, but the clocks are too far from each other */
};

/* A TSIG record. Borrows the message. */
struct tsig_record {
	struct name key, algorithm; /* lower case */
	uint64_t time_s;            /* since 1970, 48 bits */
	uint16_t fudge_s, original_id;
	uint16_t error; /* of a response: enum tsig_error, or another rcode */
	uint16_t mac_len, other_len;
	const uint8_t *mac, *other;
	size_t at; /* where in the message it begins */
};

enum tsig_presence {
	TSIG_ABSENT,
	TSIG_PRESENT,
	TSIG_MALFORMED, /* it is not the last record, there are two, or it is not as it must be: FORMERR (RFC 8945 5.1) */
};

/* Looks for the record in a well-formed message. */
enum tsig_presence tsig_find(const uint8_t *bytes, size_t len, struct tsig_record *out);

struct tsig_chain;

/* A chain that begins with a request of ours, which tsig_sign() is to sign first. Borrows key. NULL: out of memory. */
struct tsig_chain *tsig_begin(const struct tsig_key *key, enum tsig_algorithm algorithm);

/* A chain that begins with a request that came, r being its record: tsig_error() says what is wrong with it, and its responses are to be
 * signed in any case. now_s: since 1970. Borrows keys. NULL: out of memory. */
struct tsig_chain *tsig_accept(const struct tsig_key *keys, unsigned count, const uint8_t *bytes, const struct tsig_record *r,
                               uint64_t now_s);
enum tsig_error tsig_error(const struct tsig_chain *c);

/* Most octets that a signature adds to the next message. */
size_t tsig_room(const struct tsig_chain *c);

/* Signs the next message, which has len octets and room for cap. Its new length; 0: there is no room, or no memory. As the answer to a request
 * with BADSIG or BADKEY the record has no signature (RFC 8945 5.3.2). */
size_t tsig_sign(struct tsig_chain *c, uint8_t *bytes, size_t len, size_t cap, uint64_t now_s);

enum tsig_verdict {
	TSIG_GOOD,
	TSIG_LATER, /* it has no record, and stands with the next one that has: one of a transfer's messages, not the first, and not the last */
	TSIG_BAD,   /* whoever gets it must not believe it; diag says why */
	TSIG_FAILED /* out of memory */
};

/* Checks the next response that came in a chain of ours. */
struct diag;
enum tsig_verdict tsig_check(struct tsig_chain *c, const uint8_t *bytes, size_t len, uint64_t now_s, struct diag *d);

/* So many messages in a row may be without one (RFC 8945 5.3.1). */
#define TSIG_UNSIGNED_MAX 99

void tsig_free(struct tsig_chain *c); /* takes NULL */
