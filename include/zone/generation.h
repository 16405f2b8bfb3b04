/* generation.h - all names of one Service at one moment: one immutable block. A change of the Service makes the next generation; a
 * reader sees one or the other, never half. Names are data here: each is a node with the RRsets it has, so existence, NODATA and
 * NXDOMAIN come out of one look-up.
 *
 * Nodes are named relative to the Service's own name: "" (the Service), "web-0", "_tcp", "_web._tcp". A name that has only names
 * below it is a node without RRsets. Rdata is kept, not wire records: pools of addresses and of SRV entries, from which a node
 * has runs; a run of a smaller set lies inside that of a larger one where their order allows it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/rcu.h"

/* Part of a pool: count items from first. */
struct run {
	uint32_t first, count;
};

/* Why a name that somebody might expect is not there. */
enum absence {
	ABSENCE_NONE,        /* it is there */
	ABSENCE_NOT_READY,   /* its endpoints exist, and none is ready: its absence is not to be remembered */
	ABSENCE_TERMINATING, /* its endpoints are being deleted */
};

struct node {
	uint32_t label;      /* offset in text: the relative name in wire form without the root, object's case */
	uint8_t label_len;   /* octets of it; 0: the Service's own name */
	uint8_t absence;     /* enum absence; other than NONE: NXDOMAIN, and the runs are empty */
	uint16_t flags;      /* 0; keeps the layout explicit */
	struct run a, aaaa;  /* of the pools of 4 and 16 octets */
	struct run srv;
};

struct srv {
	uint16_t weight, port; /* host order; priority is 0 */
	uint32_t target;       /* index of a node */
};

struct generation {
	struct rcu_garbage garbage; /* first: freed by rcu_free_later */
	uint32_t node_count, index_mask;
	uint32_t serial;            /* of the change that made it */
	bool external;              /* ExternalName: cname holds; there are no nodes but "" */
	uint8_t cname_len;
	const uint8_t *cname;       /* target in wire form with the root, the case it was written in */
	const struct node *nodes;   /* nodes[0] is the Service's own name, if there is any node */
	const uint32_t *index;      /* open addressing over hash of the lower-case relative name; node number + 1, 0: free */
	const uint8_t *a;           /* 4 octets each, network order */
	const uint8_t *aaaa;        /* 16 octets each */
	const struct srv *srv;
	const char *text;
	uint8_t service_len, ns_len; /* the Service's and the namespace's label, object's case, at the start of text */
};

/* The node of this relative name (wire form, lower case, no root), or NULL. */
const struct node *generation_find(const struct generation *g, const uint8_t *name, size_t len);

/* The node that has this address among its own, beginning the search at hint; NULL: none. For PTR. The Service's own node
 * counts only if the address is a ClusterIP. */
const struct node *generation_find_addr(const struct generation *g, const struct addr *a, uint32_t hint);
