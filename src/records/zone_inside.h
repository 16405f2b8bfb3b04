/* zone_inside.h - private to records: what a version of a zone is made of, for those that read it. One block: names and rdata as octets, and arrays that
 * point into them. Names stand in the order of RFC 4034 6.1; so those below a name follow it directly. Names that have nothing but names below
 * them are there, too (empty non-terminals). */
#pragma once
#include "base/rcu.h"
#include "records/zone_data.h"
#include <stdatomic.h>
#include <string.h>

#define ZONE_NONE UINT32_MAX

/* Records of one name and type; signatures are one set for each type that they cover. */
struct zone_set {
	uint32_t rdata; /* in octets: for each record its length in two octets, host's order, and that many */
	uint32_t ttl_s;
	uint32_t signatures;    /* index of the set of RRSIG that cover it; ZONE_NONE */
	uint16_t type, covered; /* covered: of RRSIG */
	uint16_t count;
};

enum zone_node_flag {
	ZONE_NODE_CUT = 1,   /* has NS, and is not the apex: what is below is another zone's */
	ZONE_NODE_DNAME = 2, /* what is below is elsewhere */
	ZONE_NODE_NSEC = 4,
};

struct zone_node {
	uint32_t name;     /* in octets: wire format */
	uint32_t sets;     /* index of the first; by type and what is covered */
	uint32_t above;    /* index of the name without the first label; of the apex: itself */
	uint32_t cover;    /* index of the name nearest to the apex, of those above, that is ZONE_NODE_CUT or ZONE_NODE_DNAME; ZONE_NONE */
	uint32_t wildcard; /* index of the "*" below; ZONE_NONE */
	uint16_t set_count;
	uint8_t name_len, flags;
};

/* Of the hash table: the nodes, each at the first free cell from its hash on. */
struct zone_cell {
	uint32_t check; /* other bits of the hash than those that say where */
	uint32_t node;  /* index; ZONE_NONE: free */
};

struct zone_data {
	struct rcu_garbage garbage; /* first: freed by rcu_free_soon */
	atomic_uint holders;
	uint32_t serial;
	uint32_t node_count, cell_mask;
	uint32_t soa, ns; /* indexes of sets; ns: ZONE_NONE where there is none */
	size_t records, bytes;
	const struct zone_node *nodes; /* the first is the apex */
	const struct zone_set *sets;
	const struct zone_cell *cells;
	const uint8_t *octets;
	struct name apex;
};

/* What a cell of the index keeps of a hash, to tell most others from it without a look at the name. */
static inline uint32_t zone_check_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* A holder more, unless the last one has gone: for readers in an RCU section. */
bool zone_data_hold_if_held(struct zone_data *z);

/* Of a name in wire format, in lower case; NULL: it is not there, nor is any below it. */
const struct zone_node *zone_data_find(const struct zone_data *z, const uint8_t *wire, size_t len);

/* The name before it, or itself, in the order of RFC 4034 6.1; it is in the zone. Lower case. */
const struct zone_node *zone_data_before(const struct zone_data *z, const struct name *n);

/* NULL: there is none. Not for RRSIG. */
const struct zone_set *zone_node_set(const struct zone_data *z, const struct zone_node *n, uint16_t type);

/* Its name in wire form, lower case, whole; borrowed from z. */
static inline const uint8_t *zone_node_wire(const struct zone_data *z, const struct zone_node *n)
{
	return z->octets + n->name;
}

/* A copy of it. */
static inline void zone_node_name(const struct zone_data *z, const struct zone_node *n, struct name *out)
{
	name_from_wire(out, z->octets + n->name, n->name_len);
}

/* What is left of a set. */
struct zone_rdata_cursor {
	const uint8_t *at;
	uint16_t left;
};

/* Before the first rdata of a set. */
static inline struct zone_rdata_cursor zone_set_rdata(const struct zone_data *z, const struct zone_set *s)
{
	return (struct zone_rdata_cursor){z->octets + s->rdata, s->count};
}

/* False: there is none left. */
static inline bool zone_next_rdata(struct zone_rdata_cursor *c, const uint8_t **bytes, uint16_t *len)
{
	if (!c->left)
		return false;
	memcpy(len, c->at, sizeof *len);
	*bytes = c->at + sizeof *len;
	c->at = *bytes + *len;
	c->left--;
	return true;
}

/* The five numbers that a SOA's rdata ends in: serial, refresh, retry, expire, minimum. */
#define ZONE_SOA_NUMBERS 20 /* octets */
static inline const uint8_t *zone_soa_numbers(const struct zone_data *z)
{
	const uint8_t *at = z->octets + z->sets[z->soa].rdata;
	uint16_t len;
	memcpy(&len, at, sizeof len);
	return at + sizeof len + len - ZONE_SOA_NUMBERS;
}

/* An order of names below one apex, as RFC 4034 6.1 has it: octets for memcmp, the shorter of equal ones first. wire: lower case. */
#define ZONE_KEY_MAX (2 * NAME_WIRE_MAX)
size_t zone_sort_key(const uint8_t *wire, size_t len, size_t apex_len, uint8_t key[ZONE_KEY_MAX]);

/* An order of rdata of one type (RFC 4034 6.3), as by record_lower_rdata(). */
int zone_compare_rdata(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
