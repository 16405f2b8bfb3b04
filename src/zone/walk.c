#include "zone/walk.h"
#include "dns/message.h"
#include "dns/wire.h"
#include "inside.h"
#include "zone/svcb.h"
#include <stdlib.h>
#include <string.h>

#define SRV_LEN 6 /* of SRV rdata before the target */

struct walk {
	const struct zone *zone;
	const struct name *apex;   /* of the zone walked over */
	const struct name *origin; /* what names that are made end in: the apex, or for a reverse zone the forward one */
	record_take *take;
	void *arg;
	struct name owner; /* of the records being given out */
	uint32_t ttl_s;
	uint8_t tree; /* enum zone_tree */
};

/* --- records --- */

static enum err give(const struct walk *w, uint16_t type, uint32_t ttl_s, const void *rdata, size_t len)
{
	return w->take(w->arg, &(struct record){&w->owner, type, ttl_s, rdata, len});
}

/* The whole name of a node below origin; false: it is too long to be one. */
static bool node_name(const struct walk *w, struct name *name, const struct generation *g, const struct node *n, const struct name *origin)
{
	const struct own_name *between = &w->zone->scheme.between;
	uint8_t wire[NAME_WIRE_MAX + 2 * (NAME_LABEL_MAX + 1) + 5];
	size_t len = n->label_len;
	memcpy(wire, g->text + n->label, len);
	if (g->service_len) {
		memcpy(wire + len, g->text, g->service_len + g->ns_len + 2u);
		len += g->service_len + g->ns_len + 2u;
		memcpy(wire + len, between->wire, between->len);
		len += between->len;
	}
	wire[len++] = 0;
	return name_from_wire(name, wire, len) && name_append_name(name, origin) == OK;
}

static enum err give_addrs(const struct walk *w, uint16_t type, const uint8_t *pool, struct run run, size_t len)
{
	enum err err = OK;
	for (uint32_t i = 0; i < run.count && !err; i++)
		err = give(w, type, w->ttl_s, pool + (run.first + i) * len, len);
	return err;
}

/* As query/answer.c has it: what is a CNAME has SRV records that lead where it does. */
static bool target_name(const struct walk *w, struct name *name, const struct generation *g, const struct node *n)
{
	return g->cname_len ? name_from_wire(name, g->cname, g->cname_len) : node_name(w, name, g, n, w->origin);
}

static enum err give_srvs(const struct walk *w, const struct generation *g, struct run run)
{
	enum err err = OK;
	for (uint32_t i = 0; i < run.count && !err; i++) {
		const struct srv *s = &g->srv[run.first + i];
		uint8_t rdata[SRV_LEN + NAME_WIRE_MAX];
		struct wire_writer out = {.bytes = rdata, .limit = sizeof rdata};
		struct name target;
		if (!target_name(w, &target, g, &g->nodes[s->target]))
			continue;
		wire_put_u16(&out, 0);
		wire_put_u16(&out, s->weight);
		wire_put_u16(&out, s->port);
		wire_put_name(&out, &target);
		err = give(w, DNS_TYPE_SRV, w->ttl_s, rdata, out.len);
	}
	return err;
}

/* HTTPS at the Service's own name, SVCB at a port's: as query/answer.c writes them. */
static enum err give_svcbs(const struct walk *w, uint16_t type, const struct generation *g, const struct node *n)
{
	bool https = type == DNS_TYPE_HTTPS, tls = https || n == &g->nodes[g->https];
	struct run run = https ? g->nodes[g->https].srv : n->srv;
	enum err err = OK;
	for (uint32_t i = 0; i < run.count && !err; i++) {
		const struct srv *s = &g->srv[run.first + i];
		uint8_t rdata[2 + NAME_WIRE_MAX + SVCB_PARAMS_MAX];
		struct wire_writer out = {.bytes = rdata, .limit = sizeof rdata};
		struct name target;
		name_root(&target);
		if (!(https && s->target == 0) && !node_name(w, &target, g, &g->nodes[s->target], w->origin))
			continue;
		wire_put_u16(&out, 1);
		wire_put_name(&out, &target);
		out.len += svcb_params(tls ? (enum alpn)g->alpn : ALPN_DEFAULT, s->port, https ? 443 : 0, rdata + out.len);
		err = give(w, type, w->ttl_s, rdata, out.len);
	}
	return err;
}

