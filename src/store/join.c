#include "records.h"
#include <stdlib.h>
#include <string.h>

#define FAMILY_V4    1
#define FAMILY_V6    2
#define FAMILY_BOTH  (FAMILY_V4 | FAMILY_V6)
#define MS_PER_S     1000u
#define RECENT_PORTS 8 /* how far to look back for an equal resolution; more templates than that behind one Service are rare */

/* The ports of one or more endpoints. */
struct port_list {
	struct port_list *next;
	const struct pod_ports *of; /* in which named targets were looked up; NULL: none of that pod, or no target has a name */
	uint16_t count;
	struct endpoint_port ports[];
};

static void join_reset(struct join *j)
{
	while (j->ports) {
		struct port_list *next = j->ports->next;
		free(j->ports);
		j->ports = next;
	}
	j->count = 0;
	pod_zones_clear(&j->zones);
}

void join_free(struct join *j)
{
	join_reset(j);
	free(j->endpoints);
	pod_zones_free(&j->zones);
	*j = (struct join){0};
}

static enum err append(struct join *j, struct endpoint e)
{
	if (j->count == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 16;
		struct endpoint *endpoints = realloc(j->endpoints, cap * sizeof(*endpoints));
		if (!endpoints)
			return ERR_NOMEM;
		j->endpoints = endpoints;
		j->cap = cap;
	}
	j->endpoints[j->count++] = e;
	return OK;
}

static struct port_list *add_ports(struct join *j, size_t room)
{
	struct port_list *l = malloc(sizeof(*l) + room * sizeof(l->ports[0]));
	if (!l)
		return NULL;
	l->next = j->ports;
	l->of = NULL;
	l->count = 0;
	j->ports = l;
	return l;
}

/* --- Pods --- */

const struct label_set *join_selector(const struct service *service)
{
	return service->type == SERVICE_EXTERNAL_NAME ? NULL : service->selector;
}

bool join_pod_is_over(const struct pod *pod)
{
	return pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED;
}

static unsigned family_bit(const struct addr *a)
{
	return a->family == ADDR_V4 ? FAMILY_V4 : FAMILY_V6;
}

static unsigned service_families(const struct service *svc)
{
	unsigned families = svc->families;
	for (size_t i = 0; !svc->families && i < svc->cluster_ip_count; i++)
		families |= family_bit(&svc->cluster_ips[i]);
	return families ? families : FAMILY_BOTH;
}

static bool has_named_target(const struct service *svc)
{
	for (size_t i = 0; i < svc->port_count; i++)
		if (svc->ports[i].target_name)
			return true;
	return false;
}

/* The number of the container port that p targets; 0: the pod has none of that name and protocol. */
static uint16_t target_port(const struct service_port *p, const struct pod_ports *ports)
{
	if (!p->target_name)
		return p->target_port;
	for (uint32_t i = 0; ports && i < ports->count; i++)
		if (ports->ports[i].name == p->target_name && ports->ports[i].protocol == p->protocol)
			return ports->ports[i].port;
	return 0;
}

static const struct port_list *resolve_ports(struct join *j, const struct service *svc, const struct pod_ports *of)
{
	struct port_list *l = j->ports;
	for (int i = 0; l && i < RECENT_PORTS; i++, l = l->next)
		if (l->of == of)
			return l;
	l = add_ports(j, svc->port_count);
	if (!l)
		return NULL;
	l->of = of;
	for (size_t i = 0; i < svc->port_count; i++) {
		const struct service_port *p = &svc->ports[i];
		uint16_t port = target_port(p, of);
		if (port)
			l->ports[l->count++] = (struct endpoint_port){p->name, port, p->protocol};
	}
	return l;
}

bool join_pod_is_ready(const struct service *svc, const struct pod *pod)
{
	return !join_pod_is_over(pod) && pod->ip_count && (svc->publish_not_ready || (pod->ready && !pod->deleting));
}

static enum endpoint_state pod_state(const struct service *svc, const struct pod *pod)
{
	if (join_pod_is_ready(svc, pod))
		return ENDPOINT_READY;
	return pod->deleting ? ENDPOINT_TERMINATING : ENDPOINT_NOT_READY;
}

/* The pod's addresses of these families: of two one after the other, so none is copied. */
static void set_addrs(struct endpoint *e, const struct pod *pod, unsigned families)
{
	uint8_t first = 0, end;
	while (first < pod->ip_count && !(families & family_bit(&pod->ips[first])))
		first++;
	for (end = first; end < pod->ip_count && families & family_bit(&pod->ips[end]);)
		end++;
	e->addrs = &pod->ips[first];
	e->addr_count = (uint8_t)(end - first);
}

