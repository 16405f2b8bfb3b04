/* stripe.h - the entries of a cache in 256 parts with a lock each, and how many there may be in all. */
#pragma once
#include "entry.h"
#include <pthread.h>
#include <stdatomic.h>

#define STRIPES 256

/* One part. A line of cache to itself, since each is written by whoever locks it. */
struct stripe {
	_Alignas(64) pthread_mutex_t lock;
	struct entry **buckets; /* the first of each chain; the array never moves, the rest changes under the lock */
	struct sieve lists[CACHE_KINDS];
};

/* What all parts hold of one kind. */
struct cache_total {
	_Alignas(64) atomic_uint entries;
	atomic_size_t octets;
	unsigned entries_max;
	size_t octets_max;
};

struct stripes {
	size_t bucket_mask; /* a power of 2, less 1: buckets of each part */
	struct entry **buckets;
	struct cache_total totals[CACHE_KINDS];
	struct stripe parts[STRIPES];
};

/* Bounds are entries of each kind; octets follow from them. NULL: out of memory. */
struct stripes *stripes_new(const unsigned entries_max[CACHE_KINDS]);
void stripes_free(struct stripes *s); /* with all entries; takes NULL */

/* Which part an entry of that hash is in. */
static inline struct stripe *stripe_of(struct stripes *s, uint64_t hash)
{
	return &s->parts[hash >> 56];
}

/* Where the chain of an entry of that hash begins. */
static inline struct entry **stripe_bucket(const struct stripes *s, const struct stripe *part, uint64_t hash)
{
	return &part->buckets[hash & s->bucket_mask];
}

/* These are the lock of one part. Nobody has two of them. */
void stripe_lock(struct stripe *part);
void stripe_unlock(struct stripe *part);

/* --- with the lock held --- */

/* The only entry of this key, or NULL. */
struct entry *stripe_find(const struct stripes *s, const struct stripe *part, const struct cache_key *k);

/* Takes e out, puts it in front of the chain *removed, and settles the totals. */
void stripe_remove(struct stripes *s, struct stripe *part, struct entry *e, struct entry **removed);

/* Makes room for size octets of a kind and counts them in, as one entry: gives up entries of this part while there is too much in all. */
void stripe_reserve(struct stripes *s, struct stripe *part, enum cache_kind kind, size_t size, struct entry **removed);

/* Puts e in; stripe_reserve() has counted it. */
void stripe_insert(struct stripes *s, struct stripe *part, struct entry *e);

/* --- without --- */

/* Gives up entries of other parts while there is too much of a kind in all: this part had none left. */
void stripes_settle(struct stripes *s, const struct stripe *but, enum cache_kind kind, struct entry **removed);

/* Frees the chain. Returns its length. */
unsigned entries_free(struct entry *removed);