/* A record whose rdata is the node's name. */
static enum err give_name(const struct walk *w, uint16_t type, const struct generation *g, const struct node *n)
{
	struct name name;
	return node_name(w, &name, g, n, w->origin) ? give(w, type, w->ttl_s, name.wire, name.len) : OK;
}

static enum err give_ptrs(const struct walk *w, const struct zone_found *found, const struct zone_spot *spot)
{
	struct zone_found owner = *found;
	struct zone_holders seen;
	enum err err;
	zone_holders_begin(&seen);
	do
		err = give_name(w, DNS_TYPE_PTR, owner.generation, owner.node);
	while (!err && zone_next_holder(w->zone, spot, &owner, &seen));
	return err;
}

static enum err give_ns(const struct walk *w)
{
	const struct generation *g;
	const struct node *n;
	zone_name_server(w->zone, w->tree, &g, &n);
	return give_name(w, DNS_TYPE_NS, g, n);
}

/* The primary is the name server that is no Service. */
static void put_soa_names(const struct walk *w, struct wire_writer *out)
{
	const struct scheme *s = &w->zone->scheme;
	const struct own_name *primary = &s->names[OWN_NAME_SERVER];
	const struct name *origin = s->soa_of_apex ? w->apex : w->origin;
	wire_put_bytes(out, primary->wire, primary->len);
	wire_put_name(out, origin);
	wire_put_bytes(out, s->mailbox, s->mailbox_len);
	wire_put_name(out, origin);
}

static enum err give_soa(const struct walk *w)
{
	uint8_t rdata[2 * NAME_WIRE_MAX + 20];
	struct wire_writer out = {.bytes = rdata, .limit = sizeof rdata};
	put_soa_names(w, &out);
	wire_put_u32(&out, zone_serial(w->zone));
	wire_put_u32(&out, ZONE_SOA_REFRESH_S);
	wire_put_u32(&out, ZONE_SOA_RETRY_S);
	wire_put_u32(&out, ZONE_SOA_EXPIRE_S);
	wire_put_u32(&out, w->zone->settings.minimum_s);
	return give(w, DNS_TYPE_SOA, w->ttl_s < ZONE_SOA_TTL_MAX_S ? w->ttl_s : ZONE_SOA_TTL_MAX_S, rdata, out.len);
}

static enum err give_type(const struct walk *w, enum has type, const struct zone_found *found, const struct zone_spot *spot)
{
	const struct generation *g = found->generation;
	const struct node *n = found->node;
	if (spot->place == ZONE_POD)
		return give(w, type == HAS_A ? DNS_TYPE_A : DNS_TYPE_AAAA, w->ttl_s, spot->addr.octets, addr_len(&spot->addr));
	switch (type) {
	case HAS_A:
		return give_addrs(w, DNS_TYPE_A, g->a, n->a, 4);
	case HAS_AAAA:
		return give_addrs(w, DNS_TYPE_AAAA, g->aaaa, n->aaaa, 16);
	case HAS_SRV:
		return give_srvs(w, g, n->srv);
	case HAS_CNAME:
		return give(w, DNS_TYPE_CNAME, w->ttl_s, g->cname, g->cname_len);
	case HAS_SOA:
		return give_soa(w);
	case HAS_NS:
		return give_ns(w);
	case HAS_TXT:
		return give(w, DNS_TYPE_TXT, w->zone->settings.version_ttl_s, ZONE_VERSION_RDATA, sizeof ZONE_VERSION_RDATA - 1);
	case HAS_SVCB:
		return give_svcbs(w, DNS_TYPE_SVCB, g, n);
	case HAS_HTTPS:
		return give_svcbs(w, DNS_TYPE_HTTPS, g, n);
	case HAS_PTR:
		return give_ptrs(w, found, spot);
	}
	return OK;
}

/* --- names --- */

/* What stands at that name, which is w->owner, if it belongs to this zone and not to one further down. */
static enum err visit(const struct walk *w)
{
	struct name lower = w->owner;
	struct zone_spot spot;
	struct zone_found found;
	enum err err = OK;
	name_lower(&lower);
	zone_locate(w->zone, &lower, &spot);
	if (spot.place == ZONE_OUTSIDE || lower.labels - spot.apex != w->apex->labels || !name_in(&lower, w->apex))
		return OK;
	zone_find(w->zone, &lower, &spot, &found);
	for (unsigned has = found.has; has && !err; has &= has - 1)
		err = give_type(w, (enum has)(has & -has), &found, &spot);
	return err;
}

