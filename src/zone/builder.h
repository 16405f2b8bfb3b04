/* builder.h - a generation while it is put together: names, addresses and SRV entries in the order in which they come, repeated ones
 * left out; then one block. Control thread only.
 *
 * The caller gives bounds for everything at the start, so only builder_new and builder_finish can fail. */
#pragma once
#include "dns/name.h"
#include "zone/generation.h"
#include <stddef.h>
#include <stdint.h>

struct builder;

/* At most so many calls of builder_node for new names, of builder_addr and of builder_srv will come. */
struct builder_bounds {
	size_t nodes, addrs, srvs;
};

#define BUILDER_NAME_MAX 128 /* octets of a relative name: two labels with their lengths */

/* A generation of these two labels (1 to 63 octets each, or both empty for names that are no Service's), which have the node "" and nothing
 * else; it is absent unless absence is ABSENCE_NONE. NULL: out of memory. */
struct builder *builder_new(const struct builder_bounds *bounds, const char *ns, const char *service, enum absence absence);
void builder_free(struct builder *b); /* takes NULL */

/* The number of the node of this relative name (wire form, at most BUILDER_NAME_MAX octets). The node is made if there is none; "" is 0. Of several
 * reasons for its absence the weakest counts, so a node that was once given ABSENCE_NONE is there. */
uint32_t builder_node(struct builder *b, const uint8_t *name, size_t len, enum absence absence);

/* The node has this address. The address's PTR leads to the first node that was given it. */
void builder_addr(struct builder *b, uint32_t node, const struct addr *addr);

/* The node is of an endpoint whose pod names the Service as its subdomain. */
void builder_home(struct builder *b, uint32_t node);

/* The node has an SRV record to target, which stands for n pairs of address and port when weights are shared out. */
void builder_srv(struct builder *b, uint32_t node, uint32_t target, uint16_t port, unsigned n);

/* So many more pairs count at the node when weights are shared out, without a record for them. */
void builder_pairs(struct builder *b, uint32_t node, unsigned n);

/* The node has these RRsets, whose rdata is not kept here. */
void builder_has(struct builder *b, uint32_t node, unsigned has);

/* The node of _https._tcp, for which "" has an HTTPS record, and what is spoken there. */
void builder_https(struct builder *b, uint32_t node, enum alpn alpn);

/* The Service has names for its endpoints in each zone: see generation.h. */
void builder_zonal(struct builder *b);

/* The generation is of an external zone; with reverse, its addresses have PTR. */
void builder_external(struct builder *b, bool reverse);

/* The node "" is a CNAME to target, which is borrowed until the end. */
void builder_cname(struct builder *b, const struct name *target);

/* The node "" has the addresses of all other nodes, each once. */
void builder_unite(struct builder *b);

/* The block; the builder stays the caller's, and is good for nothing but builder_free. NULL: out of memory. */
struct generation *builder_finish(struct builder *b);
