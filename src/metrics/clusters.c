#include "families.h"
#include <stdlib.h>

#define MS_PER_S 1000.0

/* Which cluster is meant: its first zone. */
static const char *zone_of(const struct cluster *c, char text[NAME_TEXT_MAX])
{
	name_to_text(&cluster_options(c)->kubernetes->zones.names[0], text);
	return text;
}

/* A family with a sample for each cluster. */
typedef double cluster_value(const struct cluster *c);

static double services(const struct cluster *c)
{
	return (double)store_counts(cluster_store(c)).services;
}

static double endpoints(const struct cluster *c)
{
	return (double)store_counts(cluster_store(c)).endpoints;
}

static double names(const struct cluster *c)
{
	return (double)zone_counts(cluster_zone(c)).names;
}

static double addresses(const struct cluster *c)
{
	return (double)zone_counts(cluster_zone(c)).addresses;
}

static double octets(const struct cluster *c)
{
	return (double)zone_counts(cluster_zone(c)).bytes;
}

static double known(const struct cluster *c)
{
	return atomic_load_explicit(cluster_known(c), memory_order_acquire);
}

static double stale(const struct cluster *c)
{
	return cluster_is_stale(c);
}

static const struct {
	const char *name, *help;
	cluster_value *value;
} gauges[] = {
        {"headns_services", "Services that have names.", services},
        {"headns_endpoints", "Ready endpoints of all Services.", endpoints},
        {"headns_names", "Names below the cluster's zone that have records.", names},
        {"headns_reverse_addresses", "Addresses that have a PTR record.", addresses},
        {"headns_names_bytes", "Memory of all names' records.", octets},
        {"headns_cluster_known", "1 once the cluster's names are known, from its API server or a snapshot; until then they get SERVFAIL.",
         known},
        {"headns_cluster_stale", "1 while a snapshot is served, because the cluster was not read yet.", stale},
};

static void write_gauges(const struct metrics_sources *from, struct exposition *e)
{
	for (unsigned i = 0; i < sizeof gauges / sizeof *gauges; i++) {
		exposition_family(e, gauges[i].name, METRIC_GAUGE, gauges[i].help);
		for (unsigned c = 0; c < from->cluster_count; c++) {
			char zone[NAME_TEXT_MAX];
			exposition_value(e, LABELS({"zone", zone_of(from->clusters[c], zone)}), gauges[i].value(from->clusters[c]));
		}
	}
}

/* --- objects --- */

/* Kinds that names come from. */
static const enum object_kind kinds[] = {OBJECT_NAMESPACE,      OBJECT_SERVICE,          OBJECT_POD,
                                         OBJECT_ENDPOINT_SLICE, OBJECT_CONTROLLER_SLICE, OBJECT_SERVICE_IMPORT};

/* Slices are two kinds here, and one in Kubernetes. */
static const char *manager(bool controllers)
{
	return controllers ? "endpointslice-controller" : "";
}

static void write_objects(const struct metrics_sources *from, struct exposition *e, const char *name, const char *help, bool of_octets)
{
	exposition_family(e, name, METRIC_GAUGE, help);
	for (unsigned c = 0; c < from->cluster_count; c++) {
		char zone[NAME_TEXT_MAX];
		zone_of(from->clusters[c], zone);
		for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
			const enum object_kind kind = kinds[k];
			const struct object_amount amount = store_amount(cluster_store(from->clusters[c]), kind);
			exposition_count(e,
			                 LABELS({"zone", zone},
			                        {"kind", object_kind_name(kind == OBJECT_CONTROLLER_SLICE ? OBJECT_ENDPOINT_SLICE : kind)},
			                        {"managed_by", manager(kind == OBJECT_CONTROLLER_SLICE)}),
			                 of_octets ? amount.octets : amount.objects);
		}
	}
}

/* --- watches --- */

typedef bool watch_value(const struct watch_status *w, double *value); /* false: there is none */

