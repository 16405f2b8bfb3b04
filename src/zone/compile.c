#include "zone/compile.h"
#include "base/log.h"
#include "builder.h"
#include <string.h>

#define PORT_NAMES_MAX   4 /* of one port */
#define ZONE_NAMES_ABOVE 3 /* above the names of zones */

/* The nodes that are names of a port. */
struct port_names {
	uint32_t nodes[PORT_NAMES_MAX];
	unsigned count;
};

struct compiler {
	struct builder *b;
	const struct service *service;
	const struct service_view *view;
	const struct compile_options *options;
	struct name target; /* of an ExternalName */
	/* The port looked for last: a Service's endpoints mostly have the same ones. */
	const char *port_name;
	uint8_t protocol;
	struct port_names port_names;
};

/* Those of a cluster set are somebody else's (CoreDNS). */
static bool is_hidden(const struct compile_options *options, const struct service *service)
{
	return options->noendpoints && service->object.kind == OBJECT_SERVICE;
}

static bool hides_endpoints(const struct compiler *c)
{
	return is_hidden(c->options, c->service);
}

static bool is_label(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= NAME_LABEL_MAX;
}

/* The dashed address that stands for an endpoint without hostname. A label can't end in '-', so "fd00::" becomes "fd00--0". */
static size_t dashed_label(const struct addr *a, uint8_t wire[])
{
	char text[ADDR_TEXT_MAX];
	addr_format(a, text);
	wire[0] = (uint8_t)strlen(text);
	for (size_t i = 0; i < wire[0]; i++)
		wire[1 + i] = text[i] == '.' || text[i] == ':' ? '-' : (uint8_t)text[i];
	if (wire[wire[0]] == '-')
		wire[++wire[0]] = '0';
	return wire[0] + 1u;
}

/* Appends the label of prefix and text to the name of len octets; its new length. */
static size_t append_label(uint8_t *wire, size_t len, const char *prefix, const char *text)
{
	size_t before = strlen(prefix), after = strlen(text);
	wire[len] = (uint8_t)(before + after);
	memcpy(wire + len + 1, prefix, before);
	memcpy(wire + len + 1 + before, text, after);
	return len + 1 + before + after;
}

static const char *protocol_label(uint8_t protocol)
{
	switch ((enum protocol)protocol) {
	case PROTOCOL_TCP:
		return "_tcp";
	case PROTOCOL_UDP:
		return "_udp";
	case PROTOCOL_SCTP:
		return "_sctp";
	}
	return "_tcp";
}

/* Unnamed ports have no name in DNS; nor has one whose label would be too long. */
static bool has_port_name(const char *name)
{
	return *name && strlen(name) < NAME_LABEL_MAX;
}

/* The node of _name.protocol, and, since a name needs the ones above it, that of the protocol. */
static void add_port_name(struct compiler *c, const char *name, const char *protocol)
{
	uint8_t wire[BUILDER_NAME_MAX];
	size_t head = append_label(wire, 0, "_", name);
	size_t len = append_label(wire, head, "", protocol);
	if (!(c->options->compat & COMPAT_NO_NAMES_ABOVE))
		builder_node(c->b, wire + head, len - head, ABSENCE_NONE);
	c->port_names.nodes[c->port_names.count++] = builder_node(c->b, wire, len, ABSENCE_NONE);
}

static const struct port_names *names_of_port(struct compiler *c, const char *name, uint8_t protocol)
{
	if (c->port_name == name && c->protocol == protocol)
		return &c->port_names;
	c->port_name = name;
	c->protocol = protocol;
	c->port_names.count = 0;
	if (has_port_name(name))
		add_port_name(c, name, protocol_label(protocol));
	if (c->options->compat & COMPAT_ANY_PORT) {
		if (has_port_name(name))
			add_port_name(c, name, "_");
		add_port_name(c, "", protocol_label(protocol));
		add_port_name(c, "", "_");
	}
	return &c->port_names;
}

