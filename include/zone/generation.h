/* generation.h - all names of one Service at one moment: one immutable block. A change of the Service makes the next generation; a
 * reader sees one or the other, never half. Names are data here: each is a node with the RRsets it has, so existence, NODATA and
 * NXDOMAIN come out of one look-up.
 *
 * Nodes are named relative to the Service's own name: "" (the Service), "web-0", "_tcp", "_web._tcp". A name that has only names
 * below it is a node without RRsets. Rdata is kept, not wire records: pools of addresses and of SRV entries, from which a node
 * has runs. Equal sets share: a headless Service's own addresses are the whole pool, of which each endpoint has a part. */
#pragma once
#include "base/addr.h"
#include "base/rcu.h"
#include "zone/absence.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of a pool: count items from first. */
struct run {
	uint32_t first, count;
};

/* The RRsets that a name has, as a set. */
enum has {
	HAS_A = 1,
	HAS_AAAA = 2,
	HAS_SRV = 4,
	HAS_CNAME = 8,
	HAS_SOA = 16,
	HAS_NS = 32,
	HAS_TXT = 64,
	HAS_PTR = 128,
	HAS_SVCB = 256,  /* of each SRV record; the rdata is made from these */
	HAS_HTTPS = 512, /* of each SRV record of the port https */
};

/* What is spoken behind a port, where it is more than what the port's name says (RFC 9460 7.1). */
enum alpn { ALPN_DEFAULT, ALPN_H2, ALPN_H3 };

struct node {
	uint32_t label;     /* offset in text: the relative name in wire form without the root, object's case */
	uint8_t label_len;  /* octets of it; 0: the Service's own name */
	uint8_t absence;    /* enum absence; other than NONE: NXDOMAIN, and `has` is 0 */
	uint16_t has;       /* bits of enum has */
	struct run a, aaaa; /* of the pools of 4 and 16 octets */
	struct run srv;     /* entries of one target stand together */
};

struct srv {
	uint16_t weight, port; /* host order; priority is 0 */
	uint32_t target;       /* index of a node */
};

/* Where an address's PTR leads to. */
struct addr_cell {
	uint32_t node; /* number + 1; 0: free */
	uint32_t at;   /* where the address stands in its pool, and these bits: */
};
#define ADDR_CELL_V6   0x80000000u /* it is that of 16 octets */
#define ADDR_CELL_HOME 0x40000000u /* the endpoint's pod names this Service as its subdomain */
#define ADDR_CELL_AT   0x3fffffffu /* without the bits */

struct generation {
	struct rcu_garbage garbage;         /* first: freed by rcu_free_later */
	const struct node *nodes;           /* nodes[0] is the Service's own name */
	const uint32_t *name_index;         /* open addressing over generation_name_hash: node number + 1, 0: free; without nodes[0] */
	const struct addr_cell *addr_index; /* the same over generation_addr_hash */
	uint32_t name_mask, addr_mask;
	const uint8_t *a;    /* 4 octets each, network order */
	const uint8_t *aaaa; /* 16 octets each */
	const struct srv *srv;
	const uint8_t *text;                    /* begins with the Service's label and the namespace's in wire form, object's case */
	const uint8_t *cname;                   /* of an ExternalName: the target in wire form with the root, the case it was written in */
	uint8_t service_len, ns_len, cname_len; /* octets of these labels without their length octet */
	uint8_t alpn;                           /* enum alpn, of the port https */
	uint32_t https;                         /* the node of _https._tcp; 0: none, or nobody wants HTTPS records */
	bool external;                          /* of an external zone: several Services may have one address */
	bool zonal;    /* every name <zone>.pin._zone and <zone>.prefer._zone exists, those of these nodes and others */
	bool headless; /* the Service has no address of its own: those of nodes[0] are its endpoints' */
	uint32_t node_count;
	uint32_t names;  /* nodes that are there */
	uint32_t serial; /* of the change that made it */
	size_t bytes;    /* of the block */
};

/* Hash of a relative name: wire form, lower case, no root. */
uint64_t generation_name_hash(const uint8_t *name, size_t len);
uint64_t generation_addr_hash(const struct addr *a);

/* The node of this relative name (wire form, lower case, no root), or NULL. */
const struct node *generation_find(const struct generation *g, const uint8_t *name, size_t len);

/* The node that the PTR of this address leads to, or NULL: the Service's own name for a ClusterIP, else the ready endpoint that has
 * it, one with a hostname before one without. hash is generation_addr_hash(a). */
const struct node *generation_find_addr(const struct generation *g, const struct addr *a, uint64_t hash);

/* The cell of this address, which has its node's number, or NULL. */
const struct addr_cell *generation_find_cell(const struct generation *g, const struct addr *a, uint64_t hash);

/* Every address that has a PTR, once each: start with *cursor = 0, until false. */
bool generation_each_addr(const struct generation *g, size_t *cursor, struct addr *a);
