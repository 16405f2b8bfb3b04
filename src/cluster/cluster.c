#include "cluster/cluster.h"
#include "base/log.h"
#include "base/plural.h"
#include "base/rcu.h"
#include "config/selector.h"
#include "input_copy.h"
#include "snapshot_writer.h"
#include "watch/watch.h"
#include "zone/compile.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What one turn of the control thread's loop may take for Services that changed: other events wait so long. A Service with so many endpoints
 * takes a fraction of that. */
#define TURN_US        2000
#define DEAR_ENDPOINTS 500
#define DEAR_PERCENT   50
#define DEAR_BURST_US  500000

#define STALE_TTL_S 5 /* at most, of what a snapshot says: it may be gone since long */
#define EVERY_KIND  ((1u << OBJECT_KINDS) - 1)

/* One zone object of the cluster, and what its names are made with. */
struct view {
	struct zone *zone;
	struct compile_options compile;
	uint32_t ttl_s;
	bool services_only; /* ServiceImports are not in it */
};

#define VIEWS_MAX 2 /* the cluster's own names, and those of k8s_external */

/* A configuration promises what a zone keeps; config does not know zone. */
_Static_assert(KUBERNETES_ZONES_MAX == ZONE_ORIGINS_MAX && KUBERNETES_ZONE_MAX == ZONE_ORIGIN_MAX, "as many zones, and as long ones");

struct cluster {
	struct cluster_options options;
	struct view views[VIEWS_MAX]; /* the first is the cluster's own */
	unsigned view_count;
	struct log_series lines; /* of single objects and Services */
	struct intern *pool;
	struct addr *self; /* where its zones are served; NULL: not told yet */
	size_t self_count;
	struct store *store;
	bool stdin_kept;
	bool has_objects; /* of manifests: those that are served had some, of whatever kind */
	struct programming programming;
	struct cluster_changes changes; /* of the load under way */
	struct watch *watch;
	struct snapshot_writer *writer; /* NULL: no snapshot is kept */
	uv_timer_t late;                /* ends the start line's wait */
	bool watching;                  /* late is open */
	bool from_snapshot;             /* what is served was not read from the cluster yet */
	uint64_t watch_ms;              /* when it began */
	cluster_read *on_read;
	void *on_read_arg;
	atomic_bool known; /* all has been read once; read by workers */
};

static uint64_t now_us(void *arg)
{
	struct timespec t;
	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
	return now_us(NULL) / 1000;
}

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

/* What is in a namespace that `namespaces` leaves out has no names, reverse ones neither. */
static bool is_exposed(const struct cluster *c, const char *ns)
{
	const struct text_list *only = &c->options.kubernetes->namespaces;
	bool exposed = !only->count;
	for (unsigned i = 0; i < only->count && !exposed; i++)
		exposed = strcmp(only->texts[i], ns) == 0;
	return exposed;
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

/* What was missed while nothing was watched is no latency. */
static void note_programming(struct cluster *c, const struct service_view *view)
{
	struct timespec now;
	if (!view->changed_ms || !atomic_load_explicit(&c->known, memory_order_relaxed) || c->from_snapshot)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	programming_note(&c->programming, view, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static enum err on_service_changed(void *arg, const struct service_view *service)
{
	struct cluster *c = arg;
	const struct object *o = &service->service->object;
	enum err err = OK;
	if (!is_exposed(c, o->ns))
		return OK;
	for (unsigned i = 0; i < c->view_count && !err; i++)
		if (is_in(&c->views[i], o->kind))
			err = publish(&c->views[i], service);
	if (!err) {
		c->changes.changed++;
		note_programming(c, service);
	}
	return passed_over(c, err, o->ns, o->name);
}

static void on_service_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct cluster *c = arg;
	for (unsigned i = 0; i < c->view_count; i++)
		if (is_in(&c->views[i], kind))
			zone_withdraw(c->views[i].zone, tree_of(kind), ns, name);
	c->changes.gone++;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	struct cluster *c = arg;
	enum err err = OK;
	if (!is_exposed(c, ns))
		return OK;
	for (unsigned i = 0; i < c->view_count && !err; i++) {
		if (exists)
			err = zone_add_namespace(c->views[i].zone, ns);
		else
			zone_remove_namespace(c->views[i].zone, ns);
	}
	return passed_over(c, err, ns, "");
}

static enum err on_pod_addresses(void *arg, const char *ns, const struct addr *addrs, size_t n, bool there)
{
	struct cluster *c = arg;
	if (there)
		return passed_over(c, zone_add_pod(cluster_zone(c), ns, addrs, n), ns, "");
	zone_remove_pod(cluster_zone(c), ns, addrs, n);
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

/* --- building and tearing down --- */

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

/* Events of objects that belong together come within milliseconds of each other; but the controller writes slices one after another, at 20 a
 * second, and answers of the API server take their time. CoreDNS does not wait. */
static struct store_rules rules_of(const struct kubernetes_options *o)
{
	unsigned ms = o->compat_coredns ? 0 : (unsigned)o->handover_ms;
	return (struct store_rules){
	        .namespaces_by_object = true,
	        .selector_ms = ms / 2,
	        .slices_ms = ms * 4,
	        .moved_ms = ms,
	        .moved_max_ms = ms * 10,
	};
}

/* A bit for each difference; none where ours counts. */
static uint16_t compat_of(const struct kubernetes_options *o)
{
	return o->compat_coredns ? COMPAT_COREDNS : 0;
}

/* False: out of memory, or the zones are not as they must be. */
static bool add_view(struct cluster *c, const struct zone_options *zone, const struct compile_options *compile)
{
	struct view *v = &c->views[c->view_count];
	*v = (struct view){.zone = zone_new(zone), .compile = *compile, .ttl_s = zone->ttl_s, .services_only = compile->external};
	v->compile.lines = &c->lines;
	c->view_count += v->zone != NULL;
	return v->zone;
}

static bool add_own_view(struct cluster *c)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	return add_view(c,
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
	                });
}

static bool add_external_view(struct cluster *c)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	const struct external_options *e = &o->external;
	const uint32_t negative_ttl_s = o->compat_coredns || e->ttl_s < o->negative_ttl_s ? e->ttl_s : o->negative_ttl_s;
	if (!e->zones.count)
		return true;
	return add_view(c,
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
	                });
}