/* A name of our own for what a Service's port of that name says it speaks; how people write it is up to them (KEP-2628 names but a few). */
static enum alpn alpn_of_port(const struct service *s, const char *name)
{
	static const struct {
		const char *app_protocol;
		enum alpn alpn;
	} known[] = {{"h2", ALPN_H2}, {"http2", ALPN_H2}, {"grpc", ALPN_H2}, {"h3", ALPN_H3}, {"http3", ALPN_H3}};
	for (unsigned i = 0; i < s->port_count; i++)
		for (size_t k = 0; k < sizeof known / sizeof known[0] && strcmp(s->ports[i].name, name) == 0 && s->ports[i].app_protocol;
		     k++)
			if (strcmp(s->ports[i].app_protocol, known[k].app_protocol) == 0)
				return known[k].alpn;
	return ALPN_DEFAULT;
}

/* A port of these names is one to bind a service to (RFC 9460); the record is made where the name is, so that it comes and goes with it. */
static void add_service_binding(struct compiler *c, const char *name, uint32_t node)
{
	bool https = strcmp(name, "https") == 0;
	if (!https && strcmp(name, "http") != 0)
		return;
	builder_has(c->b, node, HAS_SVCB);
	if (https)
		builder_https(c->b, node, alpn_of_port(c->service, name));
}

/* Each name of the port has an SRV to target, which has these n addresses; where there are none yet, the name is there without. */
static void add_port(struct compiler *c, const char *name, uint8_t protocol, uint16_t port, uint32_t target, const struct addr *addrs,
                     unsigned n)
{
	const struct port_names *names = names_of_port(c, name, protocol);
	if (c->options->svcb && n && names->count && protocol == PROTOCOL_TCP)
		add_service_binding(c, name, names->nodes[0]);
	for (unsigned i = 0; i < names->count; i++) {
		if (n)
			builder_srv(c->b, names->nodes[i], target, port, n);
		for (unsigned k = 0; k < n && c->options->compat & COMPAT_ANY_PORT; k++)
			builder_addr(c->b, names->nodes[i], &addrs[k]);
	}
}

/* The Service's ports, at these addresses of its own. */
static void add_service_ports(struct compiler *c, const struct addr *addrs, unsigned n)
{
	const struct service *s = c->service;
	for (unsigned i = 0; i < s->port_count; i++) {
		const struct service_port *p = &s->ports[i];
		if (n)
			builder_srv(c->b, 0, 0, p->port, n);
		add_port(c, p->name, p->protocol, p->port, 0, addrs, n);
	}
}

/* These n addresses of an endpoint are behind no port, but of a headless Service behind any; they count where weights are shared out. */
static void add_portless(struct compiler *c, uint32_t node, const struct addr *addrs, unsigned n)
{
	builder_pairs(c->b, node, n);
	if (!c->service->headless)
		return;
	uint32_t any = builder_node(c->b, (const uint8_t *)"\1_\1_", 4, ABSENCE_NONE);
	builder_pairs(c->b, 0, n);
	builder_pairs(c->b, any, n);
	for (unsigned i = 0; i < n; i++)
		builder_addr(c->b, any, &addrs[i]);
}

/* The ports of an endpoint known by this node, which has these n of its addresses. */
static void add_endpoint_ports(struct compiler *c, const struct endpoint *e, uint32_t node, const struct addr *addrs, unsigned n)
{
	if (c->options->compat & COMPAT_PORTLESS && !e->port_count)
		add_portless(c, node, addrs, n);
	for (unsigned i = 0; i < e->port_count; i++) {
		const struct endpoint_port *p = &e->ports[i];
		builder_srv(c->b, node, node, p->port, n);
		if (!c->service->headless)
			continue;
		builder_srv(c->b, 0, node, p->port, n);
		add_port(c, p->name, p->protocol, p->port, node, addrs, n);
	}
}

static enum absence absence_of(const struct endpoint *e)
{
	switch ((enum endpoint_state)e->state) {
	case ENDPOINT_READY:
		return ABSENCE_NONE;
	case ENDPOINT_NOT_READY:
		return ABSENCE_NOT_READY;
	case ENDPOINT_TERMINATING:
		return ABSENCE_TERMINATING;
	}
	return ABSENCE_NOT_READY;
}

/* One that is ready must have an address to be anything; one that is not may be a pod that has got none yet. */
static bool counts(const struct endpoint *e)
{
	return e->addr_count || e->state != ENDPOINT_READY;
}

/* One with a dot would be asked for as two labels. */
static bool is_one_label(const char *text)
{
	return text && is_label(text) && !strchr(text, '.');
}

