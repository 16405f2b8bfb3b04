/* slot.h - the fixed place of a Service, which holds its generation, and of a namespace. The writer makes them, and frees them after a grace
 * period. */
#pragma once
#include "base/hash.h"
#include "zone/generation.h"
#include <stdatomic.h>

/* It is kept while it exists, or while something is in it. */
struct namespace
{
	struct rcu_garbage garbage;
	uint64_t hash;   /* of the label */
	size_t uses;     /* slots in it, and addresses of its pods; writer only */
	uint32_t number; /* for pod_addresses.h; no other namespace of the zone has or had it */
	atomic_bool exists;
	uint8_t label[64]; /* wire form, lower case */
};

struct slot {
	struct rcu_garbage garbage;
	_Atomic(struct generation *) current; /* NULL: withdrawn */
	struct namespace *ns;
	uint64_t hash; /* slot_hash() */
	uint8_t tree;  /* enum zone_tree */
	uint8_t key_len;
	uint8_t key[]; /* the Service's label and the namespace's, wire form, lower case */
};

/* What readers and writer look for in the tables. */
struct slot_key {
	const uint8_t *wire;
	size_t len;
	uint8_t tree;
};

/* Of a key's octets, for a tree. */
static inline uint64_t slot_hash(uint64_t hash_of_wire, uint8_t tree)
{
	return tree ? hash_mix(hash_of_wire, tree) : hash_of_wire;
}

/* For table_find. The key is a struct slot_key; for a namespace its label. */
bool slot_matches(const void *slot, const void *key);
bool namespace_matches(const void *ns, const void *key);

/* An order of Services by their names, then those of their namespaces, as text. */
int slot_compare(const struct slot *a, const struct slot *b);

/* What the slot holds now; NULL: nothing. A reader's is good until its section ends. */
static inline struct generation *slot_generation(const struct slot *s)
{
	return atomic_load_explicit(&s->current, memory_order_acquire);
}
