/* entry.h - one answer in the cache, with its key: one block. */
#pragma once
#include "forward/cache.h"
#include "sieve.h"

/* Immutable but for the last lines, which change under the lock of its part of the cache. */
struct entry {
	struct sieve_node node; /* in the list of its kind */
	struct entry *chain;    /* next in its bucket */
	uint64_t hash;
	uint32_t stored_s, ttl_s;
	uint32_t size;  /* octets of memory, with the allocator's */
	uint8_t kind;   /* enum cache_kind */
	bool answering; /* struct cache_judgement */
	uint16_t type, class;
	uint8_t key_flags;
	uint8_t name_len;
	uint16_t count, first_address, addresses, rcode, message_len;

	uint32_t hits, last_hit_s; /* of prefetch */
	uint32_t refresh_until_s;  /* somebody asks an upstream; not set: 0 */
	uint32_t failed_until_s;   /* the last one to ask failed; not set: 0 */

	uint8_t bytes[] __attribute__((aligned(8))); /* offsets of the TTLs; the message, whose question is the key */
};

/* A copy of all; NULL: out of memory. Freed with free(). */
struct entry *entry_new(const struct cache_key *k, const struct reply *reply, const struct cache_judgement *j, uint32_t now_s);

/* e is what was kept for that key. */
bool entry_matches(const struct entry *e, const struct cache_key *k);

/* The reply as it is in there; good as long as e. */
void entry_reply(const struct entry *e, struct reply *reply);

/* Seconds of its TTL that are over. */
static inline uint32_t entry_age(const struct entry *e, uint32_t now_s)
{
	return now_s > e->stored_s ? now_s - e->stored_s : 0; /* clocks of threads differ */
}

/* Its TTL is not over. */
static inline bool entry_is_fresh(const struct entry *e, uint32_t now_s)
{
	return entry_age(e, now_s) < e->ttl_s;
}

/* It may be given: fresh, or, unless it is a failure, over for less than stale_s. */
static inline bool entry_is_usable(const struct entry *e, uint32_t now_s, uint32_t stale_s)
{
	uint64_t last = (uint64_t)e->ttl_s + (e->kind == CACHE_FAILURE ? 0 : stale_s);
	return entry_age(e, now_s) < last;
}
