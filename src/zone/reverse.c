#include "reverse.h"
#include <stdlib.h>

#define HEIGHT_MAX 12 /* each level has a quarter of the one below it: good for 16 million entries */

static size_t entry_bytes(unsigned height)
{
	return sizeof(struct reverse) + height * sizeof(_Atomic(struct reverse *));
}

static struct reverse *entry_new(unsigned height)
{
	struct reverse *r = calloc(1, entry_bytes(height));
	if (r)
		r->height = (uint8_t)height;
	return r;
}

/* Drawn by the hash, which nobody outside knows. The table uses its low bits. */
static unsigned height_for(uint64_t hash)
{
	return 1 + (unsigned)__builtin_ctzll(hash >> 32 | 1u << 2 * (HEIGHT_MAX - 1)) / 2;
}

enum err reverse_init(struct reverse_map *m)
{
	*m = (struct reverse_map){.table = table_new(), .head = entry_new(HEIGHT_MAX)};
	if (m->table && m->head)
		return OK;
	reverse_destroy(m);
	return ERR_NOMEM;
}

void reverse_destroy(struct reverse_map *m)
{
	for (struct reverse *r = m->head, *next; r; r = next) {
		next = atomic_load_explicit(&r->next[0], memory_order_relaxed);
		free(r);
	}
	table_free(m->table);
	*m = (struct reverse_map){0};
}

/* Order of the list: by address, then by Service. slot NULL comes before all Services. */
static int order(const struct reverse *r, const struct addr *addr, const struct slot *slot)
{
	int difference = addr_compare(&r->addr, addr);
	if (difference)
		return difference;
	return slot ? slot_compare(r->slot, slot) : 1;
}

/* The last entries of each height that stand before (addr, slot); before may be NULL. Returns the one that follows. */
static struct reverse *walk(const struct reverse_map *m, const struct addr *addr, const struct slot *slot, struct reverse **before)
{
	struct reverse *at = m->head, *next = NULL;
	for (unsigned level = HEIGHT_MAX; level-- > 0;) {
		while ((next = atomic_load_explicit(&at->next[level], memory_order_acquire)) && order(next, addr, slot) < 0)
			at = next;
		if (before)
			before[level] = at;
	}
	return next;
}

static bool has_addr(const void *entry, const void *key)
{
	const struct reverse *r = entry;
	return addr_equal(&r->addr, key);
}

/* From the lowest level up, so that whoever meets the entry on one level finds it on those below. */
static void link_entry(struct reverse *r, struct reverse **before)
{
	for (unsigned level = 0; level < r->height; level++) {
		struct reverse *next = atomic_load_explicit(&before[level]->next[level], memory_order_relaxed);
		atomic_store_explicit(&r->next[level], next, memory_order_relaxed);
		atomic_store_explicit(&before[level]->next[level], r, memory_order_release);
	}
}

static void unlink_entry(const struct reverse *r, struct reverse **before)
{
	for (unsigned level = r->height; level-- > 0;) {
		struct reverse *next = atomic_load_explicit(&r->next[level], memory_order_relaxed);
		atomic_store_explicit(&before[level]->next[level], next, memory_order_release);
	}
}

enum err reverse_add(struct reverse_map *m, const struct addr *addr, uint64_t hash, struct slot *slot)
{
	struct reverse *before[HEIGHT_MAX];
	bool known = table_find(m->table, hash, has_addr, addr);
	struct reverse *r = entry_new(height_for(hash));
	if (!r)
		return ERR_NOMEM;
	r->addr = *addr;
	r->slot = slot;
	walk(m, addr, slot, before);
	link_entry(r, before);
	if (table_insert(m->table, hash, r) == OK) {
		m->addresses += !known;
		return OK;
	}
	unlink_entry(r, before);
	rcu_free_later(&r->garbage, entry_bytes(r->height));
	return ERR_NOMEM;
}

void reverse_remove(struct reverse_map *m, const struct addr *addr, uint64_t hash, const struct slot *slot)
{
	struct reverse *before[HEIGHT_MAX];
	struct reverse *r = walk(m, addr, slot, before);
	if (!r || order(r, addr, slot) != 0)
		return;
	table_remove(m->table, hash, r);
	unlink_entry(r, before);
	m->addresses -= !table_find(m->table, hash, has_addr, addr);
	rcu_free_later(&r->garbage, entry_bytes(r->height));
}

const struct reverse *reverse_find(const struct reverse_map *m, const struct addr *addr, uint64_t hash, bool *alone)
{
	struct table_snapshot s;
	table_snapshot(m->table, hash, &s);
	const struct reverse *first = table_next_match(&s, hash, has_addr, addr);
	*alone = !first || !table_next_match(&s, hash, has_addr, addr);
	return *alone ? first : reverse_from(m, addr);
}

const struct reverse *reverse_from(const struct reverse_map *m, const struct addr *addr)
{
	return walk(m, addr, NULL, NULL);
}