static enum err build(struct cluster *c, struct diag *d)
{
	const struct cluster_options *o = &c->options;
	const struct store_callbacks callbacks = {on_service_changed, on_service_gone, on_namespace_changed,
	                                          on_pod_addresses,   on_pod_counts,   c};
	if (!(c->pool = intern_new()) || !add_own_view(c) || !add_external_view(c) || !(c->store = store_new(c->pool, &callbacks)))
		return diag_no_memory(d);
	if (o->endpoint) {
		const struct store_rules rules = rules_of(o->kubernetes);
		const struct store_pace pace = {now_us, NULL, TURN_US, DEAR_ENDPOINTS, DEAR_PERCENT, DEAR_BURST_US};
		store_set_rules(c->store, &rules);
		store_set_pace(c->store, &pace);
	}
	return input_copy_make(o->files, o->file_count, &c->stdin_kept, d);
}

static void tear_down(struct cluster *c)
{
	log_series_end(&c->lines);
	store_free(c->store);
	for (unsigned i = 0; i < c->view_count; i++)
		zone_free(c->views[i].zone);
	free(c->self);
	rcu_free_all();
	intern_free(c->pool);
	c->store = NULL;
	c->view_count = 0;
	c->pool = NULL;
}

static void set_ttls(const struct cluster *c, uint32_t most)
{
	for (unsigned i = 0; i < c->view_count; i++)
		zone_set_ttl(c->views[i].zone, c->views[i].ttl_s < most ? c->views[i].ttl_s : most);
}

/* What the snapshot says is known from now on, and marked: what is not seen when the cluster has been read is gone. */
static void use_snapshot(struct cluster *c)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	struct store_counts now = store_counts(c->store);
	store_mark(c->store, EVERY_KIND);
	c->from_snapshot = true;
	atomic_store_explicit(&c->known, true, memory_order_release);
	set_ttls(c, STALE_TTL_S);
	log_line(LOG_INFO, "snapshot %s: serving its %zu service%s and %zu endpoint%s until the cluster has been read", o->snapshot,
	         now.services, plural(now.services), now.endpoints, plural(now.endpoints));
}

/* One that can't be read is as good as none. */
static enum err load_snapshot(struct cluster *c, struct diag *d)
{
	bool found = false;
	struct diag why;
	enum err err = snapshot_writer_read(c->options.kubernetes->snapshot, c->options.endpoint->url, c->store, c->pool, &found, &why);
	if (!err && found)
		err = store_flush(c->store);
	if (!err && found)
		use_snapshot(c);
	if (!err)
		return OK;
	log_line(LOG_WARNING, "the snapshot is not used: %s", err == ERR_NOMEM ? "out of memory" : why.text);
	tear_down(c);
	return build(c, d);
}

