#include "reverse.h"
#include <stdlib.h>
#include <string.h>

#define HEIGHT_MAX 12 /* each level has a quarter of the one below it: good for 16 million networks */
#define PARTS      16

/* The addresses that differ in their last octet alone. It is there as long as it has any. */
struct network {
	struct rcu_garbage garbage;
	struct addr addr; /* the last octet is 0 */
	uint8_t height;
	uint16_t count;
	_Atomic(uint8_t) parts[PARTS];    /* addresses by the upper half of their last octet */
	_Atomic(struct network *) next[]; /* height of them: the next network of at least that height */
};

static size_t network_bytes(unsigned height)
{
	return sizeof(struct network) + height * sizeof(_Atomic(struct network *));
}

static struct network *network_new(unsigned height)
{
	struct network *n = calloc(1, network_bytes(height));
	if (n)
		n->height = (uint8_t)height;
	return n;
}

static struct network *next_of(const struct network *n, unsigned level)
{
	return atomic_load_explicit(&n->next[level], memory_order_acquire);
}

enum err reverse_init(struct reverse_map *m)
{
	*m = (struct reverse_map){.slots = table_new(), .head = network_new(HEIGHT_MAX)};
	if (m->slots && m->head)
		return OK;
	reverse_destroy(m);
	return ERR_NOMEM;
}

void reverse_destroy(struct reverse_map *m)
{
	for (struct network *n = m->head, *next; n; n = next) {
		next = next_of(n, 0);
		free(n);
	}
	table_free(m->slots);
	*m = (struct reverse_map){0};
}

/* --- networks --- */

static uint8_t *last_octet(struct addr *a)
{
	return &a->octets[addr_len(a) - 1];
}

/* The last networks of each height that stand before addr; before may be NULL. Returns the one that follows. */
static struct network *walk(const struct reverse_map *m, const struct addr *addr, struct network **before)
{
	struct network *at = m->head, *next = NULL;
	for (unsigned level = HEIGHT_MAX; level-- > 0;) {
		while ((next = next_of(at, level)) && addr_compare(&next->addr, addr) < 0)
			at = next;
		if (before)
			before[level] = at;
	}
	return next;
}

/* From the lowest level up, so that whoever meets the network on one level finds it on those below. */
static void link_network(struct network *n, struct network **before)
{
	for (unsigned level = 0; level < n->height; level++) {
		atomic_store_explicit(&n->next[level], next_of(before[level], level), memory_order_relaxed);
		atomic_store_explicit(&before[level]->next[level], n, memory_order_release);
	}
}

static void unlink_network(const struct network *n, struct network **before)
{
	for (unsigned level = n->height; level-- > 0;)
		atomic_store_explicit(&before[level]->next[level], next_of(n, level), memory_order_release);
}

/* Drawn by the hash, which nobody outside knows. */
static unsigned height_for(uint64_t hash)
{
	return 1 + (unsigned)__builtin_ctzll(hash >> 32 | 1u << 2 * (HEIGHT_MAX - 1)) / 2;
}

/* One more address, which no Service had. */
static enum err network_count(const struct reverse_map *m, struct addr addr)
{
	struct network *before[HEIGHT_MAX], *n;
	unsigned part = *last_octet(&addr) >> 4;
	*last_octet(&addr) = 0;
	n = walk(m, &addr, before);
	if (!n || !addr_equal(&n->addr, &addr)) {
		n = network_new(height_for(generation_addr_hash(&addr)));
		if (!n)
			return ERR_NOMEM;
		n->addr = addr;
		link_network(n, before);
	}
	n->count++;
	atomic_fetch_add_explicit(&n->parts[part], 1, memory_order_release);
	return OK;
}

/* One less; the network is there. */
static void network_uncount(const struct reverse_map *m, struct addr addr)
{
	struct network *before[HEIGHT_MAX], *n;
	unsigned part = *last_octet(&addr) >> 4;
	*last_octet(&addr) = 0;
	n = walk(m, &addr, before);
	atomic_fetch_sub_explicit(&n->parts[part], 1, memory_order_release);
	if (--n->count)
		return;
	unlink_network(n, before);
	rcu_free_later(&n->garbage, network_bytes(n->height));
}

static bool begins_with(const struct addr *a, const struct addr *prefix, unsigned bits)
{
	size_t whole = bits / 8;
	if (a->family != prefix->family || memcmp(a->octets, prefix->octets, whole) != 0)
		return false;
	return bits % 8 == 0 || (a->octets[whole] ^ prefix->octets[whole]) < 0x10;
}

bool reverse_has_below(const struct reverse_map *m, const struct addr *addr, unsigned bits)
{
	struct addr from = *addr;
	bool within = bits > 8 * (addr_len(addr) - 1); /* a network */
	*last_octet(&from) = 0;
	const struct network *n = walk(m, &from, NULL);
	if (!within)
		return n && begins_with(&n->addr, addr, bits);
	return n && addr_equal(&n->addr, &from) &&
	       atomic_load_explicit(&n->parts[addr->octets[addr_len(addr) - 1] >> 4], memory_order_acquire);
}

/* --- holders --- */

struct holder_walk reverse_begin(const struct reverse_map *m, const struct addr *addr, uint64_t hash)
{
	struct holder_walk w = {.addr = addr, .hash = hash};
	table_snapshot(m->slots, hash, &w.at);
	return w;
}

static bool any(const void *entry, const void *key)
{
	(void)key;
	return entry;
}

bool reverse_next_holder(struct holder_walk *w, struct holder *holder)
{
	while ((holder->slot = table_next_match(&w->at, w->hash, any, NULL))) {
		const struct generation *g = slot_generation(holder->slot);
		const struct addr_cell *cell = g ? generation_find_cell(g, w->addr, w->hash) : NULL;
		if (!cell)
			continue;
		holder->generation = g;
		holder->node = &g->nodes[cell->node - 1];
		holder->home = cell->at & ADDR_CELL_HOME;
		return true;
	}
	return false;
}

static bool is_held(const struct reverse_map *m, const struct addr *addr, uint64_t hash)
{
	struct holder_walk w = reverse_begin(m, addr, hash);
	struct holder holder;
	return reverse_next_holder(&w, &holder);
}

enum err reverse_add(struct reverse_map *m, const struct addr *addr, uint64_t hash, struct slot *slot)
{
	bool known = is_held(m, addr, hash);
	if (!known && network_count(m, *addr))
		return ERR_NOMEM;
	if (table_insert(m->slots, hash, slot)) {
		if (!known)
			network_uncount(m, *addr);
		return ERR_NOMEM;
	}
	m->addresses += !known;
	return OK;
}

void reverse_remove(struct reverse_map *m, const struct addr *addr, uint64_t hash, const struct slot *slot)
{
	if (!table_remove(m->slots, hash, slot) || is_held(m, addr, hash))
		return;
	network_uncount(m, *addr);
	m->addresses--;
}
