/* chain.h - a hash table of things that carry their own link: nothing is allocated to insert one. It doubles as it fills; where there is no
 * memory for that, chains get longer and nothing else happens. Of one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain {
	struct chain *next;
	uint64_t hash;
};

/* All zero is an empty one. */
struct chain_table {
	struct chain **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t count;
};

/* Takes the table's memory for the first buckets; false: out of memory. Needed once before the first insertion. */
bool chain_table_begin(struct chain_table *t);
void chain_table_end(struct chain_table *t); /* frees the buckets, not what was in them */

/* Puts it in; it must not be in any table. c is borrowed until it is removed. */
void chain_insert(struct chain_table *t, struct chain *c, uint64_t hash);
void chain_remove(struct chain_table *t, struct chain *c); /* which is in it */

/* The first one of this hash; then chain_next until NULL. */
struct chain *chain_first(const struct chain_table *t, uint64_t hash);
struct chain *chain_next(const struct chain *c);
