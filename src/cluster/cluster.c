#include "cluster/cluster.h"
#include "api_source.h"
#include "base/log.h"
#include "base/plural.h"
#include "base/rcu.h"
#include "config/selector.h"
#include "manifest_source.h"
#include "views.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STALE_TTL_S 5 /* at most, of what a snapshot says: it may be gone since long */

struct cluster {
	struct cluster_options options;
	struct log_series lines; /* of single objects and Services */
	struct intern *pool;
	struct store *store;
	struct views views;
	struct clients *clients;          /* NULL: nobody asks */
	struct manifest_source manifests; /* one of these two fills the store: options.endpoint says which */
	struct api_source api;
	struct cluster_changes changes; /* of the load under way */
	struct programming programming;
	uint32_t ttl_most_s, negative_ttl_most_s; /* what cluster_cap_ttls() said; UINT32_MAX: nothing */
	cluster_read *on_read;
	void *on_read_arg;
	cluster_changed *on_changed;
	void *on_changed_arg;
	atomic_bool known; /* what is served is the whole of it; read by workers */
};

/* --- store to zone --- */

/* An error that would come again at every flush is reported and passed over, so that it does not keep the other Services from being
 * applied; out of memory is not one. */
static enum err passed_over(struct cluster *c, enum err err, const char *ns, const char *name)
{
	if (!err || err == ERR_NOMEM)
		return err;
	log_series_line(&c->lines, LOG_ERROR, "%s%s%s cannot be served: %s", ns, *name ? "/" : "", name, err_str(err));
	return OK;
}

