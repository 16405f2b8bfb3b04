#include "decode.h"
#include <stdlib.h>
#include <string.h>

/* Named ports while they are gathered over the containers. */
struct gathered {
	struct pod_ports *ports;
	size_t cap;
};

static size_t ports_bytes(size_t count)
{
	return sizeof(struct pod_ports) + count * sizeof(struct pod_port);
}

static void gather(struct decoder *d, struct gathered *g, struct pod_port port)
{
	if (!g->ports || g->ports->count == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 4;
		struct pod_ports *grown = decoder_grow(d, g->ports, ports_bytes(cap));
		if (!grown)
			return;
		if (!g->cap)
			*grown = (struct pod_ports){0};
		*g = (struct gathered){grown, cap};
	}
	g->ports->ports[g->ports->count++] = port;
}

static void container_ports_decode(struct decoder *d, const struct field *container, struct gathered *g)
{
	struct field list = field_member(d, container, "ports"), item = {0};
	while (field_next(d, &list, &item)) {
		struct field name = field_member(d, &item, "name"), number = field_member(d, &item, "containerPort");
		unsigned lost = d->lost;
		struct pod_port port = {
		        .name = field_check(d, &name, field_text(d, &name), FORM_PORT_NAME),
		        .port = field_port(d, &number),
		        .protocol = protocol_decode(d, &item),
		};
		if (port.name && !d->err && d->lost == lost)
			gather(d, g, port);
	}
}

/* Init containers that run beside the others ("sidecars") serve too; the other ones are gone before the pod is ready. */
static bool is_sidecar(struct decoder *d, const struct field *container)
{
	struct field policy = field_member(d, container, "restartPolicy");
	const char *text = field_text(d, &policy);
	return text && strcmp(text, "Always") == 0;
}

static void unref_names(struct intern *pool, const struct pod_ports *ports)
{
	for (uint32_t i = 0; i < ports->count; i++)
		intern_unref(pool, ports->ports[i].name);
}

/* False: out of memory; then as many ports as have a name are left. */
static bool intern_names(struct intern *pool, struct pod_ports *ports)
{
	for (uint32_t i = 0; i < ports->count; i++) {
		ports->ports[i].name = intern_str(pool, ports->ports[i].name);
		if (!ports->ports[i].name) {
			ports->count = i;
			return false;
		}
	}
	return true;
}

const struct pod_ports *pod_ports_intern(struct intern *pool, const struct pod_port *ports, size_t n)
{
	const struct pod_ports *set = NULL;
	struct pod_ports *draft = n ? calloc(1, ports_bytes(n)) : NULL;
	if (!draft)
		return NULL;
	draft->count = (uint32_t)n;
	memcpy(draft->ports, ports, n * sizeof *ports);
	if (intern_names(pool, draft))
		set = intern_bytes(pool, draft, ports_bytes(n));
	if (!set || intern_refs(set) > 1) /* what was there already holds references of its own */
		unref_names(pool, draft);
	free(draft);
	return set;
}

void pod_ports_unref(struct intern *pool, const struct pod_ports *ports)
{
	if (ports && intern_refs(ports) == 1)
		unref_names(pool, ports);
	intern_unref(pool, ports);
}

static const struct pod_ports *ports_decode(struct decoder *d, const struct field *spec)
{
	struct field containers = field_member(d, spec, "containers"), inits = field_member(d, spec, "initContainers");
	struct field container = {0}, init = {0};
	struct gathered g = {0};
	const struct pod_ports *ports = NULL;
	while (field_next(d, &containers, &container))
		container_ports_decode(d, &container, &g);
	while (field_next(d, &inits, &init))
		if (is_sidecar(d, &init))
			container_ports_decode(d, &init, &g);
	if (g.ports && !d->err) {
		ports = pod_ports_intern(d->pool, g.ports->ports, g.ports->count);
		if (!ports)
			decoder_out_of_memory(d);
	}
	free(g.ports);
	return ports;
}

/* The pod's, made if need be; NULL on error. */
static struct pod_manifest *manifest_of(struct decoder *d, struct pod *p)
{
	if (!p->manifest)
		p->manifest = decoder_alloc(d, 1, sizeof *p->manifest);
	return (struct pod_manifest *)p->manifest;
}

static void set_dns(struct decoder *d, struct pod *p, struct pod_dns *dns)
{
	struct pod_manifest *m = dns ? manifest_of(d, p) : NULL;
	if (m)
		m->dns = dns;
	else
		pod_dns_free(dns);
}