enum err cluster_new(const struct cluster_options *options, struct cluster **out, struct diag *d)
{
	struct cluster *c = calloc(1, sizeof *c);
	enum err err;
	if (!c)
		return diag_no_memory(d);
	c->options = *options;
	atomic_init(&c->known, !options->endpoint);
	err = build(c, d);
	if (!err && options->endpoint && options->kubernetes->snapshot)
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

static void on_report(void *arg, bool fatal, const char *text)
{
	struct cluster *c = arg;
	c->changes.errors += fatal;
	log_line(fatal ? LOG_ERROR : LOG_WARNING, "%s", text); /* manifest.h bounds their number */
}

/* Hands every object to the store, which takes it also where it fails. */
static enum err upsert_all(struct cluster *c, struct manifest *m)
{
	enum err err = OK;
	for (size_t i = 0; i < m->count; i++) {
		struct object *o = m->objects[i];
		enum err one;
		m->objects[i] = NULL;
		one = store_upsert(c->store, o);
		err = err ? err : one;
	}
	return err;
}

static enum err apply(struct cluster *c, struct manifest *m)
{
	enum err err;
	store_mark(c->store, EVERY_KIND);
	err = upsert_all(c, m);
	if (!err) { /* else what did not get in would look deleted */
		store_sweep(c->store, EVERY_KIND);
		err = store_flush(c->store);
	}
	if (err)
		log_line(LOG_ERROR, "the manifests could not be applied whole: %s", err_str(err));
	return err;
}

/* A file is empty from the moment when a shell opens it for a command's output until the command writes. What is served must not go
 * meanwhile, nor where the command fails. */
static enum err check_empty(struct cluster *c, const struct manifest *m)
{
	if (m->empty && c->has_objects) {
		c->changes.errors++;
		log_line(LOG_ERROR,
		         "there is no object in the manifests any more: did the command that writes them fail, or has it not ended?");
		return ERR_MISSING;
	}
	if (m->empty)
		log_line(LOG_WARNING, "there is no object in the manifests");
	c->has_objects = !m->empty;
	return OK;
}

enum err cluster_load(struct cluster *c, struct cluster_changes *changes)
{
	const struct cluster_options *o = &c->options;
	uint64_t start = now_ms();
	struct manifest m = {0};
	enum err err;
	c->changes = (struct cluster_changes){0};
	if (c->stdin_kept)
		input_copy_rewind();
	err = manifest_load(o->files, o->file_count, &o->manifest, c->pool, on_report, c, &m);
	if (!err)
		err = check_empty(c, &m);
	if (!err)
		err = apply(c, &m);
	manifest_free(&m, c->pool);
	log_series_end(&c->lines);
	c->changes.ms = (unsigned)(now_ms() - start);
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

static void on_cluster_use_slices(void *arg, bool use)
{
	const struct cluster *c = arg;
	store_use_slices(c->store, use);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names are interned, so equal ones are the same pointer. */
static void append_names(const char **names, size_t n, struct buffer *out)
{
	qsort(names, n, sizeof *names, by_text);
	for (size_t i = 0; i < n; i++) {
		if (i && names[i] == names[i - 1])
			continue;
		buffer_append(out, ",", out->len ? 1 : 0);
		buffer_append(out, names[i], strlen(names[i]));
	}
}

static void on_cluster_unselected(void *arg, struct buffer *out)
{
	const struct cluster *c = arg;
	const char **names = calloc(store_counts(c->store).services + 1, sizeof *names);
	size_t cursor = 0, n = 0;
	for (const struct service *v; names && (v = store_each_service(c->store, &cursor));)
		if (!v->selector && v->type != SERVICE_EXTERNAL_NAME)
			names[n++] = v->object.name;
	if (names)
		append_names(names, n, out);
	out->failed |= !names;
	free(names);
}

/* The first flush is of the whole cluster. */
static enum err flush_changes(const struct cluster *c, unsigned *again_ms)
{
	bool read = atomic_load_explicit(&c->known, memory_order_relaxed) && !c->from_snapshot;
	unsigned waits_ms = store_settle(c->store, now_ms()), turn_ms = UINT_MAX;
	enum err err = read ? store_flush_turn(c->store, &turn_ms) : store_flush(c->store);
	*again_ms = waits_ms < turn_ms ? waits_ms : turn_ms;
	return err;
}

static enum err on_cluster_flush(void *arg, unsigned *again_ms)
{
	struct cluster *c = arg;
	enum err err;
	if (c->from_snapshot) /* of what is watched, each list was swept */
		store_sweep(c->store, EVERY_KIND & ~watch_kinds(c->watch));
	err = flush_changes(c, again_ms);
	if (err)
		log_series_line(&c->lines, LOG_ERROR, "the cluster's changes could not be applied whole: %s", err_str(err));
	else if (c->writer)
		snapshot_writer_changed(c->writer);
	return err;
}

static void on_cluster_synced(void *arg)
{
	struct cluster *c = arg;
	log_series_end(&c->lines);
	c->from_snapshot = false;
	uv_timer_stop(&c->late);
	set_ttls(c, UINT32_MAX);
	atomic_store_explicit(&c->known, true, memory_order_release);
	c->on_read(c->on_read_arg, c, (unsigned)(now_ms() - c->watch_ms));
}

static void on_late(uv_timer_t *timer)
{
	const struct cluster *c = timer->data;
	log_line(LOG_WARNING, "the cluster at %s has not been read within %llu ms; %s", c->options.endpoint->url,
	         (unsigned long long)c->options.kubernetes->startup_timeout_ms,
	         c->from_snapshot ? "its snapshot is served until then" : "its names get SERVFAIL until then");
}

enum err cluster_watch(struct cluster *c, uv_loop_t *loop, cluster_read *on_read, void *arg, struct diag *d)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	const struct watch_options options = {
	        .endpoint = c->options.endpoint,
	        .endpoints = o->endpoints == KUBERNETES_ENDPOINTS_SLICES ? WATCH_SLICES : WATCH_PODS,
	        .zones = c->options.kubernetes->zonal,
	        .imports = c->options.kubernetes->multicluster.count > 0,
	        .addresses = c->options.kubernetes->pods == KUBERNETES_PODS_VERIFIED,
	        .namespace_labels = o->namespace_labels,
	        .labels = o->labels,
	        .list_progress_ms = (unsigned)o->list_progress_ms,
	        .list_timeout_ms = (unsigned)o->list_timeout_ms,
	        .list_max_objects = o->list_max_objects,
	        .list_max_bytes = (uint64_t)o->list_max_mib << 20,
	        .pool = c->pool,
	        .sink = store_sink(c->store),
	        .handlers = {on_cluster_use_slices, on_cluster_unselected, on_cluster_flush, on_cluster_synced, c},
	};
	c->watch_ms = now_ms();
	c->on_read = on_read;
	c->on_read_arg = arg;
	if (o->snapshot && !(c->writer = snapshot_writer_new(loop, o->snapshot, c->options.endpoint->url, c->store)))
		return diag_no_memory(d);
	uv_timer_init(loop, &c->late);
	c->late.data = c;
	uv_timer_start(&c->late, on_late, o->startup_timeout_ms, 0);
	c->watching = true;
	return watch_start(loop, &options, &c->watch) ? diag_no_memory(d) : OK;
}

void cluster_unwatch(struct cluster *c)
{
	if (!c)
		return;
	watch_stop(c->watch);
	c->watch = NULL;
	snapshot_writer_close(c->writer);
	c->writer = NULL;
	if (c->watching)
		uv_close((uv_handle_t *)&c->late, NULL);
	c->watching = false;
}

/* --- what others need of it --- */

static bool same_addresses(const struct addr *a, const struct addr *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!addr_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

static enum err set_selves(const struct cluster *c, const struct addr *addrs, size_t n)
{
	enum err err = OK;
	for (unsigned i = 0; i < c->view_count && !err; i++)
		err = zone_set_self(c->views[i].zone, addrs, n);
	return err;
}

enum err cluster_set_self(struct cluster *c, const struct addr *addrs, size_t n)
{
	struct addr *copy;
	if (c->self && n == c->self_count && same_addresses(c->self, addrs, n))
		return OK;
	copy = malloc((n + !n) * sizeof *copy);
	if (!copy || set_selves(c, addrs, n)) {
		free(copy);
		return ERR_NOMEM;
	}
	if (n)
		memcpy(copy, addrs, n * sizeof *copy);
	free(c->self);
	c->self = copy;
	c->self_count = n;
	return OK;
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
	return c->views[0].zone;
}

struct zone *cluster_external_zone(const struct cluster *c)
{
	return c->view_count > 1 ? c->views[1].zone : NULL;
}

unsigned cluster_watches(const struct cluster *c, struct watch_status status[WATCH_STATUSES])
{
	return c->watch ? watch_status(c->watch, status) : 0;
}

const struct api_counts *cluster_api_counts(const struct cluster *c)
{
	return c->watch ? watch_api_counts(c->watch) : NULL;
}

bool cluster_is_stale(const struct cluster *c)
{
	return c->from_snapshot;
}

const struct programming *cluster_programming(const struct cluster *c)
{
	return &c->programming;
}

const atomic_bool *cluster_known(const struct cluster *c)
{
	return &c->known;
}
