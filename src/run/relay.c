#include "relay.h"
#include "addresses.h"
#include "affinity.h"
#include "base/hash.h"
#include "base/log.h"
#include "ruleset.h"
#include "sockets.h"
#include "waiting.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX 64 /* in one turn of the loop */
#define AS_IT_IS    0  /* a mark: no translation, no refusal */

/* Which Service has an address; sorted by it. */
struct service_address {
	struct addr addr;
	const char *ns, *name; /* of the store's objects, good until its next change */
};

/* Where connections were sent; its mark is in the ruleset. They are kept, since there are no more than endpoints' ports. */
struct target {
	struct addr addr;
	uint16_t port;
	uint32_t mark;
};

struct relay {
	const struct store *store;
	struct ruleset *ruleset;
	struct netlink waiting, sockets;
	uv_poll_t poll;
	struct service_address *held;
	size_t held_count;
	struct addr *services; /* what the ruleset has: sorted */
	size_t service_count;
	struct target *targets; /* sorted */
	size_t target_count, target_cap;
	struct affinity affinity;
};

/* --- the Services' addresses --- */

static bool is_among(const struct addr *a, const struct addr *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (addr_equal(a, &all[i]))
			return true;
	}
	return false;
}

static size_t add_addresses(const struct relay *r, const struct service *v, const struct addr *except, unsigned n,
                            struct service_address *held)
{
	size_t added = 0;
	for (unsigned i = 0; i < v->cluster_ip_count; i++) {
		const struct addr *a = &v->cluster_ips[i];
		if (!is_among(a, except, n) && (a->family == ADDR_V4 || ruleset_has_ipv6(r->ruleset)))
			held[added++] = (struct service_address){*a, v->object.ns, v->object.name};
	}
	return added;
}

/* At most one of each family for a Service. */
static size_t find_addresses(const struct relay *r, const struct addr *except, unsigned n, struct service_address *held)
{
	size_t cursor = 0, count = 0;
	for (const struct service *v; (v = store_each_service(r->store, &cursor));) {
		if (v->object.kind == OBJECT_SERVICE && v->type == SERVICE_CLUSTER_IP && v->port_count)
			count += add_addresses(r, v, except, n, held + count);
	}
	return count;
}

static int by_address(const void *a, const void *b)
{
	return addr_compare(&((const struct service_address *)a)->addr, &((const struct service_address *)b)->addr);
}

static void change_service(void *arg, const struct addr *a, bool added)
{
	struct relay *r = arg;
	ruleset_change_service(r->ruleset, a, added);
}

/* Two Services with one address are nothing that a cluster has; one of them counts. */
static size_t copy_addresses(const struct service_address *held, size_t n, struct addr *services)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (!count || !addr_equal(&services[count - 1], &held[i].addr))
			services[count++] = held[i].addr;
	}
	return count;
}

enum err relay_update(struct relay *r, const struct addr *except, unsigned n, struct diag *d)
{
	size_t most = 2 * store_counts(r->store).services + 1, service_count;
	struct service_address *held = malloc(most * sizeof *held);
	struct addr *services = malloc(most * sizeof *services);
	if (!held || !services) {
		free(held);
		free(services);
		return diag_no_memory(d);
	}
	free(r->held);
	r->held = held;
	r->held_count = find_addresses(r, except, n, held);
	qsort(held, r->held_count, sizeof *held, by_address);
	service_count = copy_addresses(held, r->held_count, services);
	addresses_compare(r->services, r->service_count, services, service_count, change_service, r);
	free(r->services);
	r->services = services;
	r->service_count = service_count;
	return ruleset_commit(r->ruleset, d);
}

static const struct service *service_at(const struct relay *r, const struct addr *a)
{
	const struct service_address key = {.addr = *a};
	const struct service_address *held = r->held_count ? bsearch(&key, r->held, r->held_count, sizeof key, by_address) : NULL;
	return held ? store_service(r->store, held->ns, held->name) : NULL;
}

/* --- targets --- */