static bool watch_lists(const struct watch_status *w, double *value)
{
	*value = w->lists;
	return true;
}

static bool watch_watches(const struct watch_status *w, double *value)
{
	*value = w->watches;
	return true;
}

static bool watch_is_synced(const struct watch_status *w, double *value)
{
	*value = w->synced;
	return true;
}

static bool watch_is_up(const struct watch_status *w, double *value)
{
	*value = w->watching;
	return true;
}

static bool watch_silence(const struct watch_status *w, double *value)
{
	*value = (double)w->silent_ms / 1000;
	return w->silent_ms != UINT64_MAX;
}

/* A number for all that matters (Kubernetes says since 1.35 that it is one), and what can't be read as one is left out. */
static bool watch_version(const struct watch_status *w, double *value)
{
	char *end;
	*value = (double)strtoull(w->version, &end, 10);
	return *w->version && !*end;
}

static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	watch_value *value;
} watch_families[] = {
        {"headns_watch_lists_total", METRIC_COUNTER, "Lists that were begun: one at the start, and one where a watch could not go on.",
         watch_lists},
        {"headns_watch_watches_total", METRIC_COUNTER, "Watches that were begun.", watch_watches},
        {"headns_watch_synced", METRIC_GAUGE, "1 once a list was complete.", watch_is_synced},
        {"headns_watch_up", METRIC_GAUGE, "1 while a watch is under way.", watch_is_up},
        {"headns_watch_silence_seconds", METRIC_GAUGE,
         "Time since the API server said last that something changed or that nothing did, which it does each minute.", watch_silence},
        {"headns_watch_resource_version", METRIC_GAUGE, "resourceVersion that was applied last.", watch_version},
};

static void write_watch(struct exposition *e, const struct cluster *c, watch_value *value)
{
	struct watch_status status[WATCH_STATUSES];
	unsigned count = cluster_watches(c, status);
	char zone[NAME_TEXT_MAX];
	zone_of(c, zone);
	for (unsigned i = 0; i < count; i++) {
		double number;
		if (value(&status[i], &number))
			exposition_value(
			        e, LABELS({"zone", zone}, {"resource", status[i].resource}, {"managed_by", manager(status[i].controllers)}),
			        number);
	}
}

/* --- how soon changes are served --- */

/* CoreDNS has no label for the cluster. */
static void write_programming(const struct metrics_sources *from, struct exposition *e)
{
	exposition_family(e, "coredns_kubernetes_dns_programming_duration_seconds", METRIC_HISTOGRAM,
	                  "Histogram of the time (in seconds) it took to program a dns instance.");
	for (enum programming_kind kind = 0; kind < PROGRAMMING_KINDS; kind++) {
		uint64_t counts[PROGRAMMING_BOUNDS + 1] = {0}, ms = 0;
		for (unsigned c = 0; c < from->cluster_count; c++) {
			const struct programming *p = cluster_programming(from->clusters[c]);
			for (unsigned i = 0; i <= PROGRAMMING_BOUNDS; i++)
				counts[i] += p->counts[kind][i];
			ms += p->ms[kind];
		}
		exposition_histogram(e, LABELS({"service_kind", programming_kind_name(kind)}), programming_bounds, PROGRAMMING_BOUNDS,
		                     counts, (double)ms / MS_PER_S);
	}
}

void families_clusters(const struct metrics_sources *from, struct exposition *e)
{
	write_gauges(from, e);
	write_programming(from, e);
	write_objects(from, e, "headns_objects", "Kubernetes objects that are kept, by kind.", false);
	write_objects(from, e, "headns_object_text_bytes", "Octets of their texts, as the API server sent them.", true);
	for (unsigned i = 0; i < sizeof watch_families / sizeof *watch_families; i++) {
		exposition_family(e, watch_families[i].name, watch_families[i].type, watch_families[i].help);
		for (unsigned c = 0; c < from->cluster_count; c++)
			write_watch(e, from->clusters[c], watch_families[i].value);
	}
}