static enum err visit_generation(struct walk *w, const struct generation *g)
{
	enum err err = OK;
	for (uint32_t i = 0; g && i < g->node_count && !err; i++)
		if (node_name(w, &w->owner, g, &g->nodes[i], w->apex))
			err = visit(w);
	return err;
}

/* <a-b-c-d>.<ns>.pod.<apex>, with dashes for colons too. */
static bool pod_name(struct name *name, const struct addr *addr, const struct namespace *ns, const struct name *apex)
{
	char text[ADDR_TEXT_MAX];
	addr_format(addr, text);
	for (char *c = text; *c; c++)
		if (*c == '.' || *c == ':')
			*c = '-';
	name_root(name);
	return name_append(name, text, strlen(text)) == OK && name_append(name, ns->label + 1, ns->label[0]) == OK &&
	       name_append(name, "pod", 3) == OK && name_append_name(name, apex) == OK;
}

/* by_number: the namespaces at their numbers. */
static enum err visit_pods(struct walk *w, const struct namespace *const *by_number)
{
	size_t cursor = 0;
	uint32_t number;
	struct addr addr;
	enum err err = OK;
	while (!err && pod_addresses_each(w->zone->pod_addresses, &cursor, &number, &addr))
		if (pod_name(&w->owner, &addr, by_number[number], w->apex))
			err = visit(w);
	return err;
}

/* Pods have names of their own where they are known. */
static enum err walk_pods(struct walk *w)
{
	const struct namespace **by_number;
	size_t cursor = 0;
	enum err err;
	if (!w->zone->pod_addresses || w->tree != ZONE_CLUSTER)
		return OK;
	by_number = calloc(w->zone->last_number + (size_t)1, sizeof *by_number);
	if (!by_number)
		return ERR_NOMEM;
	for (const struct namespace *ns; (ns = table_each(w->zone->namespaces, &cursor));)
		by_number[ns->number] = ns;
	err = visit_pods(w, by_number);
	free(by_number);
	return err;
}

static enum err walk_forward(struct walk *w)
{
	size_t cursor = 0;
	enum err err = visit_generation(w, atomic_load_explicit(&w->zone->own, memory_order_acquire));
	for (const struct slot *s; !err && (s = table_each(w->zone->slots, &cursor));)
		if (s->tree == w->tree)
			err = visit_generation(w, slot_generation(s));
	return err ? err : walk_pods(w);
}

/* An address that several Services have is visited with the first that the map knows; one that is the apex itself was visited. */
static enum err visit_addrs(struct walk *w, const struct slot *s)
{
	const struct generation *g = slot_generation(s);
	struct addr addr;
	enum err err = OK;
	for (size_t cursor = 0; g && !err && generation_each_addr(g, &cursor, &addr);) {
		struct holder_walk owners = reverse_begin(&w->zone->reverse, &addr, generation_addr_hash(&addr));
		struct holder first;
		if (!reverse_next_holder(&owners, &first) || first.slot != s)
			continue;
		name_from_addr(&w->owner, &addr);
		if (!name_equal(&w->owner, w->apex))
			err = visit(w);
	}
	return err;
}

static enum err walk_reverse(struct walk *w)
{
	size_t cursor = 0;
	enum err err;
	w->owner = *w->apex;
	err = visit(w);
	for (const struct slot *s; !err && (s = table_each(w->zone->slots, &cursor));)
		err = visit_addrs(w, s);
	return err;
}

const struct name *zone_apex(const struct zone *z, unsigned i)
{
	return i < z->origin_count ? &z->origins[i].name : NULL;
}

enum err zone_walk(const struct zone *z, const struct name *apex, record_take *take, void *arg)
{
	const struct zone_settings *settings = zone_settings(z);
	struct name lower = *apex;
	struct zone_spot spot;
	struct walk w = {.zone = z, .apex = apex, .origin = apex, .take = take, .arg = arg, .ttl_s = settings->ttl_s};
	name_lower(&lower);
	zone_locate(z, &lower, &spot);
	w.tree = spot.place == ZONE_OUTSIDE ? ZONE_CLUSTER : spot.tree;
	if (spot.place != ZONE_REVERSE)
		return walk_forward(&w);
	w.origin = &settings->origin;
	return walk_reverse(&w);
}
