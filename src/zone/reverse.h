/* reverse.h - which Services have an address (for PTR records), and which networks of 256 addresses have any (for incomplete reverse names). The
 * first is a hash table, which has the Service's slot under each of its addresses. The second is a skip list, in order. One writer; readers hold
 * an RCU read section.
 *
 * The table says where to look, not what is there. A slot has an address if the generation that it holds at that moment has it. While a Service
 * changes, the table has its new addresses and its old ones, and the list has the networks of both. */
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

/* Makes an empty one of *m. ERR_NOMEM: what it holds by then, reverse_destroy() frees. */
enum err reverse_init(struct reverse_map *m);

/* Frees what *m holds, not the slots. After the last reader is gone. *m may be all zero. */
void reverse_destroy(struct reverse_map *m);

/* The writer's. hash is generation_addr_hash(addr). An address is added before the generation that has it is published, and only if the generation
 * before does not have it. It is removed after the last generation that has it is gone. ERR_NOMEM: nothing has changed. */
enum err reverse_add(struct reverse_map *m, const struct addr *addr, uint64_t hash, struct slot *slot);
void reverse_remove(struct reverse_map *m, const struct addr *addr, uint64_t hash, const struct slot *slot);

/* A Service that has an address. Its pointers are good until the read section ends. */
struct holder {
	const struct slot *slot; /* NULL: none */
	const struct generation *generation;
	const struct node *node;
	bool home; /* it is the subdomain of the pod that has the address */
};

/* The Services that have an address, in no order: reverse_begin() once, then reverse_next_holder() until false, all within one read section.
 * addr is borrowed until then. Those whose generation does not have the address, at the moment of the call, are passed over. */
struct holder_walk {
	struct table_snapshot at;
	const struct addr *addr; /* borrowed */
	uint64_t hash;
};
struct holder_walk reverse_begin(const struct reverse_map *m, const struct addr *addr, uint64_t hash);
bool reverse_next_holder(struct holder_walk *w, struct holder *holder);

/* True if a Service has an address that begins with the first bits of addr. bits is fewer than addr has, and the others of addr are 0. For
 * readers. */
bool reverse_has_below(const struct reverse_map *m, const struct addr *addr, unsigned bits);
