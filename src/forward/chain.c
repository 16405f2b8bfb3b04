#include "chain.h"
#include <stdlib.h>

#define BUCKETS_MIN 64

bool chain_table_begin(struct chain_table *t)
{
	t->buckets = calloc(BUCKETS_MIN, sizeof *t->buckets);
	t->bucket_count = t->buckets ? BUCKETS_MIN : 0;
	t->count = 0;
	return t->buckets != NULL;
}

void chain_table_end(struct chain_table *t)
{
	free(t->buckets);
	*t = (struct chain_table){0};
}

static struct chain **bucket_of(const struct chain_table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->bucket_count - 1)];
}

static void grow(struct chain_table *t)
{
	struct chain_table larger = {.bucket_count = 2 * t->bucket_count, .count = t->count};
	larger.buckets = calloc(larger.bucket_count, sizeof *larger.buckets);
	if (!larger.buckets)
		return;
	for (size_t i = 0; i < t->bucket_count; i++) {
		for (struct chain *c = t->buckets[i], *next; c; c = next) {
			struct chain **to = bucket_of(&larger, c->hash);
			next = c->next;
			c->next = *to;
			*to = c;
		}
	}
	free(t->buckets);
	*t = larger;
}

void chain_insert(struct chain_table *t, struct chain *c, uint64_t hash)
{
	if (t->count >= t->bucket_count)
		grow(t);
	struct chain **at = bucket_of(t, hash);
	c->hash = hash;
	c->next = *at;
	*at = c;
	t->count++;
}

void chain_remove(struct chain_table *t, struct chain *c)
{
	struct chain **at = bucket_of(t, c->hash);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	t->count--;
}

static struct chain *of_hash(struct chain *c, uint64_t hash)
{
	while (c && c->hash != hash)
		c = c->next;
	return c;
}

struct chain *chain_first(const struct chain_table *t, uint64_t hash)
{
	return of_hash(*bucket_of(t, hash), hash);
}

struct chain *chain_next(const struct chain *c)
{
	return of_hash(c->next, c->hash);
}