static void pod_owner_decode(struct decoder *d, const struct field *meta, struct pod *p)
{
	const char *kind = NULL, *name = NULL;
	struct pod_manifest *m;
	owner_decode(d, meta, &kind, &name);
	m = kind || name ? manifest_of(d, p) : NULL;
	if (m) {
		m->owner_kind = kind;
		m->owner_name = name;
	} else {
		intern_unref(d->pool, kind);
		intern_unref(d->pool, name);
	}
}

/* Where it runs, and whether with its node's addresses. */
static void place_decode(struct decoder *d, const struct field *spec, struct pod *p)
{
	struct field node = field_member(d, spec, "nodeName"), network = field_member(d, spec, "hostNetwork");
	const char *name = field_check(d, &node, field_text(d, &node), FORM_SUBDOMAIN);
	struct pod_manifest *m = name ? manifest_of(d, p) : NULL;
	p->host_network = field_bool(d, &network, false);
	if (m)
		m->node = decoder_intern(d, name);
}

void pod_spec_decode(struct decoder *d, const struct field *spec, struct pod *p)
{
	struct field hostname = field_member(d, spec, "hostname"), subdomain = field_member(d, spec, "subdomain");
	p->hostname = field_intern(d, &hostname, FORM_LABEL);
	p->subdomain = field_intern(d, &subdomain, FORM_LABEL);
	p->ports = ports_decode(d, spec);
	set_dns(d, p, pod_dns_decode(d, spec));
	place_decode(d, spec, p);
}

static bool has_family(const struct pod *p, uint8_t family)
{
	return (p->ip_count > 0 && p->ips[0].family == family) || (p->ip_count > 1 && p->ips[1].family == family);
}

/* podIP is the first of podIPs: it counts where that list has none of its family. */
static void ips_decode(struct decoder *d, const struct field *status, struct pod *p)
{
	struct field list = field_member(d, status, "podIPs"), item = {0}, one = field_member(d, status, "podIP");
	struct addr a;
	(void)field_list_size(d, &list, POD_IPS_MAX);
	while (p->ip_count < POD_IPS_MAX && field_next(d, &list, &item)) {
		struct field ip = field_member(d, &item, "ip");
		if (field_addr(d, &ip, &a))
			p->ips[p->ip_count++] = a;
	}
	if (p->ip_count < POD_IPS_MAX && field_addr(d, &one, &a) && !has_family(p, a.family))
		p->ips[p->ip_count++] = a;
}

bool condition_decode(struct decoder *d, const struct field *status, const char *wanted)
{
	struct field list = field_member(d, status, "conditions"), item = {0};
	while (field_next(d, &list, &item)) {
		struct field type = field_member(d, &item, "type"), value = field_member(d, &item, "status");
		const char *type_text = field_text(d, &type), *value_text = field_text(d, &value);
		if (type_text && strcmp(type_text, wanted) == 0)
			return value_text && strcmp(value_text, "True") == 0;
	}
	return false;
}

static uint8_t phase_decode(struct decoder *d, const struct field *phase)
{
	static const char *const phases[] = {[POD_UNKNOWN] = "Unknown",     [POD_PENDING] = "Pending", [POD_RUNNING] = "Running",
	                                     [POD_SUCCEEDED] = "Succeeded", [POD_FAILED] = "Failed",   NULL};
	return (uint8_t)field_choice(d, phase, phases, POD_PENDING);
}

void pod_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct pod *p = (struct pod *)o;
	struct field meta = field_member(d, root, "metadata"), deletion = field_member(d, &meta, "deletionTimestamp");
	struct field spec = field_member(d, root, "spec"), status = field_member(d, root, "status"),
	             phase = field_member(d, &status, "phase");
	p->deleting = field_text(d, &deletion);
	pod_owner_decode(d, &meta, p);
	pod_spec_decode(d, &spec, p);
	p->observed = field_is_set(d, &phase);
	p->phase = phase_decode(d, &phase);
	p->ready = condition_decode(d, &status, "Ready");
	ips_decode(d, &status, p);
}

static void free_manifest(struct pod_manifest *m, struct intern *pool)
{
	if (!m)
		return;
	intern_unref(pool, m->owner_kind);
	intern_unref(pool, m->owner_name);
	intern_unref(pool, m->node);
	pod_dns_free((struct pod_dns *)m->dns);
	free(m);
}

void pod_clear(struct object *o, struct intern *pool)
{
	struct pod *p = (struct pod *)o;
	intern_unref(pool, p->hostname);
	intern_unref(pool, p->subdomain);
	pod_ports_unref(pool, p->ports);
	free_manifest((struct pod_manifest *)p->manifest, pool);
}
