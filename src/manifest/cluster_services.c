#include "manifest/cluster_services.h"
#include <stdlib.h>
#include <string.h>

#define API_NUMBER 1 /* of the address in the range */
#define DNS_NUMBER 10
#define RANGE_MIN  16
#define PORTS_MAX  2

struct cluster_service {
	const char *ns, *name;
	uint64_t number;
	struct label selector; /* key NULL: none, its endpoints are no pods */
	struct service_port ports[PORTS_MAX];
	uint16_t port_count;
};

static const struct cluster_service cluster_services[] = {
        {
                .ns = "default",
                .name = "kubernetes",
                .number = API_NUMBER,
                .ports = {{.name = "https", .port = 443, .target_port = 6443, .protocol = PROTOCOL_TCP}},
                .port_count = 1,
        },
        {
                .ns = "kube-system",
                .name = "kube-dns",
                .number = DNS_NUMBER,
                .selector = {"k8s-app", "kube-dns"},
                .ports = {{.name = "dns", .port = 53, .target_port = 53, .protocol = PROTOCOL_UDP},
                          {.name = "dns-tcp", .port = 53, .target_port = 53, .protocol = PROTOCOL_TCP}},
                .port_count = 2,
        },
};

struct addr cluster_dns_address(const struct cidr *service_cidr)
{
	struct addr a = service_cidr->base;
	if (!cidr_nth(service_cidr, DNS_NUMBER, &a))
		cidr_nth(service_cidr, cidr_size(service_cidr) - 1, &a);
	return a;
}

static bool has(const struct manifest *m, const struct cluster_service *wanted)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct object *o = m->objects[i];
		if (o->kind == OBJECT_SERVICE && strcmp(o->name, wanted->name) == 0 && strcmp(o->ns, wanted->ns) == 0)
			return true;
	}
	return false;
}

/* False: out of memory. However much of it there is, it is the Service's. */
static bool fill(struct service *s, const struct cluster_service *from, const struct cidr *service_cidr, struct intern *pool)
{
	bool whole = true;
	s->object.ns = intern_str(pool, from->ns);
	s->object.name = intern_str(pool, from->name);
	if (from->selector.key)
		s->selector = label_set_intern(pool, &from->selector, 1);
	s->ports = calloc(from->port_count, sizeof *s->ports);
	for (; s->ports && s->port_count < from->port_count; s->port_count++) {
		struct service_port *p = &s->ports[s->port_count];
		*p = from->ports[s->port_count];
		p->name = intern_str(pool, p->name);
		whole = whole && p->name;
	}
	s->cluster_ip_count = cidr_nth(service_cidr, from->number, &s->cluster_ips[0]);
	return whole && s->object.ns && s->object.name && s->ports && (s->selector || !from->selector.key);
}

static enum err add(struct manifest *m, const struct cluster_service *from, const struct cidr *service_cidr, struct intern *pool)
{
	struct object **grown = realloc(m->objects, (m->count + 1) * sizeof *grown);
	struct object *o = grown ? object_new(OBJECT_SERVICE) : NULL;
	if (grown)
		m->objects = grown;
	if (!o || !fill((struct service *)o, from, service_cidr, pool)) {
		object_free(o, pool);
		return ERR_NOMEM;
	}
	m->objects[m->count++] = o;
	return OK;
}

enum err cluster_services_add(struct manifest *m, const struct cidr *service_cidr, struct intern *pool)
{
	enum err err = OK;
	if (cidr_size(service_cidr) < RANGE_MIN)
		return OK;
	for (size_t i = 0; i < sizeof cluster_services / sizeof *cluster_services && !err; i++) {
		if (!has(m, &cluster_services[i]))
			err = add(m, &cluster_services[i], service_cidr, pool);
	}
	return err;
}
