/* reverse.h - which Services have an address, for PTR: a hash table with the Service's slot under each of its addresses. And which networks
 * of 256 addresses have any, for incomplete reverse names: a skip list in order. One writer; readers hold an RCU read section.
 *
 * The table says where to look, not what is there: a slot has an address when the generation that it holds at that moment bears it out. While a
 * Service changes, its new addresses and its old ones are in the table, and their networks in the list. */
#pragma once
#include "base/table.h"
#include "slot.h"
#include <stdatomic.h>

struct network;

struct reverse_map {
	struct table *slots;  /* struct slot by generation_addr_hash of its addresses: once for each */
	struct network *head; /* before the first network, as high as any */
	size_t addresses;     /* distinct ones */
};

enum err reverse_init(struct reverse_map *m);
void reverse_destroy(struct reverse_map *m); /* after the last reader; also of one that is all zeros */

/* hash is generation_addr_hash(addr). Add before the generation that has it is published, and only where the one before has it not; remove
 * after the last that has it. ERR_NOMEM: nothing changed. */
enum err reverse_add(struct reverse_map *m, const struct addr *addr, uint64_t hash, struct slot *slot);
void reverse_remove(struct reverse_map *m, const struct addr *addr, uint64_t hash, const struct slot *slot);

/* A Service that has an address. */
struct holder {
	const struct slot *slot; /* NULL: none */
	const struct generation *generation;
	const struct node *node;
	bool home; /* it is the subdomain of the pod that has the address */
};

/* Every Service that has the address, in no order: reverse_begin() once, then reverse_next_holder() until false. */
struct holder_walk {
	struct table_snapshot at;
	const struct addr *addr; /* borrowed */
	uint64_t hash;
};
struct holder_walk reverse_begin(const struct reverse_map *m, const struct addr *addr, uint64_t hash);
bool reverse_next_holder(struct holder_walk *w, struct holder *owner);

/* True if there is an address that begins with the first bits of this one; those behind must be 0, and fewer than all are asked for. */
bool reverse_has_below(const struct reverse_map *m, const struct addr *addr, unsigned bits);
