/* reverse.h - which Services have an address: a hash table for PTR, and the same entries as a skip list in the order of the
 * addresses, which tells what stands below an incomplete reverse name. One writer; readers hold an RCU read section.
 *
 * An entry says where to look, not what is there: while a Service changes there are entries that its generation does not bear out, so a
 * reader checks each against the generation that it loads. */
#pragma once
#include "base/table.h"
#include "slot.h"
#include <stdatomic.h>

struct reverse {
	struct rcu_garbage garbage;
	struct slot *slot;
	struct addr addr;
	uint8_t height;
	_Atomic(struct reverse *) next[]; /* height of them: the next entry of at least that height */
};

struct reverse_map {
	struct table *table;
	struct reverse *head; /* before the first entry, as high as any */
	size_t addresses;     /* distinct ones */
};

enum err reverse_init(struct reverse_map *m);
void reverse_destroy(struct reverse_map *m); /* after the last reader; also of one that is all zeros */

/* hash is generation_addr_hash(addr). ERR_NOMEM: nothing changed. */
enum err reverse_add(struct reverse_map *m, const struct addr *addr, uint64_t hash, struct slot *slot);
void reverse_remove(struct reverse_map *m, const struct addr *addr, uint64_t hash, const struct slot *slot);

/* The first entry of this address, or NULL. *alone: no other one has it, so there is no need to look at the next. */
const struct reverse *reverse_find(const struct reverse_map *m, const struct addr *addr, uint64_t hash, bool *alone);

/* The first entry whose address is not below this one; then the next. NULL: none. */
const struct reverse *reverse_from(const struct reverse_map *m, const struct addr *addr);
static inline const struct reverse *reverse_next(const struct reverse *r)
{
	return atomic_load_explicit(&r->next[0], memory_order_acquire);
}
