#include "base/intern.h"
#include "base/hash.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

/* The header before the octets; 16 octets, so that they are aligned as malloc's. */
struct interned {
	struct interned *next; /* in its bucket */
	uint32_t refs, len;
	char bytes[];
};

/* Chained, since there is one pointer for each string then, and none of a cluster's hundred thousand names is looked up often. */
struct intern {
	struct interned **buckets;
	size_t mask, count;
};

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
	pool->buckets = calloc(BUCKETS_MIN, sizeof(struct interned *));
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

/* Where the pointer to these octets is, or would be. */
static struct interned **find(const struct intern *pool, const void *bytes, size_t len)
{
	struct interned **at = &pool->buckets[hash_bytes(bytes, len) & pool->mask];
	while (*at && ((*at)->len != len || memcmp((*at)->bytes, bytes, len) != 0))
		at = &(*at)->next;
	return at;
}

static void move_chain(struct intern *to, struct interned *e)
{
	for (struct interned *next; e; e = next) {
		struct interned **bucket = &to->buckets[hash_bytes(e->bytes, e->len) & to->mask];
		next = e->next;
		e->next = *bucket;
		*bucket = e;
	}
}

/* Twice the buckets. For want of memory the chains become longer instead. */
static void grow(struct intern *pool)
{
	struct intern larger = {.mask = 2 * pool->mask + 1, .count = pool->count};
	larger.buckets = calloc(larger.mask + 1, sizeof(struct interned *));
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
	struct interned **at = find(pool, bytes, len), *e = *at;
	if (e) {
		e->refs++;
		return e->bytes;
	}
	e = interned_new(bytes, len);
	if (!e)
		return NULL;
	*at = e;
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
	struct interned *e, **at;
	if (!interned)
		return false;
	e = header_of(interned);
	if (--e->refs)
		return false;
	at = find(pool, e->bytes, e->len);
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
