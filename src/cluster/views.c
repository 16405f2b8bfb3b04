#include "views.h"
#include <stdlib.h>
#include <string.h>

/* A configuration promises what a zone keeps; config does not know zone. */
_Static_assert(KUBERNETES_ZONES_MAX == ZONE_ORIGINS_MAX && KUBERNETES_ZONE_MAX == ZONE_ORIGIN_MAX, "as many zones, and as long ones");

/* --- what the configuration says --- */

static enum zone_pods zone_pods_of(enum kubernetes_pods pods)
{
	switch (pods) {
	case KUBERNETES_PODS_DISABLED:
		return ZONE_PODS_DISABLED;
	case KUBERNETES_PODS_INSECURE:
		return ZONE_PODS_INSECURE;
	case KUBERNETES_PODS_VERIFIED:
		return ZONE_PODS_VERIFIED;
	}
	return ZONE_PODS_DISABLED;
}

/* A bit for each difference; none where ours counts. */
static uint16_t compat_of(const struct kubernetes_options *o)
{
	return o->compat_coredns ? COMPAT_COREDNS : 0;
}

/* False: out of memory, or the zones are not as they must be. */
static bool add(struct views *v, const struct zone_options *zone, const struct compile_options *compile)
{
	struct view *one = &v->all[v->count];
	*one = (struct view){.zone = zone_new(zone), .compile = *compile, .services_only = compile->external};
	v->count += one->zone != NULL;
	return one->zone;
}

static bool add_own(struct views *v, const struct kubernetes_options *o, struct log_series *lines)
{
	return add(v,
	           &(struct zone_options){
	                   .origins = o->zones.names,
	                   .origin_count = o->zones.count,
	                   .cluster_sets = o->multicluster.names,
	                   .cluster_set_count = o->multicluster.count,
	                   .ttl_s = o->ttl_s,
	                   .negative_ttl_s = o->negative_ttl_s,
	                   .pods = zone_pods_of(o->pods),
	                   .compat = compat_of(o),
	           },
	           &(struct compile_options){
	                   .endpoint_pod_names = o->endpoint_pod_names,
	                   .noendpoints = o->noendpoints,
	                   .ignore_empty_service = o->ignore_empty_service,
	                   .zonal = o->zonal,
	                   .svcb = o->svcb,
	                   .compat = compat_of(o),
	                   .lines = lines,
	           });
}

static bool add_external(struct views *v, const struct kubernetes_options *o, struct log_series *lines)
{
	const struct external_options *e = &o->external;
	const uint32_t negative_ttl_s = o->compat_coredns || e->ttl_s < o->negative_ttl_s ? e->ttl_s : o->negative_ttl_s;
	if (!e->zones.count)
		return true;
	return add(v,
	           &(struct zone_options){
	                   .origins = e->zones.names,
	                   .origin_count = e->zones.count,
	                   .ttl_s = e->ttl_s,
	                   .negative_ttl_s = negative_ttl_s,
	                   .external = e->apex,
	           },
	           &(struct compile_options){
	                   .external = true,
	                   .external_headless = e->headless,
	                   .endpoint_pod_names = o->endpoint_pod_names,
	                   .compat = compat_of(o),
	                   .lines = lines,
	           });
}

enum err views_make(struct views *v, const struct kubernetes_options *o, struct log_series *lines)
{
	v->namespaces = &o->namespaces;
	return add_own(v, o, lines) && add_external(v, o, lines) ? OK : ERR_NOMEM;
}

void views_clear(struct views *v)
{
	for (unsigned i = 0; i < v->count; i++)
		zone_free(v->all[i].zone);
	free(v->self);
	*v = (struct views){0};
}

/* --- what has names --- */

bool views_show(const struct views *v, const char *ns)
{
	const struct text_list *only = v->namespaces;
	bool shown = !only->count;
	for (unsigned i = 0; i < only->count && !shown; i++)
		shown = strcmp(only->texts[i], ns) == 0;
	return shown;
}

static enum zone_tree tree_of(enum object_kind kind)
{
	return kind == OBJECT_SERVICE_IMPORT ? ZONE_CLUSTER_SET : ZONE_CLUSTER;
}

static bool is_in(const struct view *v, enum object_kind kind)
{
	return kind == OBJECT_SERVICE || !v->services_only;
}

static enum err publish(const struct view *v, const struct service_view *service)
{
	const struct object *o = &service->service->object;
	struct generation *g;
	enum err err = compile_service(service, &v->compile, &g);
	return err ? err : zone_publish(v->zone, tree_of(o->kind), o->ns, o->name, g);
}

enum err views_put_service(const struct views *v, const struct service_view *service)
{
	enum err err = OK;
	for (unsigned i = 0; i < v->count && !err; i++)
		if (is_in(&v->all[i], service->service->object.kind))
			err = publish(&v->all[i], service);
	return err;
}

void views_drop_service(const struct views *v, enum object_kind kind, const char *ns, const char *name)
{
	for (unsigned i = 0; i < v->count; i++)
		if (is_in(&v->all[i], kind))
			zone_withdraw(v->all[i].zone, tree_of(kind), ns, name);
}

enum err views_put_namespace(const struct views *v, const char *ns)
{
	enum err err = OK;
	for (unsigned i = 0; i < v->count && !err; i++)
		err = zone_add_namespace(v->all[i].zone, ns);
	return err;
}

void views_drop_namespace(const struct views *v, const char *ns)
{
	for (unsigned i = 0; i < v->count; i++)
		zone_remove_namespace(v->all[i].zone, ns);
}

/* Only the cluster's own zone has names by a pod's address. */
enum err views_put_pod(const struct views *v, const char *ns, const struct addr *addrs, size_t n)
{
	return zone_add_pod(v->all[0].zone, ns, addrs, n);
}

void views_drop_pod(const struct views *v, const char *ns, const struct addr *addrs, size_t n)
{
	zone_remove_pod(v->all[0].zone, ns, addrs, n);
}

/* --- what all names have --- */

void views_cap_ttls(const struct views *v, uint32_t most_s, uint32_t negative_most_s)
{
	for (unsigned i = 0; i < v->count; i++)
		zone_cap_ttls(v->all[i].zone, most_s, negative_most_s);
}

static bool same_addresses(const struct addr *a, const struct addr *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!addr_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

static enum err tell_self(const struct views *v, const struct addr *addrs, size_t n)
{
	enum err err = OK;
	for (unsigned i = 0; i < v->count && !err; i++)
		err = zone_set_self(v->all[i].zone, addrs, n);
	return err;
}

enum err views_set_self(struct views *v, const struct addr *addrs, size_t n)
{
	struct addr *copy;
	if (v->self && n == v->self_count && same_addresses(v->self, addrs, n))
		return OK;
	copy = malloc((n + !n) * sizeof *copy);
	if (!copy || tell_self(v, addrs, n)) {
		free(copy);
		return ERR_NOMEM;
	}
	if (n)
		memcpy(copy, addrs, n * sizeof *copy);
	free(v->self);
	v->self = copy;
	v->self_count = n;
	return OK;
}
