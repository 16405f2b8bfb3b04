/* cache.h - the answers of upstreams, kept for a while: the `cache` directive. One cache is shared by all workers; each call locks one of 256
 * parts of it, shortly. What is kept are messages as they are sent (reply.h), so that a hit is a copy.
 *
 * The clock is the caller's: seconds that only rise, the same for all threads but for a second. The cache starts nothing by itself: that an
 * upstream is to be asked anew is said to whoever called. */
#pragma once
#include "base/err.h"
#include "dns/message.h"
#include "dns/name.h"
#include "forward/reply.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct response;
struct response_copy;

enum cache_kind {
	CACHE_SUCCESS,
	CACHE_DENIAL,  /* the name or the type does not exist */
	CACHE_FAILURE, /* SERVFAIL, NOTIMP, no response in time (RFC 9520); bounded as denials are */
};
#define CACHE_KINDS 3

#define CACHE_CAPACITY_MIN   1024 /* entries; as CoreDNS, which has 4 in each of 256 parts at least */
#define CACHE_ENTRY_OCTETS   1024 /* a kind may hold capacity times this many octets */
#define CACHE_SERVFAIL_MAX_S 300  /* RFC 9520 3.2 */

/* Bounds of one kind. */
struct cache_bounds {
	unsigned capacity;  /* entries; less than CACHE_CAPACITY_MIN means that many */
	uint32_t ttl_max_s; /* TTLs are brought into ttl_min_s to ttl_max_s; the maximum wins */
	uint32_t ttl_min_s;
};

struct cache_names {
	const struct name *list;
	unsigned count;
};

/* True if the name is in one of the zones, or there are none: then all names are inside. */
bool cache_names_cover(const struct cache_names *zones, const struct name *qname);

/* What the lines of the directive say. Values: cache_new() copies what the lists point to. */
struct cache_options {
	struct cache_names zones; /* names outside are none of the cache's affairs; none: all names are inside */
	struct cache_bounds success, denial;
	uint32_t servfail_s; /* failures are kept so long; 0: not at all */

	/* Ask anew before the end what is asked often: prefetch_amount hits (0: never) with gaps of prefetch_gap_s at most, when
	 * prefetch_percent of the TTL or less are left. */
	unsigned prefetch_amount, prefetch_percent;
	uint32_t prefetch_gap_s;

	uint32_t stale_s;           /* answers serve so long after their end (RFC 8767); 0: no longer than their TTL */
	bool stale_verify;          /* only if the upstream, asked first, has no better answer */
	uint32_t stale_verify_ms;   /* for the caller: how long to wait for it; 0: as long as for any answer */
	uint32_t stale_ttl_s;       /* TTL of stale answers */
	uint32_t stale_recheck_s;   /* after a failure to refresh, the upstream is left in peace so long; 0: servfail_s */
	bool stale_prefer_positive; /* denials don't displace a success that may still be given */

	bool keep_ttl;                            /* hits have the TTL that was stored */
	struct cache_names no_success, no_denial; /* not kept for names in these zones; failures go with denials */
};

/* CoreDNS's defaults: 10,000 answers of each kind, 5 s to 1 h, denials to 30 min, failures 5 s, nothing stale, no prefetch. */
void cache_options_default(struct cache_options *o);

struct cache *cache_new(const struct cache_options *o); /* NULL: out of memory */
void cache_free(struct cache *c);                       /* no thread uses it any more; takes NULL */

/* The options, with copies of the lists: good as long as the cache. */
const struct cache_options *cache_options(const struct cache *c);

/* True if qname is in one of the cache's zones. */
bool cache_covers(const struct cache *c, const struct name *qname);

/* What answers are kept under: the question. */
struct cache_key {
	const uint8_t *name; /* wire format, uncompressed, lower case; borrowed */
	uint8_t name_len;    /* octets of name, with the root label */
	bool dnssec_ok, checking_disabled;
	uint16_t type, class;
	uint64_t hash; /* of all of it: cache_key_hash() */
};

/* Sets k->hash from the rest. */
void cache_key_hash(struct cache_key *k);

/* The key of a request, which it borrows the name from. */
void cache_key_of(struct cache_key *k, const struct request *r);

