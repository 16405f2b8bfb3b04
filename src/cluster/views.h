/* views.h - the zone objects of one cluster: its own names, and those of k8s_external where it has zones for that. All are made of the same objects.
 * What a configuration says of names, its zones are told here. Control thread; workers read the zones. */
#pragma once
#include "base/log.h"
#include "config/kubernetes.h"
#include "kube/object.h"
#include "store/store.h"
#include "zone/compile.h"
#include "zone/zone.h"

/* One zone object, and what its names are made with. */
struct view {
	struct zone *zone;
	struct compile_options compile;
	bool services_only; /* ServiceImports are not in it */
};

#define VIEWS_MAX 2

/* All zero: none. */
struct views {
	struct view all[VIEWS_MAX]; /* the first is the cluster's own */
	unsigned count;
	const struct text_list *namespaces; /* only these have names; empty: all have */
	struct addr *self;                  /* where the zones are served; NULL: not told yet */
	size_t self_count;
};

/* Makes the zones that o says. o and lines, which is for remarks about single Services, are borrowed. On ERR_NOMEM some may be made. */
enum err views_make(struct views *v, const struct kubernetes_options *o, struct log_series *lines);

/* Frees the zones, after their last reader. What waits for a grace period is left to rcu_free_all(). */
void views_clear(struct views *v);

/* False: nothing in that namespace has names, reverse ones neither. */
bool views_show(const struct views *v, const char *ns);

/* The Service, its namespace or a pod's addresses have names from now on; a Service's in one step. What was there of it is replaced. On an error the
 * names are those of before, perhaps but for those of the first zone. ERR_NOMEM, or an error that would come again. */
enum err views_put_service(const struct views *v, const struct service_view *service);
enum err views_put_namespace(const struct views *v, const char *ns);
enum err views_put_pod(const struct views *v, const char *ns, const struct addr *addrs, size_t n);

/* And these take them away. */
void views_drop_service(const struct views *v, enum object_kind kind, const char *ns, const char *name);
void views_drop_namespace(const struct views *v, const char *ns);
void views_drop_pod(const struct views *v, const char *ns, const struct addr *addrs, size_t n);

/* As zone_cap_ttls(). */
void views_cap_ttls(const struct views *v, uint32_t most_s, uint32_t negative_most_s);

/* As cluster_set_self(). */
enum err views_set_self(struct views *v, const struct addr *addrs, size_t n);