static int by_target(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = addr_compare(&x->addr, &y->addr);
	return order ? order : (x->port > y->port) - (x->port < y->port);
}

static bool reserve_target(struct relay *r)
{
	size_t cap = r->target_cap ? 2 * r->target_cap : 64;
	struct target *targets;
	if (r->target_count < r->target_cap)
		return true;
	targets = realloc(r->targets, cap * sizeof *targets);
	if (!targets)
		return false;
	r->targets = targets;
	r->target_cap = cap;
	return true;
}

static void insert_target(struct relay *r, const struct target *t)
{
	size_t at = r->target_count++;
	for (; at && by_target(&r->targets[at - 1], t) > 0; at--)
		r->targets[at] = r->targets[at - 1];
	r->targets[at] = *t;
}

/* The mark that leads to it. */
static uint32_t mark_of(struct relay *r, const struct addr *a, uint16_t port)
{
	struct target t = {.addr = *a, .port = port, .mark = (uint32_t)r->target_count + 1};
	const struct target *known = r->target_count ? bsearch(&t, r->targets, r->target_count, sizeof t, by_target) : NULL;
	struct diag d;
	if (known)
		return known->mark;
	if (!reserve_target(r))
		return RULESET_REFUSED;
	ruleset_add_target(r->ruleset, t.mark, a, port);
	if (ruleset_commit(r->ruleset, &d)) {
		log_line(LOG_ERROR, "run: a connection to a Service is refused: %s", d.text);
		return RULESET_REFUSED;
	}
	insert_target(r, &t);
	return t.mark;
}

/* --- choosing --- */

/* What a first packet needs: an endpoint. */
struct choice {
	struct relay *relay;
	const struct flow *flow;
	const struct service_port *port;
	const struct addr *before; /* the endpoint that the client had; NULL: none */
	struct flow chosen;        /* where to; no family: nobody takes it */
};

static uint8_t protocol_number(unsigned protocol)
{
	return protocol == PROTOCOL_TCP ? IPPROTO_TCP : protocol == PROTOCOL_UDP ? IPPROTO_UDP : IPPROTO_SCTP;
}

static const struct service_port *port_of(const struct service *v, const struct flow *f)
{
	for (unsigned i = 0; i < v->port_count; i++) {
		if (v->ports[i].port == f->to_port && protocol_number(v->ports[i].protocol) == f->protocol)
			return &v->ports[i];
	}
	return NULL;
}

/* The flow as the endpoint would see it. False: it has no address of the family, or no such port. */
static bool lead_to(const struct endpoint *e, const struct choice *c, struct flow *to)
{
	*to = *c->flow;
	to->to.family = ADDR_NONE;
	for (unsigned i = 0; i < e->addr_count; i++) {
		if (e->addrs[i].family == c->flow->to.family)
			to->to = e->addrs[i];
	}
	for (unsigned i = 0; to->to.family && i < e->port_count; i++) {
		to->to_port = e->ports[i].port;
		if (strcmp(e->ports[i].name, c->port->name) == 0 && e->ports[i].protocol == c->port->protocol)
			return true;
	}
	return false;
}

/* True if it is the one. */
static bool try_endpoint(struct choice *c, const struct endpoint *e)
{
	struct flow to;
	if (e->state != ENDPOINT_READY || !lead_to(e, c, &to) || sockets_find(&c->relay->sockets, &to) == SOCKETS_NONE)
		return false;
	c->chosen = to;
	return true;
}

static bool has_address(const struct endpoint *e, const struct addr *a)
{
	for (unsigned i = 0; i < e->addr_count; i++) {
		if (addr_equal(&e->addrs[i], a))
			return true;
	}
	return false;
}

/* Depends on the flow alone, so that datagrams of one that come before the first was let go are sent to the same endpoint. The ports
 * are hashed like the addresses: Linux takes even ones for connections, so their own lowest bits would always choose the same endpoint. */