/* --- asking --- */

enum cache_result {
	CACHE_MISS,  /* nothing usable: ask an upstream. Nothing was written */
	CACHE_FRESH, /* the answer was written */
	CACHE_STALE, /* an answer past its end was written */
	CACHE_VERIFY, /* there is one past its end: ask an upstream; if that fails or takes too long, cache_get_last_resort(). Nothing was written */
};

struct cache_hit {
	size_t len;           /* octets written */
	enum cache_kind kind; /* of the answer */
	bool refresh;         /* with CACHE_FRESH and CACHE_STALE: ask an upstream, for the cache alone. Said to one caller; if neither
	                       * cache_put() nor cache_fail() follows, to another one after CACHE_REFRESH_S */
};
#define CACHE_REFRESH_S 10

/* How and to whom. */
struct cache_asked {
	const struct request *request; /* whose key it is */
	uint32_t now_s;
	unsigned rotation; /* addresses begin so many further on: a random number, or 0 */
	bool explain;      /* clients with EDNS are told of stale answers and kept failures (RFC 8914) */
	uint8_t *out;
	size_t cap; /* octets out has room for and the client takes; DNS_UDP_SIZE_MIN or more */
};

/* Looks for the answer and writes the response. *hit is set unless the result is CACHE_MISS or CACHE_VERIFY. Any thread. */
enum cache_result cache_get(struct cache *c, const struct cache_key *k, const struct cache_asked *asked, struct cache_hit *hit);

/* The same after an upstream failed: what is past its end but may be given is given. Never CACHE_VERIFY, never wants a refresh. */
enum cache_result cache_get_last_resort(struct cache *c, const struct cache_key *k, const struct cache_asked *asked, struct cache_hit *hit);

/* --- keeping --- */

/* What a response is to the cache. Without cache, nobody needs this. */
struct cache_judgement {
	enum cache_kind kind;
	bool keep;      /* it may be kept */
	bool answering; /* a success that has records of the type that was asked for, at the end of the chain of CNAMEs */
	bool refreshes; /* it counts more than an answer past its end: who got CACHE_VERIFY gives this, else cache_get_last_resort()'s */
	uint32_t ttl_s; /* of all its records, for the first client too (own_ttls is false) */
};

/* Judges a response that is RESPONSE_OK and belongs to the key's question, as CoreDNS does: one TTL for all records, which is the smallest of answer,
 * authority and additional, brought into the bounds of its kind (the SOA's MINIMUM does not count; without records, of delegations and of
 * what is not kept 5 s). A denial without SOA, what was cut, NXDOMAIN behind a CNAME, other rcodes, transfers, and, to DO, signatures
 * that are not in force at unix_s (seconds since 1970, RFC 4034 3.1.5) are not kept. copy: what response_rewrite() made of r. Any thread. */
void cache_judge(const struct cache_options *o, const struct cache_key *k, const struct response *r, const struct response_copy *copy,
                 uint32_t unix_s, struct cache_judgement *j);

/* What cache_put() did. */
struct cache_change {
	bool kept;
	unsigned evicted[CACHE_KINDS]; /* how many others had to go */
};

/* Keeps a copy of the reply, whose question is the key's but for its spelling; unless the judgement or the options say otherwise, memory ran out, or it
 * must not displace what is there: a failure displaces no answer that may still be given, and with stale_prefer_positive only an answering
 * success displaces such an answer. Any thread. */
void cache_put(struct cache *c, const struct cache_key *k, const struct reply *reply, const struct cache_judgement *j, uint32_t now_s,
               struct cache_change *change);

/* No upstream had an answer: for servfail_s the question is answered with SERVFAIL, or with what is there and may still be given. */
void cache_fail(struct cache *c, const struct cache_key *k, uint32_t now_s, struct cache_change *change);

/* --- looking in from outside --- */

struct cache_usage {
	unsigned entries;
	size_t octets; /* of memory, with what the allocator needs */
};

/* How much there is of a kind at the moment. While others put, a kind may be above its bounds by one entry a thread. */
void cache_usage(const struct cache *c, enum cache_kind kind, struct cache_usage *usage);
