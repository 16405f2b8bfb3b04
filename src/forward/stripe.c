#include "stripe.h"
#include <stdlib.h>

#define BUCKETS_MIN 8          /* of each part */
#define BUCKETS_MAX (1u << 14) /* above 4 Mi in all chains get longer instead */

struct entry *stripe_find(const struct stripes *s, const struct stripe *part, const struct cache_key *k)
{
	struct entry *e = *stripe_bucket(s, part, k->hash);
	while (e && !entry_matches(e, k))
		e = e->chain;
	return e;
}

static bool is_full(const struct cache_total *t)
{
	return atomic_load_explicit(&t->entries, memory_order_relaxed) > t->entries_max ||
	       atomic_load_explicit(&t->octets, memory_order_relaxed) > t->octets_max;
}

static void unlink_chain(const struct stripes *s, const struct stripe *part, const struct entry *e)
{
	struct entry **head = stripe_bucket(s, part, e->hash);
	struct entry *before = *head;
	if (before == e) {
		*head = e->chain;
		return;
	}
	while (before->chain != e)
		before = before->chain;
	before->chain = e->chain;
}

void stripe_remove(struct stripes *s, struct stripe *part, struct entry *e, struct entry **removed)
{
	struct cache_total *t = &s->totals[e->kind];
	unlink_chain(s, part, e);
	sieve_remove(&part->lists[e->kind], &e->node);
	atomic_fetch_sub_explicit(&t->entries, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&t->octets, e->size, memory_order_relaxed);
	e->chain = *removed;
	*removed = e;
}

/* One entry of the kind less in this part; false: there is none. */
static bool give_up_one(struct stripes *s, struct stripe *part, enum cache_kind kind, struct entry **removed)
{
	struct sieve_node *node = sieve_victim(&part->lists[kind]);
	if (node)
		stripe_remove(s, part, (struct entry *)node, removed); /* node is its first member */
	return node != NULL;
}

void stripe_reserve(struct stripes *s, struct stripe *part, enum cache_kind kind, size_t size, struct entry **removed)
{
	struct cache_total *t = &s->totals[kind];
	atomic_fetch_add_explicit(&t->entries, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->octets, size, memory_order_relaxed);
	while (is_full(t) && give_up_one(s, part, kind, removed))
		;
}

void stripe_insert(struct stripes *s, struct stripe *part, struct entry *e)
{
	struct entry **head = stripe_bucket(s, part, e->hash);
	e->chain = *head;
	*head = e;
	sieve_insert(&part->lists[e->kind], &e->node);
}

void stripes_settle(struct stripes *s, const struct stripe *but, enum cache_kind kind, struct entry **removed)
{
	size_t first = (size_t)(but - s->parts);
	for (size_t i = 1; i < STRIPES && is_full(&s->totals[kind]); i++) {
		struct stripe *part = &s->parts[(first + i) % STRIPES];
		stripe_lock(part);
		while (is_full(&s->totals[kind]) && give_up_one(s, part, kind, removed))
			;
		stripe_unlock(part);
	}
}

void stripe_lock(struct stripe *part)
{
	pthread_mutex_lock(&part->lock);
}

void stripe_unlock(struct stripe *part)
{
	pthread_mutex_unlock(&part->lock);
}

unsigned entries_free(struct entry *removed)
{
	unsigned count = 0;
	while (removed) {
		struct entry *next = removed->chain;
		free(removed);
		removed = next;
		count++;
	}
	return count;
}

/* About one for each entry that there may be of success and denial. */
static size_t buckets_for(const unsigned entries_max[CACHE_KINDS])
{
	size_t wanted = ((size_t)entries_max[CACHE_SUCCESS] + entries_max[CACHE_DENIAL]) / STRIPES, buckets = BUCKETS_MIN;
	while (buckets < wanted && buckets < BUCKETS_MAX)
		buckets *= 2;
	return buckets;
}

/* Who waits for one of these locks waits for a copy of a few hundred octets, so it had better spin. */
static void init_locks(struct stripes *s)
{
	pthread_mutexattr_t adaptive;
	pthread_mutexattr_init(&adaptive);
	pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
	for (unsigned i = 0; i < STRIPES; i++)
		pthread_mutex_init(&s->parts[i].lock, &adaptive);
	pthread_mutexattr_destroy(&adaptive);
}

struct stripes *stripes_new(const unsigned entries_max[CACHE_KINDS])
{
	size_t buckets = buckets_for(entries_max);
	struct entry **all = calloc(STRIPES * buckets, sizeof *all);
	struct stripes *s = all ? aligned_alloc(_Alignof(struct stripes), sizeof *s) : NULL;
	if (!s) {
		free(all);
		return NULL;
	}
	*s = (struct stripes){.bucket_mask = buckets - 1, .buckets = all};
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++) {
		s->totals[kind].entries_max = entries_max[kind];
		s->totals[kind].octets_max = (size_t)entries_max[kind] * CACHE_ENTRY_OCTETS;
	}
	for (unsigned i = 0; i < STRIPES; i++)
		s->parts[i].buckets = all + i * buckets;
	init_locks(s);
	return s;
}

void stripes_free(struct stripes *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STRIPES * (s->bucket_mask + 1); i++)
		entries_free(s->buckets[i]);
	for (unsigned i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&s->parts[i].lock);
	free(s->buckets);
	free(s);
}
