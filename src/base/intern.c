#include "base/intern.h"
#include "base/hash.h"
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

/* A pointer to a struct interned with bits of its hash in those that malloc's alignment leaves 0: nearly all the others in a chain are
 * passed by unseen, each of which would be a miss of the processor's cache. */
typedef uintptr_t tagged;
#define TAG_MASK ((tagged)alignof(max_align_t) - 1)

/* The header before the octets; 16 octets, so that they are aligned as malloc's. */
struct interned {
	tagged next; /* in its bucket */
	uint32_t refs, len;
	char bytes[];
};

/* Chained, since there is one pointer for each string then, and none of a cluster's hundred thousand names is looked up often. */
struct intern {
	tagged *buckets;
	size_t mask, count;
};

static tagged link_to(const struct interned *e, uint64_t hash)
{
	return (tagged)e | (hash >> 60 & TAG_MASK);
}

static struct interned *target_of(tagged t)
{
	return (struct interned *)(t & ~TAG_MASK);
}

static struct interned *header_of(const void *interned)
{
	return (struct interned *)(uintptr_t)((const char *)interned - offsetof(struct interned, bytes));
}

struct intern *intern_new(void)
{
	struct intern *pool = calloc(1, sizeof *pool);
	if (!pool)
		return NULL;
	pool->mask = BUCKETS_MIN - 1;
	pool->buckets = calloc(BUCKETS_MIN, sizeof(tagged));
	if (!pool->buckets) {
		free(pool);
		return NULL;
	}
	return pool;
}

void intern_free(struct intern *pool)
{
	if (!pool)
		return;
	assert(pool->count == 0);
	free(pool->buckets);
	free(pool);
}

static bool holds(const struct interned *e, const void *bytes, size_t len)
{
	return e->len == len && memcmp(e->bytes, bytes, len) == 0;
}

/* Where the link to these octets is, or would be. */
static tagged *find(const struct intern *pool, const void *bytes, size_t len, uint64_t hash)
{
	tagged *at = &pool->buckets[hash & pool->mask], tag = link_to(NULL, hash);
	while (*at && ((*at & TAG_MASK) != tag || !holds(target_of(*at), bytes, len)))
		at = &target_of(*at)->next;
	return at;
}

static void move_chain(struct intern *to, tagged chain)
{
	while (chain) {
		struct interned *e = target_of(chain);
		tagged *bucket = &to->buckets[hash_bytes(e->bytes, e->len) & to->mask], next = e->next;
		e->next = *bucket;
		*bucket = chain;
		chain = next;
	}
}

/* Twice the buckets. For want of memory the chains become longer instead. */
static void grow(struct intern *pool)
{
	struct intern larger = {.mask = 2 * pool->mask + 1, .count = pool->count};
	larger.buckets = calloc(larger.mask + 1, sizeof(tagged));
	if (!larger.buckets)
		return;
	for (size_t i = 0; i <= pool->mask; i++)
		move_chain(&larger, pool->buckets[i]);
	free(pool->buckets);
	*pool = larger;
}

static struct interned *interned_new(const void *bytes, size_t len)
{
	struct interned *e = len <= UINT32_MAX ? malloc(sizeof *e + len + 1) : NULL;
	if (!e)
		return NULL;
	*e = (struct interned){.refs = 1, .len = (uint32_t)len};
	memcpy(e->bytes, bytes, len);
	e->bytes[len] = '\0';
	return e;
}

const void *intern_bytes(struct intern *pool, const void *bytes, size_t len)
{
	uint64_t hash = hash_bytes(bytes, len);
	tagged *at = find(pool, bytes, len, hash);
	struct interned *e = target_of(*at);
	if (e) {
		e->refs++;
		return e->bytes;
	}
	e = interned_new(bytes, len);
	if (!e)
		return NULL;
	*at = link_to(e, hash);
	if (pool->count++ > pool->mask)
		grow(pool);
	return e->bytes;
}

const char *intern_str(struct intern *pool, const char *text)
{
	return intern_bytes(pool, text, strlen(text));
}

const void *intern_ref(const void *interned)
{
	if (interned)
		header_of(interned)->refs++;
	return interned;
}

bool intern_unref(struct intern *pool, const void *interned)
{
	struct interned *e;
	tagged *at;
	if (!interned)
		return false;
	e = header_of(interned);
	if (--e->refs)
		return false;
	at = find(pool, e->bytes, e->len, hash_bytes(e->bytes, e->len));
	*at = e->next;
	pool->count--;
	free(e);
	return true;
}

size_t intern_len(const void *interned)
{
	return header_of(interned)->len;
}

size_t intern_refs(const void *interned)
{
	return header_of(interned)->refs;
}
