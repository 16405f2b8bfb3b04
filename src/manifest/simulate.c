#include "simulate.h"
#include "address_set.h"
#include "manifest/cluster_services.h"
#include "workload_pods.h"
#include <stdlib.h>
#include <string.h>

struct simulation {
	struct manifest *m;
	const struct manifest_options *options;
	struct diag *diag;
	const struct object **about;
	struct address_set used;
	const struct service **v6; /* those with IPv6 */
	size_t v6_count;
	const struct cluster_node **nodes; /* by name */
	size_t node_count;
};

/* --- addresses in use --- */

static enum err use(struct simulation *s, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (address_set_add(&s->used, &addrs[i]))
			return diag_no_memory(s->diag);
	}
	return OK;
}

static enum err use_slice(struct simulation *s, const struct endpoint_slice *slice)
{
	enum err err = OK;
	for (uint32_t i = 0; i < slice->subset_count; i++) {
		const struct endpoint_subset *subset = &slice->subsets[i];
		for (uint32_t k = 0; k < subset->endpoint_count && !err; k++)
			err = use(s, subset->endpoints[k].addrs, subset->endpoints[k].addr_count);
	}
	return err;
}

static enum err use_object(struct simulation *s, const struct object *o)
{
	const struct service *service = (const struct service *)o;
	const struct pod *pod = (const struct pod *)o;
	const struct cluster_node *node = (const struct cluster_node *)o;
	switch (o->kind) {
	case OBJECT_SERVICE:
		return use(s, service->cluster_ips, service->cluster_ip_count);
	case OBJECT_POD:
		return use(s, pod->ips, pod->ip_count);
	case OBJECT_NODE:
		return use(s, node->ips, node->ip_count);
	case OBJECT_ENDPOINT_SLICE:
	case OBJECT_CONTROLLER_SLICE:
	case OBJECT_ENDPOINTS:
		return use_slice(s, (const struct endpoint_slice *)o);
	default:
		return OK;
	}
}

static enum err use_all(struct simulation *s)
{
	enum err err = OK;
	for (size_t i = 0; i < s->m->count && !err; i++)
		err = use_object(s, s->m->objects[i]);
	return err;
}

/* What every cluster has gets the addresses that it has everywhere, but those that somebody else has been given. */
static enum err add_cluster_services(struct simulation *s, struct intern *pool)
{
	size_t given = s->m->count;
	enum err err;
	if (!s->options->cluster_services || s->m->observed)
		return OK;
	if (cluster_services_add(s->m, &s->options->service_cidr, pool))
		return diag_no_memory(s->diag);
	for (size_t i = given; i < s->m->count; i++) {
		struct service *service = (struct service *)s->m->objects[i];
		if (address_set_has(&s->used, &service->cluster_ips[0]))
			service->cluster_ip_count = 0;
		err = use_object(s, &service->object);
		if (err)
			return err;
	}
	return OK;
}

/* --- new addresses --- */

/* Appends to the object's *n addresses. */
static enum err pick(struct simulation *s, const struct object *o, const struct cidr *range, uint64_t reserved, const char *option,
                     struct addr *addrs, uint8_t *n)
{
	char base[ADDR_TEXT_MAX];
	enum err err = address_set_pick(&s->used, range, reserved, o->ns, o->name, &addrs[*n]);
	if (err == ERR_NOMEM)
		return diag_no_memory(s->diag);
	if (err) {
		*s->about = o;
		addr_format(&range->base, base);
		return diag_set(s->diag, err, "%s %s/%s: no address of %s/%u is left for it; give a larger %s", object_kind_name(o->kind),
		                o->ns, o->name, base, range->prefix, option);
	}
	(*n)++;
	return OK;
}

/* The lower addresses of a Service range are for those who choose one themselves (10.0.0.10 for kube-dns): KEP-3070. */
static uint64_t reserved_of(const struct cidr *range)
{
	uint64_t part = cidr_size(range) / 16;
	return part < 16 ? 16 : part > 256 ? 256 : part;
}

#define FAMILY_V4 1u
#define FAMILY_V6 2u

static unsigned families_of(const struct addr *addrs, size_t n)
{
	unsigned families = 0;
	for (size_t i = 0; i < n; i++)
		families |= addrs[i].family == ADDR_V4 ? FAMILY_V4 : FAMILY_V6;
	return families;
}

static enum err pick_for_service(struct simulation *s, struct service *service, const struct cidr *range, const char *option)
{
	return pick(s, &service->object, range, reserved_of(range), option, service->cluster_ips, &service->cluster_ip_count);
}

