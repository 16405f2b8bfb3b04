#include "base/intern.h"
#include "base/hash.h"
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MIN 64

/* Stands before the octets; what malloc gives is aligned, so these are as for a pointer. */
struct interned {
	uint32_t refs, len;
	char bytes[];
};

/* A pointer to a struct interned, with bits of its hash where malloc's alignment leaves 0: of the others that a search passes, nearly
 * none is looked at, which would be a miss of the processor's cache each. 0: free. */
typedef uintptr_t cell;
#define TAG_MASK ((cell)alignof(max_align_t) - 1)

/* Open addressing, at most three quarters full. */
struct intern {
	cell *cells;
	size_t mask, count;
};

static struct interned *header_of(const void *interned)
{
	return (struct interned *)(uintptr_t)((const char *)interned - offsetof(struct interned, bytes));
}

static cell tag_of(uint64_t hash)
{
	return hash >> 60 & TAG_MASK;
}

static struct interned *entry_of(cell c)
{
	return (struct interned *)(c & ~TAG_MASK);
}

static uint64_t hash_of(const struct interned *e)
{
	return hash_bytes(e->bytes, e->len);
}

struct intern *intern_new(void)
{
	struct intern *pool = calloc(1, sizeof *pool);
	if (!pool)
		return NULL;
	pool->mask = CELLS_MIN - 1;
	pool->cells = calloc(CELLS_MIN, sizeof *pool->cells);
	if (!pool->cells) {
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
	free(pool->cells);
	free(pool);
}

static bool holds(const struct interned *e, const void *bytes, size_t len)
{
	return e->len == len && memcmp(e->bytes, bytes, len) == 0;
}

/* The cell of these octets, or the free one where they would go. */
static size_t find(const struct intern *pool, const void *bytes, size_t len, uint64_t hash)
{
	cell tag = tag_of(hash);
	size_t i = hash & pool->mask;
	for (cell c; (c = pool->cells[i]); i = (i + 1) & pool->mask) {
		if ((c & TAG_MASK) == tag && holds(entry_of(c), bytes, len))
			break;
	}
	return i;
}

static void put(struct intern *pool, cell c, uint64_t hash)
{
	size_t i = hash & pool->mask;
	while (pool->cells[i])
		i = (i + 1) & pool->mask;
	pool->cells[i] = c;
}

/* Twice the cells; false: out of memory. */
static bool grow(struct intern *pool)
{
	struct intern larger = {.mask = 2 * pool->mask + 1, .count = pool->count};
	larger.cells = calloc(larger.mask + 1, sizeof *larger.cells);
	if (!larger.cells)
		return false;
	for (size_t i = 0; i <= pool->mask; i++) {
		if (pool->cells[i])
			put(&larger, pool->cells[i], hash_of(entry_of(pool->cells[i])));
	}
	free(pool->cells);
	*pool = larger;
	return true;
}

/* Room for one more. Where there is no memory for more cells the last quarter is used too, but for the free one that ends a search. */
static bool reserve(struct intern *pool)
{
	size_t cells = pool->mask + 1;
	return (pool->count + 1) * 4 <= cells * 3 || grow(pool) || pool->count + 1 < cells;
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

static const void *insert(struct intern *pool, const void *bytes, size_t len, uint64_t hash)
{
	struct interned *e = interned_new(bytes, len);
	if (!e || !reserve(pool)) {
		free(e);
		return NULL;
	}
	put(pool, (cell)e | tag_of(hash), hash);
	pool->count++;
	return e->bytes;
}

const void *intern_bytes(struct intern *pool, const void *bytes, size_t len)
{
	uint64_t hash = hash_bytes(bytes, len);
	struct interned *e = entry_of(pool->cells[find(pool, bytes, len, hash)]);
	if (!e)
		return insert(pool, bytes, len, hash);
	e->refs++;
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

/* Frees the cell, and moves back what is behind it and would not be found over a free one. */
static void remove_cell(struct intern *pool, size_t hole)
{
	size_t mask = pool->mask;
	for (size_t i = (hole + 1) & mask; pool->cells[i]; i = (i + 1) & mask) {
		size_t home = hash_of(entry_of(pool->cells[i])) & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		pool->cells[hole] = pool->cells[i];
		hole = i;
	}
	pool->cells[hole] = 0;
	pool->count--;
}

bool intern_unref(struct intern *pool, const void *interned)
{
	struct interned *e;
	if (!interned)
		return false;
	e = header_of(interned);
	if (--e->refs)
		return false;
	remove_cell(pool, find(pool, e->bytes, e->len, hash_of(e)));
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