/* What an endpoint is called; NULL: as its addresses. A pod's name may have dots, and be longer than a label. */
static const char *own_label(const struct compiler *c, const struct endpoint *e)
{
	if (is_one_label(e->hostname))
		return e->hostname;
	return c->options->endpoint_pod_names && is_one_label(e->target_name) ? e->target_name : NULL;
}

/* Appends the cluster that the endpoint of a cluster set is in, which has a name above it (RFC 8020): the new length. */
static size_t append_cluster(struct compiler *c, const struct endpoint *e, uint8_t *label, size_t len)
{
	if (!is_one_label(e->cluster))
		return len;
	size_t whole = append_label(label, len, "", e->cluster);
	if (!(c->options->compat & COMPAT_NO_NAMES_ABOVE))
		builder_node(c->b, label + len, whole - len, absence_of(e));
	return whole;
}

/* n addresses of the endpoint under one label. */
static void add_addrs(struct compiler *c, const struct endpoint *e, const struct addr *addrs, unsigned n, uint8_t *label, size_t len)
{
	len = append_cluster(c, e, label, len);
	uint32_t node = builder_node(c->b, label, len, absence_of(e));
	if (e->state != ENDPOINT_READY)
		return;
	if (e->home)
		builder_home(c->b, node);
	for (unsigned i = 0; i < n; i++)
		builder_addr(c->b, node, &addrs[i]);
	add_endpoint_ports(c, e, node, addrs, n);
}

static void add_endpoint(struct compiler *c, const struct endpoint *e)
{
	uint8_t label[BUILDER_NAME_MAX];
	const char *own = own_label(c, e);
	if (own) {
		size_t len = append_label(label, 0, "", own);
		add_addrs(c, e, e->addrs, e->addr_count, label, len);
		return;
	}
	for (unsigned i = 0; i < e->addr_count; i++) {
		size_t len = dashed_label(&e->addrs[i], label);
		add_addrs(c, e, &e->addrs[i], 1, label, len);
	}
}

/* Those with a label of their own come first, because an address's PTR leads to the first that has it. */
static void add_endpoints(struct compiler *c)
{
	const struct service_view *v = c->view;
	if (hides_endpoints(c))
		return;
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < v->count; i++)
			if (counts(&v->endpoints[i]) && !own_label(c, &v->endpoints[i]) == !own)
				add_endpoint(c, &v->endpoints[i]);
}

/* --- zones, where endpoints run --- */

/* The relative name of a zone, whose value may have dots: a label for each part. 0: a part is no label. */
static size_t zone_name(const char *zone, uint8_t wire[BUILDER_NAME_MAX])
{
	static const char suffix[] = "\3pin\5_zone";
	size_t len = 0;
	for (const char *at = zone;; at++) {
		size_t part = strcspn(at, ".");
		if (part == 0 || part > NAME_LABEL_MAX || len + 1 + part + sizeof suffix > BUILDER_NAME_MAX)
			return 0;
		wire[len] = (uint8_t)part;
		memcpy(wire + len + 1, at, part);
		len += 1 + part;
		at += part;
		if (!*at)
			break;
	}
	memcpy(wire + len, suffix, sizeof suffix - 1);
	return len + sizeof suffix - 1;
}

/* The endpoint's addresses under its own label, with its ports, at the zone's node too. */
static void add_to_zone(struct compiler *c, const struct endpoint *e, uint32_t zone, const struct addr *addrs, unsigned n,
                        const uint8_t *label, size_t len)
{
	uint32_t own = builder_node(c->b, label, len, ABSENCE_NONE);
	for (unsigned i = 0; i < n; i++)
		builder_addr(c->b, zone, &addrs[i]);
	for (unsigned i = 0; i < e->port_count; i++)
		builder_srv(c->b, zone, own, e->ports[i].port, n);
}

static void add_zone(struct compiler *c, const struct endpoint *e)
{
	uint8_t wire[BUILDER_NAME_MAX], label[BUILDER_NAME_MAX];
	size_t len = e->zone ? zone_name(e->zone, wire) : 0;
	const char *own = own_label(c, e);
	if (!len)
		return;
	uint32_t zone = builder_node(c->b, wire, len, ABSENCE_NONE);
	if (own) {
		len = append_label(label, 0, "", own);
		add_to_zone(c, e, zone, e->addrs, e->addr_count, label, len);
		return;
	}
	for (unsigned i = 0; i < e->addr_count; i++) {
		len = dashed_label(&e->addrs[i], label);
		add_to_zone(c, e, zone, &e->addrs[i], 1, label, len);
	}
}

