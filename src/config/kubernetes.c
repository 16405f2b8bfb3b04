#include "config/kubernetes.h"
#include "key.h"
#include "kubernetes_directives.h"
#include <stdlib.h>
#include <string.h>

#define TTL_S              5
#define NEGATIVE_TTL_S     5 /* at most, where nothing was said: a peer looked up a moment too early is not gone for long */
#define HANDOVER_MS        500
#define STARTUP_TIMEOUT_MS 5000
#define LIST_PROGRESS_MS   30000
#define LIST_TIMEOUT_MS    600000
#define LIST_MAX_OBJECTS   1000000 /* Kubernetes is made for 150,000 pods */
#define LIST_MAX_MIB       16384

void kubernetes_options_init(struct kubernetes_options *o)
{
	*o = (struct kubernetes_options){
	        .ttl_s = TTL_S,
	        .search_fallback = true,
	        .negative_ttl_s = NEGATIVE_TTL_S,
	        .ede = true,
	        .handover_ms = HANDOVER_MS,
	        .startup_timeout_ms = STARTUP_TIMEOUT_MS,
	        .list_progress_ms = LIST_PROGRESS_MS,
	        .list_timeout_ms = LIST_TIMEOUT_MS,
	        .list_max_objects = LIST_MAX_OBJECTS,
	        .list_max_mib = LIST_MAX_MIB,
	};
}

void kubernetes_options_clear(struct kubernetes_options *o)
{
	names_clear(&o->zones);
	names_clear(&o->multicluster);
	external_options_clear(&o->external);
	names_clear(&o->fallthrough_zones);
	texts_clear(&o->namespaces);
	free(o->namespace_labels);
	free(o->labels);
	free(o->endpoint);
	free(o->tls_cert);
	free(o->tls_key);
	free(o->tls_ca);
	free(o->kubeconfig);
	free(o->context);
	free(o->snapshot);
	*o = (struct kubernetes_options){0};
}

static enum err check_zone(const struct name *zone, struct diag *d)
{
	char text[NAME_TEXT_MAX];
	if (zone->len <= KUBERNETES_ZONE_MAX)
		return OK;
	name_to_text(zone, text);
	return diag_set(d, ERR_RANGE, "\"%s\": a zone of at most %d octets leaves room for the names below it", text, KUBERNETES_ZONE_MAX);
}

enum err kubernetes_add_zone(struct name_list *zones, const char *text, struct diag *d)
{
	struct key key; /* CoreDNS passes over scheme and port here */
	unsigned before = zones->count;
	enum err err = key_parse(text, &key, zones, d);
	if (!err)
		err = check_zone(&zones->names[before], d);
	if (err)
		zones->count = before;
	return err;
}

/* --- the whole --- */

static bool has_zone(const struct name_list *zones, const struct name *zone)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_equal(&zones->names[i], zone))
			return true;
	}
	return false;
}

/* Where reverse names are. */
static const char *const reverse_trees[] = {NAME_REVERSE_V4, NAME_REVERSE_V6};
#define REVERSE_TREES (sizeof reverse_trees / sizeof *reverse_trees)

static struct name reverse_tree(size_t i)
{
	struct name tree;
	name_from_text(&tree, reverse_trees[i], strlen(reverse_trees[i]));
	return tree;
}

static bool is_reverse(const struct name *zone)
{
	for (size_t i = 0; i < REVERSE_TREES; i++) {
		const struct name tree = reverse_tree(i);
		if (name_in(zone, &tree))
			return true;
	}
	return false;
}

/* Who has the root has the reverse names as well; but they are zones of their own. */
static enum err add_reverse_trees(struct name_list *zones, struct diag *d)
{
	for (size_t i = 0; i < REVERSE_TREES; i++) {
		const struct name tree = reverse_tree(i);
		bool inside = false;
		for (unsigned z = 0; z < zones->count && !inside; z++)
			inside = name_in(&tree, &zones->names[z]);
		if (inside && !has_zone(zones, &tree) && kubernetes_add_zone(zones, reverse_trees[i], d))
			return ERR_NOMEM;
	}
	return OK;
}

static enum err take_zones(struct name_list *zones, const struct name_list *defaults, struct diag *d)
{
	free(zones->names);
	zones->names = malloc((defaults->count + 1) * sizeof *zones->names);
	if (!zones->names)
		return diag_set(d, ERR_NOMEM, "out of memory");
	for (zones->count = 0; zones->count < defaults->count; zones->count++)
		zones->names[zones->count] = defaults->names[zones->count];
	return OK;
}

/* A zone that is named twice is one. */
static void drop_duplicates(struct name_list *zones)
{
	unsigned count = zones->count;
	zones->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!has_zone(zones, &zones->names[i]))
			zones->names[zones->count++] = zones->names[i];
	}
}

static enum err check_zones(struct name_list *zones, struct diag *d)
{
	bool forward = false;
	drop_duplicates(zones);
	if (zones->count > KUBERNETES_ZONES_MAX)
		return diag_set(d, ERR_RANGE, "%u zones: at most %d are served of one cluster", zones->count, KUBERNETES_ZONES_MAX);
	for (unsigned i = 0; i < zones->count; i++) {
		enum err err = check_zone(&zones->names[i], d);
		if (err)
			return err;
		forward |= !is_reverse(&zones->names[i]);
	}
	return forward ? OK : diag_set(d, ERR_SYNTAX, "a zone such as cluster.local is wanted that is no reverse zone");
}

static enum err check_multicluster(const struct kubernetes_options *o, struct diag *d)
{
	char text[NAME_TEXT_MAX];
	for (unsigned i = 0; i < o->multicluster.count; i++) {
		if (has_zone(&o->zones, &o->multicluster.names[i]))
			continue;
		name_to_text(&o->multicluster.names[i], text);
		return diag_set(d, ERR_SYNTAX, "multicluster: %s is none of the zones of this kubernetes", text);
	}
	return OK;
}

enum err kubernetes_options_finish(struct kubernetes_options *o, const struct name_list *zones, struct diag *d)
{
	enum err err = o->zones.count ? OK : take_zones(&o->zones, zones, d);
	if (!err)
		err = check_zones(&o->zones, d);
	if (!err)
		err = add_reverse_trees(&o->zones, d);
	if (!err)
		err = check_multicluster(o, d);
	if (err)
		return err;
	if (!kubernetes_given(o, "negative_ttl"))
		o->negative_ttl_s = o->ttl_s < NEGATIVE_TTL_S ? o->ttl_s : NEGATIVE_TTL_S;
	if (!kubernetes_given(o, "search_fallback"))
		o->search_fallback = !o->compat_coredns;
	if (o->namespaces.count && o->namespace_labels)
		return diag_set(d, ERR_SYNTAX, "namespaces and namespace_labels: only one of them can be said");
	if (o->zonal && o->noendpoints)
		return diag_set(d, ERR_SYNTAX, "zonal and noendpoints: zonal names are names of endpoints");
	return OK;
}

/* --- k8s_external --- */

enum err external_options_init(struct external_options *o)
{
	*o = (struct external_options){.ttl_s = TTL_S, .apex = strdup("dns")};
	return o->apex ? OK : ERR_NOMEM;
}

void external_options_clear(struct external_options *o)
{
	free(o->zones.names);
	free(o->fallthrough_zones.names);
	free(o->apex);
	*o = (struct external_options){0};
}

enum err external_options_finish(struct external_options *o, const struct name_list *zones, struct diag *d)
{
	enum err err = o->zones.count ? OK : take_zones(&o->zones, zones, d);
	return err ? err : check_zones(&o->zones, d);
}