/* What was missed while nothing was watched is no latency. */
static void note_programming(struct cluster *c, const struct service_view *view)
{
	struct timespec now;
	if (!view->changed_ms || c->api.state != API_SOURCE_CLUSTER)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	programming_note(&c->programming, view, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static enum err on_service_changed(void *arg, const struct service_view *service)
{
	struct cluster *c = arg;
	const struct object *o = &service->service->object;
	enum err err;
	if (!views_show(&c->views, o->ns))
		return OK;
	err = views_put_service(&c->views, service);
	if (!err) {
		c->changes.changed++;
		note_programming(c, service);
	}
	return passed_over(c, err, o->ns, o->name);
}

static void on_service_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct cluster *c = arg;
	views_drop_service(&c->views, kind, ns, name);
	c->changes.gone++;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	struct cluster *c = arg;
	if (!views_show(&c->views, ns))
		return OK;
	if (exists)
		return passed_over(c, views_put_namespace(&c->views, ns), ns, "");
	views_drop_namespace(&c->views, ns);
	return OK;
}

static enum err put_pod(struct cluster *c, const char *ns, const struct pod *pod)
{
	enum err err = views_put_pod(&c->views, ns, pod->ips, pod->ip_count);
	if (err || !c->clients || pod->host_network)
		return err;
	err = clients_add(c->clients, ns, pod->ips, pod->ip_count);
	if (err)
		views_drop_pod(&c->views, ns, pod->ips, pod->ip_count);
	return err;
}

static enum err on_pod_addresses(void *arg, const char *ns, const struct pod *pod, bool there)
{
	struct cluster *c = arg;
	if (there)
		return passed_over(c, put_pod(c, ns, pod), ns, "");
	views_drop_pod(&c->views, ns, pod->ips, pod->ip_count);
	if (c->clients && !pod->host_network)
		clients_remove(c->clients, ns, pod->ips, pod->ip_count);
	return OK;
}

static const char *label_value(const void *labels, const char *key, size_t len)
{
	const struct label_set *set = labels;
	for (uint32_t i = 0; set && i < set->count; i++)
		if (strncmp(set->labels[i].key, key, len) == 0 && !set->labels[i].key[len])
			return set->labels[i].value;
	return NULL;
}

/* Names by address are those of the pods that `labels` selects, as in CoreDNS; endpoints are all that a Service selects. */
static bool on_pod_counts(void *arg, const struct label_set *labels)
{
	const struct cluster *c = arg;
	const char *selector = c->options.kubernetes->labels;
	return !selector || selector_selects(selector, label_value, labels);
}

static void tell_changed(void *arg)
{
	struct cluster *c = arg;
	const struct zone_cells cells = zone_take_changed(cluster_zone(c));
	bool any = false;
	for (unsigned i = 0; i < ZONE_CELLS / 64; i++)
		any |= cells.bits[i] != 0;
	if (any && c->on_changed)
		c->on_changed(c->on_changed_arg, &cells);
}

void cluster_on_changed(struct cluster *c, cluster_changed *on_changed, void *arg)
{
	c->on_changed = on_changed;
	c->on_changed_arg = arg;
}

/* --- building and tearing down --- */

static enum err build(struct cluster *c, struct diag *d)
{
	const struct cluster_options *o = &c->options;
	const struct store_callbacks callbacks = {on_service_changed, on_service_gone, on_namespace_changed,
	                                          on_pod_addresses,   on_pod_counts,   c};
	c->pool = intern_new();
	if (o->clients && !(c->clients = clients_new()))
		return diag_no_memory(d);
	if (!c->pool || views_make(&c->views, o->kubernetes, &c->lines) || !(c->store = store_new(c->pool, &callbacks)))
		return diag_no_memory(d);
	if (o->endpoint)
		api_source_init(&c->api, o->kubernetes, o->endpoint, c->store, c->pool, &c->lines);
	c->manifests = (struct manifest_source){.files = o->files, .file_count = o->file_count, .options = &o->manifest};
	return manifest_source_init(&c->manifests, d);
}

static void tear_down(struct cluster *c)
{
	log_series_end(&c->lines);
	store_free(c->store);
	views_clear(&c->views);
	clients_free(c->clients);
	rcu_free_all();
	intern_free(c->pool);
	c->store = NULL;
	c->clients = NULL;
	c->pool = NULL;
}

static void cap_ttls(const struct cluster *c)
{
	const uint32_t most_s = c->api.state == API_SOURCE_SNAPSHOT ? STALE_TTL_S : UINT32_MAX;
	views_cap_ttls(&c->views, c->ttl_most_s < most_s ? c->ttl_most_s : most_s,
	               c->negative_ttl_most_s < most_s ? c->negative_ttl_most_s : most_s);
}

const struct clients *cluster_clients(const struct cluster *c)
{
	return c->clients;
}

void cluster_cap_ttls(struct cluster *c, uint32_t most_s, uint32_t negative_most_s)
{
	c->ttl_most_s = most_s;
	c->negative_ttl_most_s = negative_most_s;
	cap_ttls(c);
}

/* One that can't be read is as good as none. */
static enum err load_snapshot(struct cluster *c, struct diag *d)
{
	struct diag why;
	enum err err = api_source_restore(&c->api, &why);
	if (err) {
		log_line(LOG_WARNING, "the snapshot is not used: %s", err == ERR_NOMEM ? "out of memory" : why.text);
		tear_down(c);
		return build(c, d);
	}
	if (c->api.state == API_SOURCE_SNAPSHOT) {
		cap_ttls(c);
		atomic_store_explicit(&c->known, true, memory_order_release);
	}
	return OK;
}

enum err cluster_new(const struct cluster_options *options, struct cluster **out, struct diag *d)
{
	struct cluster *c = calloc(1, sizeof *c);
	enum err err;
	if (!c)
		return diag_no_memory(d);
	c->options = *options;
	c->ttl_most_s = c->negative_ttl_most_s = UINT32_MAX;
	atomic_init(&c->known, !options->endpoint);
	err = build(c, d);
	if (!err && options->endpoint)
		err = load_snapshot(c, d);
	if (err) {
		cluster_free(c);
		return err;
	}
	*out = c;
	return OK;
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	tear_down(c);
	free(c);
}

/* --- loading --- */

enum err cluster_load(struct cluster *c, struct cluster_changes *changes)
{
	uint64_t start_ns = uv_hrtime();
	enum err err;
	c->changes = (struct cluster_changes){0};
	err = manifest_source_load(&c->manifests, c->store, c->pool);
	tell_changed(c);
	log_series_end(&c->lines);
	c->changes.errors = c->manifests.errors;
	c->changes.ms = (unsigned)((uv_hrtime() - start_ns) / 1000000);
	*changes = c->changes;
	return err;
}

enum err cluster_reload(struct cluster *c)
{
	struct cluster_changes did;
	struct store_counts now;
	size_t names;
	enum err err;
	if (c->options.endpoint) {
		log_line(LOG_INFO, "nothing to reload: the cluster's changes are followed as they happen");
		return OK;
	}
	err = cluster_load(c, &did);
	if (err) {
		log_line(LOG_ERROR, "not reloaded: %s; keeps serving the data of before",
		         did.errors ? "the manifests are wrong, see above" : err_str(err));
		return err;
	}
	now = store_counts(c->store);
	names = zone_counts(cluster_zone(c)).names;
	log_line(LOG_INFO, "reloaded: %zu service%s changed, %zu gone; now %zu service%s, %zu endpoint%s, %zu name%s; %u ms", did.changed,
	         plural(did.changed), did.gone, now.services, plural(now.services), now.endpoints, plural(now.endpoints), names,
	         plural(names), did.ms);
	return OK;
}

/* --- watching --- */

static void on_cluster_read(void *arg, unsigned ms)
{
	struct cluster *c = arg;
	cap_ttls(c);
	atomic_store_explicit(&c->known, true, memory_order_release);
	c->on_read(c->on_read_arg, c, ms);
}

enum err cluster_watch(struct cluster *c, uv_loop_t *loop, cluster_read *on_read, void *arg, struct diag *d)
{
	c->on_read = on_read;
	c->on_read_arg = arg;
	return api_source_begin(&c->api, loop, on_cluster_read, tell_changed, c, d);
}

void cluster_unwatch(struct cluster *c)
{
	if (c)
		api_source_end(&c->api);
}

/* --- what others need of it --- */

enum err cluster_set_self(struct cluster *c, const struct addr *addrs, size_t n)
{
	return views_set_self(&c->views, addrs, n);
}

const struct cluster_options *cluster_options(const struct cluster *c)
{
	return &c->options;
}

const struct store *cluster_store(const struct cluster *c)
{
	return c->store;
}

struct zone *cluster_zone(const struct cluster *c)
{
	return c->views.all[0].zone;
}

struct zone *cluster_external_zone(const struct cluster *c)
{
	return c->views.count > 1 ? c->views.all[1].zone : NULL;
}

unsigned cluster_watches(const struct cluster *c, struct watch_status status[WATCH_STATUSES])
{
	return c->api.watch ? watch_status(c->api.watch, status) : 0;
}

const struct api_counts *cluster_api_counts(const struct cluster *c)
{
	return c->api.watch ? watch_api_counts(c->api.watch) : NULL;
}

bool cluster_is_stale(const struct cluster *c)
{
	return c->api.state == API_SOURCE_SNAPSHOT;
}

const struct programming *cluster_programming(const struct cluster *c)
{
	return &c->programming;
}

const atomic_bool *cluster_known(const struct cluster *c)
{
	return &c->known;
}