static enum err add_pod(struct join *j, const struct service *svc, const struct pod *pod, unsigned families, bool named_targets)
{
	if (join_pod_is_over(pod))
		return OK;
	const struct port_list *ports = resolve_ports(j, svc, named_targets ? pod->ports : NULL);
	if (!ports)
		return ERR_NOMEM;
	bool home = pod->subdomain == svc->object.name;
	struct endpoint e = {
	        .state = (uint8_t)pod_state(svc, pod),
	        .port_count = ports->count,
	        .home = home,
	        .hostname = home && pod->hostname && *pod->hostname ? pod->hostname : NULL,
	        .target_name = pod->object.name,
	        .changed_ms = (uint64_t)pod->object.changed_s * MS_PER_S,
	        .zone = pod_zones_find(&j->zones, pod->object.name),
	        .ports = ports->ports,
	};
	set_addrs(&e, pod, families);
	return pod->ip_count && !e.addr_count ? OK : append(j, e);
}

bool join_has_zones(const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->subset_count; i++)
		for (size_t k = 0; k < slice->subsets[i].endpoint_count; k++)
			if (slice->subsets[i].endpoints[k].zone)
				return true;
	return false;
}

static enum err read_zones(struct join *j, const struct service_entry *e)
{
	for (size_t i = 0; i < e->slice_count; i++)
		if (pod_zones_add(&j->zones, (const struct endpoint_slice *)e->slices[i]->object))
			return ERR_NOMEM;
	pod_zones_sort(&j->zones);
	return OK;
}

static enum err add_pods(struct join *j, const struct service_entry *e)
{
	if (read_zones(j, e))
		return ERR_NOMEM;
	unsigned families = service_families(e->service);
	bool named_targets = has_named_target(e->service);
	struct podset_cursor at = {0};
	for (struct pod *pod; (pod = podset_each(&e->pods, &at));)
		if (add_pod(j, e->service, pod, families, named_targets))
			return ERR_NOMEM;
	return OK;
}

/* --- slices --- */

bool join_uses(const struct store *s, const struct service_entry *e, const struct endpoint_slice *slice)
{
	if (!e->service || e->service->type == SERVICE_EXTERNAL_NAME)
		return false;
	if (slice->object.kind == OBJECT_ENDPOINTS)
		return !e->service->selector && !slice->skip_mirror && !e->slice_count;
	return !e->service->selector || slice->object.kind == OBJECT_ENDPOINT_SLICE || s->by_slices;
}

static enum err add_subset(struct join *j, const struct endpoint_subset *subset, const char *cluster, uint64_t changed_ms)
{
	struct port_list *l = add_ports(j, subset->port_count);
	if (!l)
		return ERR_NOMEM;
	for (size_t i = 0; i < subset->port_count; i++) {
		const struct slice_port *p = &subset->ports[i];
		if (p->has_port)
			l->ports[l->count++] = (struct endpoint_port){p->name, p->port, p->protocol};
	}
	for (size_t i = 0; i < subset->endpoint_count; i++) {
		const struct slice_endpoint *from = &subset->endpoints[i];
		struct endpoint e = {
		        .state = from->ready && from->addr_count ? ENDPOINT_READY : ENDPOINT_NOT_READY,
		        .addr_count = from->addr_count,
		        .port_count = l->count,
		        .addrs = from->addrs,
		        .home = from->hostname,
		        .hostname = from->hostname,
		        .target_name = from->target_name,
		        .cluster = cluster,
		        .changed_ms = changed_ms,
		        .zone = from->zone,
		        .ports = l->ports,
		};
		if (append(j, e))
			return ERR_NOMEM;
	}
	return OK;
}

static uint64_t changed_ms(const struct endpoint_slice *slice)
{
	return (uint64_t)slice->object.changed_s * MS_PER_S + slice->changed_ms;
}

static enum err add_slice(struct join *j, const struct store *s, const struct service_entry *e, const struct endpoint_slice *slice)
{
	bool import = e->kind == OBJECT_SERVICE_IMPORT;
	if (!import && !join_uses(s, e, slice))
		return OK;
	for (size_t i = 0; i < slice->subset_count; i++)
		if (add_subset(j, &slice->subsets[i], import ? slice->cluster : NULL, changed_ms(slice)))
			return ERR_NOMEM;
	return OK;
}

static enum err add_slices(struct join *j, const struct store *s, const struct service_entry *e)
{
	for (size_t i = 0; i < e->slice_count; i++)
		if (add_slice(j, s, e, (const struct endpoint_slice *)e->slices[i]->object))
			return ERR_NOMEM;
	for (const struct held *h = e->held; h; h = h->next)
		if (add_slice(j, s, e, h->slice))
			return ERR_NOMEM;
	return e->endpoints ? add_slice(j, s, e, (const struct endpoint_slice *)e->endpoints->object) : OK;
}

/* Pods first: a slice's ports name no pod_ports, and must not be found as the resolution of a pod. */
enum err join_build(struct join *j, const struct store *s, const struct service_entry *e, struct service_view *view)
{
	join_reset(j);
	if ((!s->by_slices && add_pods(j, e)) || add_slices(j, s, e))
		return ERR_NOMEM;
	*view = (struct service_view){.service = e->service, .endpoints = j->endpoints, .count = j->count};
	return OK;
}