/* What stands above the zones' names is there with the Service itself, whether it has endpoints or not. CoreDNS does not know the others
 * (RFC 8020); this one is what stands for a zone without endpoints. */
static void add_zones(struct compiler *c)
{
	static const char *const above[] = {"\3pin\5_zone", "\5_zone", "\6prefer\5_zone"};
	for (size_t i = 0; i < (c->options->compat & COMPAT_NO_NAMES_ABOVE ? 1 : ZONE_NAMES_ABOVE); i++)
		builder_node(c->b, (const uint8_t *)above[i], strlen(above[i]), ABSENCE_NONE);
	builder_zonal(c->b);
	for (size_t i = 0; i < c->view->count; i++)
		if (c->view->endpoints[i].state == ENDPOINT_READY)
			add_zone(c, &c->view->endpoints[i]);
}

/* The Service's own name is there as soon as one endpoint is. */
static void add_existence(struct compiler *c)
{
	for (size_t i = 0; i < c->view->count && !hides_endpoints(c); i++)
		if (counts(&c->view->endpoints[i]))
			builder_node(c->b, (const uint8_t *)"", 0, absence_of(&c->view->endpoints[i]));
}

static bool has_ready_endpoint(const struct compiler *c)
{
	for (size_t i = 0; i < c->view->count && !hides_endpoints(c); i++)
		if (counts(&c->view->endpoints[i]) && c->view->endpoints[i].state == ENDPOINT_READY)
			return true;
	return false;
}

static void add_cluster_ips(struct compiler *c)
{
	for (unsigned i = 0; i < c->service->cluster_ip_count; i++)
		builder_addr(c->b, 0, &c->service->cluster_ips[i]);
	if (c->options->ignore_empty_service)
		add_existence(c);
	if (!c->options->ignore_empty_service || has_ready_endpoint(c))
		add_service_ports(c, c->service->cluster_ips, c->service->cluster_ip_count);
}

/* An address is no host name, so nothing could follow a CNAME to it. */
static void add_external_name(struct compiler *c)
{
	const struct object *o = &c->service->object;
	const char *text = c->service->external_name ? c->service->external_name : "";
	struct addr addr;
	if (addr_parse(text, strlen(text), &addr) != OK && name_from_text(&c->target, text, strlen(text)) == OK && c->target.labels) {
		builder_node(c->b, (const uint8_t *)"", 0, ABSENCE_NONE);
		builder_cname(c->b, &c->target);
		return;
	}
	log_series_line(c->options->lines, LOG_WARNING, "Service %s/%s: externalName \"%s\" is not a host name, so the Service is NXDOMAIN",
	                o->ns, o->name, text);
}

/* The node "" stands for the host: it has no other name. */
static void add_ports_of_host(struct compiler *c)
{
	for (unsigned i = 0; i < c->service->port_count; i++) {
		const struct service_port *p = &c->service->ports[i];
		const struct port_names *names = names_of_port(c, p->name, p->protocol);
		for (unsigned k = 0; k < names->count; k++)
			builder_srv(c->b, names->nodes[k], 0, p->port, 1);
	}
}

/* A Service that is reached at a host name alone is a CNAME to it, and its ports lead there. */
static void add_external_host(struct compiler *c)
{
	const struct object *o = &c->service->object;
	const char *text = c->service->external_host;
	if (name_from_text(&c->target, text, strlen(text)) == OK && c->target.labels) {
		builder_node(c->b, (const uint8_t *)"", 0, ABSENCE_NONE);
		builder_cname(c->b, &c->target);
		add_ports_of_host(c);
		return;
	}
	log_series_line(c->options->lines, LOG_WARNING, "Service %s/%s: its external address \"%s\" is neither an address nor a host name",
	                o->ns, o->name, text);
}

static void add_external_ips(struct compiler *c)
{
	const struct service *s = c->service;
	builder_node(c->b, (const uint8_t *)"", 0, ABSENCE_NONE);
	for (unsigned i = 0; i < s->external_ip_count; i++)
		builder_addr(c->b, 0, &s->external_ips[i]);
	add_service_ports(c, s->external_ips, s->external_ip_count);
}

