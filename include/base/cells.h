/* cells.h - the array of an open-addressing hash table that readers never lock: a power of two of cells behind one head. One writer replaces the
 * array as a whole when it fills; the old one is freed after a grace period (rcu.h). What a cell is and how it is read, its owner says: the head is
 * the first member of a struct that ends in the cells. */
#pragma once
#include "base/rcu.h"
#include <stdbool.h>
#include <stdlib.h>

struct cells {
	struct rcu_garbage garbage; /* first: freed by rcu_free_later */
	size_t mask;                /* number of cells - 1 */
};

/* So many cells, all zero. The caller frees them by free() or cells_retire(). NULL: out of memory. */
static inline void *cells_new(size_t count, size_t cell_bytes)
{
	struct cells *c = calloc(1, sizeof *c + count * cell_bytes);
	if (c)
		c->mask = count - 1;
	return c;
}

/* How many cells an array has in which so many entries and one more take half of the room at most. least: a power of two. */
static inline size_t cells_wanted(size_t entries, size_t least)
{
	size_t count = least;
	while (count < (entries + 1) * 2)
		count *= 2;
	return count;
}

/* True if one more cell may be taken: a quarter of them stays free, so that probes end soon. */
static inline bool cells_have_room(const struct cells *c, size_t used)
{
	return (used + 1) * 4 <= (c->mask + 1) * 3;
}

/* Frees an array that readers may still be in. They come to a new one from now on. */
static inline void cells_retire(struct cells *c, size_t cell_bytes)
{
	rcu_free_later(&c->garbage, sizeof *c + (c->mask + 1) * cell_bytes);
}
