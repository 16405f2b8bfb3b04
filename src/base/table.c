#include "base/table.h"
#include "base/cells.h"
#include <stdatomic.h>
#include <stdlib.h>

#define CELLS_MIN 8

/* A cell is free until its first entry, then holds an entry or REMOVED for as long as the array lives: a reader that probes past it must
 * not stop. Cells are not reused, so a cell's hash never changes under a reader. */
struct cell {
	_Atomic(void *) entry; /* NULL: free; stored last, with release */
	uint64_t hash;
};

struct array {
	struct cells head;
	struct cell cells[];
};

struct table {
	_Atomic(struct array *) array;
	size_t entries, used; /* used: cells that are not free */
};

static char removed_mark;
#define REMOVED ((void *)&removed_mark)

struct table *table_new(void)
{
	struct table *t = calloc(1, sizeof *t);
	struct array *a = cells_new(CELLS_MIN, sizeof a->cells[0]);
	if (!t || !a) {
		free(t);
		free(a);
		return NULL;
	}
	atomic_init(&t->array, a);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	free(atomic_load_explicit(&t->array, memory_order_relaxed));
	free(t);
}

static struct array *own_array(const struct table *t)
{
	return atomic_load_explicit(&t->array, memory_order_relaxed);
}

static bool is_free(const struct cell *c)
{
	return !atomic_load_explicit(&c->entry, memory_order_relaxed);
}

/* The first free cell for a hash. From its own cell to any that holds the same hash there is none, since that was put into the first free one
 * and none becomes free again: so where thousands have one hash, steps that double lead past them. */
static struct cell *free_cell(struct array *a, uint64_t hash)
{
	size_t past = 0, step = 1; /* cells from its own on that are not free */
	for (;;) {
		struct cell *next = &a->cells[(hash + past + step - 1) & a->head.mask];
		if (past + step <= a->head.mask && !is_free(next) && next->hash == hash) {
			past += step;
			step *= 2;
		} else if (step > 1) {
			step /= 2;
		} else if (is_free(next)) {
			return next;
		} else {
			past++;
		}
	}
}

static void array_put(struct array *a, uint64_t hash, void *entry)
{
	struct cell *c = free_cell(a, hash);
	c->hash = hash;
	atomic_store_explicit(&c->entry, entry, memory_order_release);
}

/* Moves the entries to a fresh array, at most half full, without the removed ones. */
static enum err table_rebuild(struct table *t)
{
	struct array *old = own_array(t), *next = cells_new(cells_wanted(t->entries, CELLS_MIN), sizeof next->cells[0]);
	if (!next)
		return ERR_NOMEM;
	for (size_t i = 0; i <= old->head.mask; i++) {
		void *entry = atomic_load_explicit(&old->cells[i].entry, memory_order_relaxed);
		if (entry && entry != REMOVED)
			array_put(next, old->cells[i].hash, entry);
	}
	t->used = t->entries;
	atomic_store_explicit(&t->array, next, memory_order_release);
	cells_retire(&old->head, sizeof old->cells[0]);
	return OK;
}

enum err table_insert(struct table *t, uint64_t hash, void *entry)
{
	if (!cells_have_room(&own_array(t)->head, t->used) && table_rebuild(t))
		return ERR_NOMEM;
	array_put(own_array(t), hash, entry);
	t->entries++;
	t->used++;
	return OK;
}

bool table_remove(struct table *t, uint64_t hash, const void *entry)
{
	struct array *a = own_array(t);
	for (size_t i = hash & a->head.mask;; i = (i + 1) & a->head.mask) {
		void *found = atomic_load_explicit(&a->cells[i].entry, memory_order_relaxed);
		if (!found)
			return false;
		if (found == entry && a->cells[i].hash == hash) {
			atomic_store_explicit(&a->cells[i].entry, REMOVED, memory_order_release);
			t->entries--;
			return true;
		}
	}
}

/* The first match from cell *at on, or NULL; *at is then the cell after it. */
static inline void *array_find(const struct array *a, size_t *at, uint64_t hash, table_match *match, const void *key)
{
	for (size_t i = *at;; i++) {
		const struct cell *c = &a->cells[i & a->head.mask];
		void *entry = atomic_load_explicit(&c->entry, memory_order_acquire);
		if (!entry)
			return NULL;
		if (c->hash != hash || entry == REMOVED || !match(entry, key))
			continue;
		*at = i + 1;
		return entry;
	}
}

void table_snapshot(const struct table *t, uint64_t hash, struct table_snapshot *s)
{
	s->array = atomic_load_explicit(&t->array, memory_order_acquire);
	s->at = hash;
}

void *table_next_match(struct table_snapshot *s, uint64_t hash, table_match *match, const void *key)
{
	return array_find(s->array, &s->at, hash, match, key);
}

void *table_find(const struct table *t, uint64_t hash, table_match *match, const void *key)
{
	size_t at = hash;
	return array_find(atomic_load_explicit(&t->array, memory_order_acquire), &at, hash, match, key);
}

void *table_each(const struct table *t, size_t *cursor)
{
	const struct array *a = own_array(t);
	while (*cursor <= a->head.mask) {
		void *entry = atomic_load_explicit(&a->cells[(*cursor)++].entry, memory_order_relaxed);
		if (entry && entry != REMOVED)
			return entry;
	}
	return NULL;
}

void table_prefetch(const struct table *t, uint64_t hash)
{
	const struct array *a = atomic_load_explicit(&t->array, memory_order_acquire);
	__builtin_prefetch(&a->cells[hash & a->head.mask]);
}