/* Endpoints of Services with a ClusterIP have names too, as in CoreDNS. */
static void add_external_endpoints(struct compiler *c)
{
	add_existence(c);
	if (c->service->headless)
		builder_unite(c->b);
	add_endpoints(c);
}

static void compile_external(struct compiler *c)
{
	const struct service *s = c->service;
	builder_external(c->b, s->external_ip_count);
	if (s->external_ip_count)
		add_external_ips(c);
	else if (s->external_host)
		add_external_host(c);
	else if (c->options->external_headless && s->type != SERVICE_EXTERNAL_NAME)
		add_external_endpoints(c);
}

static void compile(struct compiler *c)
{
	if (c->service->type == SERVICE_EXTERNAL_NAME) {
		add_external_name(c);
		return;
	}
	if (c->service->headless) {
		add_existence(c);
		builder_unite(c->b); /* it has the addresses of all endpoints */
	} else {
		add_cluster_ips(c);
	}
	add_endpoints(c);
	if (c->service->headless && c->options->zonal && !hides_endpoints(c) && c->service->object.kind == OBJECT_SERVICE)
		add_zones(c);
}

static struct builder_bounds bounds_of(const struct service_view *v, const struct compile_options *options)
{
	const struct service *s = v->service;
	const size_t names = options->compat & COMPAT_ANY_PORT ? PORT_NAMES_MAX : 1; /* of a port, each with one above it */
	const size_t copies = options->compat & COMPAT_ANY_PORT ? names : 0;         /* of a port's addresses */
	const size_t own = options->external ? s->external_ip_count : s->cluster_ip_count;
	struct builder_bounds most = {
	        .addrs = own * (1 + copies * s->port_count),
	        .nodes = 2 * names * s->port_count,
	        .srvs = (1 + names) * s->port_count,
	};
	const struct endpoint_port *ports = NULL;
	const bool zonal = options->zonal && s->headless; /* of a cluster set too, for simplicity */
	most.nodes += (zonal ? ZONE_NAMES_ABOVE : 0u) + (options->compat & COMPAT_PORTLESS ? 1u : 0u);
	for (size_t i = 0; i < v->count; i++) {
		const struct endpoint *e = &v->endpoints[i];
		size_t sockets = (size_t)e->addr_count * e->port_count;
		most.addrs += e->addr_count + copies * (sockets ? sockets : e->addr_count);
		most.nodes += (e->addr_count ? e->addr_count : 1u) + (e->cluster ? 1 : 0);
		most.srvs += (s->headless ? 2 + names : 1) * sockets;
		if (s->headless && e->ports != ports)
			most.nodes += 2 * names * e->port_count;
		ports = e->ports;
		if (!zonal || !e->zone)
			continue;
		most.nodes++;
		most.addrs += e->addr_count;
		most.srvs += sockets;
	}
	return most;
}

/* Why the Service's own name is absent as long as nothing says that it is there. */
static enum absence absence_at_first(const struct service *s, const struct compile_options *options)
{
	if (options->external)
		return ABSENCE_NOT_EXTERNAL;
	if (s->type == SERVICE_EXTERNAL_NAME)
		return ABSENCE_NO_TARGET;
	if (!s->headless && !options->ignore_empty_service)
		return ABSENCE_NONE;
	return is_hidden(options, s) ? ABSENCE_NOT_SERVED : ABSENCE_NO_ENDPOINTS;
}

enum err compile_service(const struct service_view *view, const struct compile_options *options, struct generation **out)
{
	const struct object *o = &view->service->object;
	struct builder_bounds most = bounds_of(view, options);
	*out = NULL;
	if (!is_label(o->ns) || !is_label(o->name))
		return ERR_RANGE;
	struct compiler c = {.service = view->service, .view = view, .options = options};
	c.b = builder_new(&most, o->ns, o->name, absence_at_first(view->service, options));
	if (!c.b)
		return ERR_NOMEM;
	if (options->external)
		compile_external(&c);
	else
		compile(&c);
	*out = builder_finish(c.b);
	builder_free(c.b);
	return *out ? OK : ERR_NOMEM;
}