static uint64_t chance(const struct flow *f)
{
	const uint16_t ports[] = {f->from_port, f->to_port};
	const uint64_t addresses =
	        hash_mix(hash_bytes(f->from.octets, sizeof f->from.octets), hash_bytes(f->to.octets, sizeof f->to.octets));
	return hash_mix(addresses, hash_bytes(ports, sizeof ports));
}

static enum err choose_among(void *arg, const struct service_view *view)
{
	struct choice *c = arg;
	size_t first = view->count ? chance(c->flow) % view->count : 0;
	for (size_t i = 0; c->before && i < view->count; i++) {
		if (has_address(&view->endpoints[i], c->before) && try_endpoint(c, &view->endpoints[i]))
			return OK;
	}
	for (size_t i = 0; i < view->count; i++) {
		if (try_endpoint(c, &view->endpoints[(first + i) % view->count]))
			return OK;
	}
	return OK;
}

static uint32_t choose(struct relay *r, const struct service *v, const struct service_port *port, const struct flow *f)
{
	const struct affinity_key key = {f->from, f->to, f->to_port, f->protocol};
	const uint64_t now_ms = uv_now(r->poll.loop);
	struct choice c = {.relay = r, .flow = f, .port = port};
	if (v->affinity_s)
		c.before = affinity_find(&r->affinity, &key, now_ms, v->affinity_s);
	if (store_view(r->store, v->object.ns, v->object.name, choose_among, &c) || !c.chosen.to.family)
		return RULESET_REFUSED;
	if (v->affinity_s)
		affinity_note(&r->affinity, &key, &c.chosen.to, now_ms);
	return mark_of(r, &c.chosen.to, c.chosen.to_port);
}

/* Who has bound the Service's own address and port gets what comes there. What has no ports (a ping) is answered by the kernel. */
static uint32_t decide(struct relay *r, const struct flow *f)
{
	const struct service *v = service_at(r, &f->to);
	const struct service_port *port = v ? port_of(v, f) : NULL;
	if (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP)
		return AS_IT_IS;
	if (sockets_find(&r->sockets, f) == SOCKETS_EXACT)
		return AS_IT_IS;
	return port ? choose(r, v, port, f) : RULESET_REFUSED;
}

static void on_packets_waiting(uv_poll_t *handle, int status, int events)
{
	struct relay *r = handle->data;
	struct waiting w;
	(void)status;
	(void)events;
	for (unsigned i = 0; i < PACKETS_MAX && waiting_next(&r->waiting, &w); i++)
		waiting_release(&r->waiting, &w, decide(r, &w.flow));
}

/* --- the whole --- */

static void relay_free(struct relay *r)
{
	ruleset_close(r->ruleset);
	netlink_close(&r->waiting);
	netlink_close(&r->sockets);
	free(r->held);
	free(r->services);
	free(r->targets);
	free(r);
}

static void on_poll_closed(uv_handle_t *handle)
{
	relay_free(handle->data);
}

/* The queue first: packets sent to one that nobody has are lost. */
static enum err open_all(struct relay *r, struct diag *d)
{
	enum err err = waiting_open(&r->waiting, RULESET_QUEUE, d);
	if (!err && !sockets_open(&r->sockets))
		err = diag_set(d, ERR_MISSING, "the kernel's sock_diag is not to be had");
	return err ? err : ruleset_open(&r->ruleset, d);
}

enum err relay_open(struct relay **out, uv_loop_t *loop, const struct store *s, struct diag *d)
{
	struct relay *r = calloc(1, sizeof *r);
	enum err err;
	if (!r)
		return diag_no_memory(d);
	r->store = s;
	r->waiting.fd = r->sockets.fd = -1;
	err = open_all(r, d);
	if (!err && uv_poll_init(loop, &r->poll, r->waiting.fd))
		err = diag_set(d, ERR_SYS, "the event loop could not start");
	if (err) {
		relay_free(r);
		return err;
	}
	r->poll.data = r;
	uv_poll_start(&r->poll, UV_READABLE, on_packets_waiting);
	*out = r;
	return OK;
}

void relay_close(struct relay *r)
{
	if (r)
		uv_close((uv_handle_t *)&r->poll, on_poll_closed);
}