/* A Service gets one address of each family that it wants and has not got. */
static enum err address_service(struct simulation *s, struct service *service)
{
	unsigned has = families_of(service->cluster_ips, service->cluster_ip_count), lacks;
	enum err err = OK;
	if (service->type != SERVICE_CLUSTER_IP || service->headless || service->cluster_ip_count == 2)
		return OK;
	lacks = (service->families || has ? service->families : FAMILY_V4) & ~has;
	if (lacks & FAMILY_V4)
		err = pick_for_service(s, service, &s->options->service_cidr, "--service-cidr");
	if (!err && lacks & FAMILY_V6)
		err = pick_for_service(s, service, &s->options->service_cidr6, "IPv6 service range");
	return err;
}

/* Some Service that selects it has IPv6 among its ipFamilies. */
static bool wants_v6(const struct simulation *s, const struct pod *p)
{
	for (size_t i = 0; i < s->v6_count; i++) {
		if (s->v6[i]->object.ns == p->object.ns && selector_matches(s->v6[i]->selector, p->object.labels))
			return true;
	}
	return false;
}

static int finds_node(const void *key, const void *node)
{
	return strcmp(key, (*(const struct cluster_node *const *)node)->object.name);
}

/* Gives a pod with hostNetwork the addresses of its node. False: it has none from there. */
static bool share_node(const struct simulation *s, struct pod *p)
{
	const char *name = p->manifest && p->host_network ? p->manifest->node : NULL;
	const struct cluster_node *const *node =
	        name && s->node_count ? bsearch(name, s->nodes, s->node_count, sizeof *s->nodes, finds_node) : NULL;
	if (!node)
		return false;
	p->ip_count = (*node)->ip_count;
	memcpy(p->ips, (*node)->ips, sizeof p->ips);
	return p->ip_count;
}

static enum err address_pod(struct simulation *s, struct pod *p)
{
	enum err err;
	if (p->observed || p->ip_count || share_node(s, p))
		return OK;
	err = pick(s, &p->object, &s->options->pod_cidr, 0, "--pod-cidr", p->ips, &p->ip_count);
	if (err || !wants_v6(s, p))
		return err;
	return pick(s, &p->object, &s->options->pod_cidr6, 0, "IPv6 pod range", p->ips, &p->ip_count);
}

static int by_name(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
	int order = strcmp(x->ns, y->ns);
	return order ? order : strcmp(x->name, y->name);
}

/* Services first, because those with IPv6 decide over the pods' addresses. objects are sorted. */
static enum err address_all(struct simulation *s, struct object *const *objects, size_t n)
{
	enum err err = OK;
	for (size_t i = 0; i < n && !err; i++) {
		struct service *service = (struct service *)objects[i];
		if (objects[i]->kind == OBJECT_NODE)
			s->nodes[s->node_count++] = (const struct cluster_node *)objects[i];
		if (objects[i]->kind != OBJECT_SERVICE)
			continue;
		if (service->families & FAMILY_V6)
			s->v6[s->v6_count++] = service;
		err = address_service(s, service);
	}
	for (size_t i = 0; i < n && !err; i++) {
		if (objects[i]->kind == OBJECT_POD)
			err = address_pod(s, (struct pod *)objects[i]);
	}
	return err;
}

/* In the order of names, so that who of two gets an address does not hang on the order of files. */
static enum err address_in_order(struct simulation *s)
{
	size_t n = s->m->count;
	struct object **sorted = calloc(n + 1, sizeof *sorted);
	enum err err = ERR_NOMEM;
	s->v6 = calloc(n + 1, sizeof *s->v6);
	s->nodes = calloc(n + 1, sizeof *s->nodes);
	if (!sorted || !s->v6 || !s->nodes) {
		diag_no_memory(s->diag);
		goto done;
	}
	if (n)
		memcpy(sorted, s->m->objects, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_name);
	err = address_all(s, sorted, n);
done:
	free(s->v6);
	free(s->nodes);
	free(sorted);
	return err;
}

/* --- the whole --- */

/* What was written and never observed is run. */
static void start_pods(struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct pod *p = (struct pod *)m->objects[i];
		if (p->object.kind != OBJECT_POD || p->observed || p->ip_count)
			continue;
		p->phase = POD_RUNNING;
		p->ready = true;
	}
}

enum err simulate_cluster(struct manifest *m, const struct manifest_options *options, struct intern *pool, struct diag *d,
                          const struct object **about)
{
	struct simulation s = {.m = m, .options = options, .diag = d, .about = about};
	enum err err;
	*about = NULL;
	err = use_all(&s);
	if (!err)
		err = add_cluster_services(&s, pool);
	if (!err)
		err = workload_pods_add(m, &options->pod_cidr, pool, d, about);
	if (!err) {
		start_pods(m);
		err = address_in_order(&s);
	}
	address_set_free(&s.used);
	return err;
}
