#include "pod_addresses.h"
#include "base/cells.h"
#include "base/hash.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MIN 16

/* A cell is free until its first pair, and has that pair for as long as the array lives: so a reader never sees it change, only whether
 * pods have it now. */
struct cell {
	_Atomic(uint32_t) ns;   /* 0: free; stored last, with release */
	_Atomic(uint32_t) pods; /* how many have it; 0: none any more */
	uint8_t octets[16];     /* IPv4 as ::ffff:a.b.c.d, which no pod's address is otherwise (base/addr.h) */
};

struct array {
	struct cells head;
	struct cell cells[];
};

struct pod_addresses {
	_Atomic(struct array *) array;
	size_t pairs, used; /* used: cells that are not free */
	bool alone;
};

struct pod_addresses *pod_addresses_new(bool alone)
{
	struct pod_addresses *r = calloc(1, sizeof *r);
	struct array *a = cells_new(CELLS_MIN, sizeof a->cells[0]);
	if (!r || !a) {
		free(r);
		free(a);
		return NULL;
	}
	atomic_init(&r->array, a);
	r->alone = alone;
	return r;
}

void pod_addresses_free(struct pod_addresses *r)
{
	if (!r)
		return;
	free(atomic_load_explicit(&r->array, memory_order_relaxed));
	free(r);
}

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void octets_of(const struct addr *addr, uint8_t octets[16])
{
	if (addr->family == ADDR_V6) {
		memcpy(octets, addr->octets, 16);
		return;
	}
	memcpy(octets, v4_prefix, sizeof v4_prefix);
	memcpy(octets + sizeof v4_prefix, addr->octets, 4);
}

static void addr_of(const uint8_t octets[16], struct addr *addr)
{
	*addr = (struct addr){.family = memcmp(octets, v4_prefix, sizeof v4_prefix) == 0 ? ADDR_V4 : ADDR_V6};
	if (addr->family == ADDR_V4)
		memcpy(addr->octets, octets + sizeof v4_prefix, 4);
	else
		memcpy(addr->octets, octets, 16);
}

/* Where looking begins. All pairs of one address stand together if that is all that is known. */
static uint64_t first_at(const struct pod_addresses *r, uint32_t ns, const uint8_t octets[16])
{
	return hash_mix(hash_bytes(octets, 16), r->alone ? 0 : ns);
}

/* The cell of the pair; where there is none, *found is false, and it is the free one where the pair would be. A reader must not look at that
 * again: another pair may be in it by then. */
static struct cell *find(const struct pod_addresses *r, struct array *a, uint32_t ns, const uint8_t octets[16], bool *found)
{
	for (uint64_t at = first_at(r, ns, octets);; at++) {
		struct cell *c = &a->cells[at & a->head.mask];
		uint32_t owner = atomic_load_explicit(&c->ns, memory_order_acquire);
		*found = owner == ns && memcmp(c->octets, octets, 16) == 0;
		if (!owner || *found)
			return c;
	}
}

static void fill(struct cell *c, uint32_t ns, const uint8_t octets[16], uint32_t pods)
{
	memcpy(c->octets, octets, 16);
	atomic_store_explicit(&c->pods, pods, memory_order_relaxed);
	atomic_store_explicit(&c->ns, ns, memory_order_release);
}

/* Moves the pairs that pods have to a fresh array, at most half full. */
static enum err rebuild(struct pod_addresses *r)
{
	struct array *old = atomic_load_explicit(&r->array, memory_order_relaxed);
	struct array *next = cells_new(cells_wanted(r->pairs, CELLS_MIN), sizeof next->cells[0]);
	if (!next)
		return ERR_NOMEM;
	for (size_t i = 0; i <= old->head.mask; i++) {
		const struct cell *c = &old->cells[i];
		uint32_t ns = atomic_load_explicit(&c->ns, memory_order_relaxed),
		         pods = atomic_load_explicit(&c->pods, memory_order_relaxed);
		bool found;
		if (pods)
			fill(find(r, next, ns, c->octets, &found), ns, c->octets, pods);
	}
	r->used = r->pairs;
	atomic_store_explicit(&r->array, next, memory_order_release);
	cells_retire(&old->head, sizeof old->cells[0]);
	return OK;
}

enum err pod_addresses_add(struct pod_addresses *r, uint32_t ns, const struct addr *addr)
{
	struct array *a = atomic_load_explicit(&r->array, memory_order_relaxed);
	uint8_t octets[16];
	octets_of(addr, octets);
	bool found;
	struct cell *c = find(r, a, ns, octets, &found);
	uint32_t pods = atomic_load_explicit(&c->pods, memory_order_relaxed);
	if (found) {
		atomic_store_explicit(&c->pods, pods + 1, memory_order_release);
		r->pairs += !pods;
		return OK;
	}
	if (!cells_have_room(&a->head, r->used)) {
		if (rebuild(r))
			return ERR_NOMEM;
		c = find(r, atomic_load_explicit(&r->array, memory_order_relaxed), ns, octets, &found);
	}
	fill(c, ns, octets, 1);
	r->pairs++;
	r->used++;
	return OK;
}

bool pod_addresses_remove(struct pod_addresses *r, uint32_t ns, const struct addr *addr)
{
	uint8_t octets[16];
	octets_of(addr, octets);
	bool found;
	struct cell *c = find(r, atomic_load_explicit(&r->array, memory_order_relaxed), ns, octets, &found);
	uint32_t pods = atomic_load_explicit(&c->pods, memory_order_relaxed);
	if (!found || !pods)
		return false;
	atomic_store_explicit(&c->pods, pods - 1, memory_order_release);
	r->pairs -= pods == 1;
	return true;
}

bool pod_addresses_each(const struct pod_addresses *r, size_t *cursor, uint32_t *ns, struct addr *addr)
{
	const struct array *a = atomic_load_explicit(&r->array, memory_order_relaxed);
	while (*cursor <= a->head.mask) {
		const struct cell *c = &a->cells[(*cursor)++];
		if (!atomic_load_explicit(&c->pods, memory_order_relaxed))
			continue;
		*ns = atomic_load_explicit(&c->ns, memory_order_relaxed);
		addr_of(c->octets, addr);
		return true;
	}
	return false;
}

bool pod_addresses_have(const struct pod_addresses *r, uint32_t ns, const struct addr *addr)
{
	uint8_t octets[16];
	octets_of(addr, octets);
	bool found;
	const struct cell *c = find(r, atomic_load_explicit(&r->array, memory_order_acquire), ns, octets, &found);
	return found && atomic_load_explicit(&c->pods, memory_order_acquire);
}

uint32_t pod_addresses_sole(const struct pod_addresses *r, const struct addr *addr)
{
	struct array *a = atomic_load_explicit(&r->array, memory_order_acquire);
	uint32_t sole = 0;
	uint8_t octets[16];
	octets_of(addr, octets);
	for (uint64_t at = first_at(r, 0, octets);; at++) {
		const struct cell *c = &a->cells[at & a->head.mask];
		uint32_t ns = atomic_load_explicit(&c->ns, memory_order_acquire);
		uint32_t pods = ns && memcmp(c->octets, octets, 16) == 0 ? atomic_load_explicit(&c->pods, memory_order_acquire) : 0;
		if (!ns)
			return sole;
		if (pods > 1 || (pods && sole))
			return 0;
		sole = pods ? ns : sole;
	}
}
