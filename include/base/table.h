/* table.h - a hash table of pointers: one writer, any number of readers that never lock.
 *
 * Open addressing over an array that is replaced when it fills, the old one freed after a grace period (rcu.h). Readers hold an
 * RCU read section; the writer needs none. Equal hashes and equal keys may occur several times (a multimap). The table owns its
 * array, never the entries: who removes an entry frees it by rcu_free_later, or at once where the writer is the only reader. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* True if entry is the one that key asks for. Called for entries of the same hash alone. */
typedef bool table_match(const void *entry, const void *key);

/* An empty table. NULL: out of memory. */
struct table *table_new(void);

/* After the last reader is gone. Entries stay. Takes NULL. */
void table_free(struct table *t);

/* The writer's. Adds an entry, which is not NULL; the same may be there already. ERR_NOMEM: the table is as it was. */
enum err table_insert(struct table *t, uint64_t hash, void *entry);

/* The writer's. Removes that very pointer from under this hash, once; it may be there under others too. False: it is not there. Readers that have
 * found it may use it until their section ends. */
bool table_remove(struct table *t, uint64_t hash, const void *entry);

/* The first entry of this hash that matches, or NULL. A reader's entry is good until its section ends. */
void *table_find(const struct table *t, uint64_t hash, table_match *match, const void *key);

/* All entries of one key: table_snapshot() once, then table_next_match() until NULL, within one read section. Beside the writer a
 * reader may miss what is being inserted and see what is being removed, nothing else. */
struct table_snapshot {
	const void *array;
	size_t at;
};
void table_snapshot(const struct table *t, uint64_t hash, struct table_snapshot *s);
void *table_next_match(struct table_snapshot *s, uint64_t hash, table_match *match, const void *key);

/* Every entry, in no order; writer only. The entry just returned may be removed before the next call; nothing may be inserted.
 * Start with *cursor = 0, until NULL. */
void *table_each(const struct table *t, size_t *cursor);

/* Brings the cache line where hash is looked for towards the processor. It reads where the array is, so a reader holds its section. */
void table_prefetch(const struct table *t, uint64_t hash);
