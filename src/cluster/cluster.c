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

struct cluster {
	struct cluster_options options;
	struct compile_options compile, compile_external;
	struct log_series lines; /* of single objects and Services */
	struct intern *pool;
	struct addr *self; /* where its zones are served; NULL: not told yet */
	size_t self_count;
	struct store *store;
	struct zone *zone;
	struct zone *external; /* NULL: there is no external zone */
	bool stdin_kept;
	bool has_objects;               /* of manifests: those that are served had some, of whatever kind */
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

static enum err publish_external(const struct cluster *c, const struct service_view *view)
{
	const struct object *o = &view->service->object;
	struct generation *g;
	if (!c->external || o->kind != OBJECT_SERVICE)
		return OK;
	enum err err = compile_service(view, &c->compile_external, &g);
	return err ? err : zone_publish(c->external, ZONE_CLUSTER, o->ns, o->name, g);
}

static enum err on_service_changed(void *arg, const struct service_view *view)
{
	struct cluster *c = arg;
	const struct object *o = &view->service->object;
	struct generation *g;
	if (!is_exposed(c, o->ns))
		return OK;
	enum err err = compile_service(view, &c->compile, &g);
	if (!err)
		err = zone_publish(c->zone, tree_of(o->kind), o->ns, o->name, g);
	if (!err)
		err = publish_external(c, view);
	if (!err)
		c->changes.changed++;
	return passed_over(c, err, o->ns, o->name);
}

static void on_service_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct cluster *c = arg;
	zone_withdraw(c->zone, tree_of(kind), ns, name);
	if (c->external && kind == OBJECT_SERVICE)
		zone_withdraw(c->external, ZONE_CLUSTER, ns, name);
	c->changes.gone++;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	struct cluster *c = arg;
	if (!is_exposed(c, ns))
		return OK;
	if (exists) {
		enum err err = zone_add_namespace(c->zone, ns);
		if (!err && c->external)
			err = zone_add_namespace(c->external, ns);
		return passed_over(c, err, ns, "");
	}
	zone_remove_namespace(c->zone, ns);
	if (c->external)
		zone_remove_namespace(c->external, ns);
	return OK;
}

static enum err on_pod_addresses(void *arg, const char *ns, const struct addr *addrs, size_t n, bool there)
{
	struct cluster *c = arg;
	if (there)
		return passed_over(c, zone_add_pod(c->zone, ns, addrs, n), ns, "");
	zone_remove_pod(c->zone, ns, addrs, n);
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

static bool build_external(struct cluster *c)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	const struct external_options *e = &o->external;
	const uint32_t negative_ttl_s = o->compat_coredns || e->ttl_s < o->negative_ttl_s ? e->ttl_s : o->negative_ttl_s;
	const struct zone_options options = {
	        .origins = e->zones.names,
	        .origin_count = e->zones.count,
	        .ttl_s = e->ttl_s,
	        .negative_ttl_s = negative_ttl_s,
	        .external = e->apex,
	};
	c->compile_external = (struct compile_options){
	        .external = true,
	        .lines = &c->lines,
	        .external_headless = e->headless,
	        .endpoint_pod_names = o->endpoint_pod_names,
	        .compat_coredns = o->compat_coredns,
	};
	if (!e->zones.count)
		return true;
	c->external = zone_new(&options);
	return c->external;
}

static enum err build(struct cluster *c, struct diag *d)
{
	const struct cluster_options *o = &c->options;
	const struct zone_options zone_options = {
	        .origins = o->kubernetes->zones.names,
	        .origin_count = o->kubernetes->zones.count,
	        .cluster_sets = o->kubernetes->multicluster.names,
	        .cluster_set_count = o->kubernetes->multicluster.count,
	        .ttl_s = o->kubernetes->ttl_s,
	        .negative_ttl_s = o->kubernetes->negative_ttl_s,
	        .pods = zone_pods_of(o->kubernetes->pods),
	        .compat_coredns = o->kubernetes->compat_coredns,
	};
	c->compile = (struct compile_options){
	        .lines = &c->lines,
	        .endpoint_pod_names = o->kubernetes->endpoint_pod_names,
	        .noendpoints = o->kubernetes->noendpoints,
	        .ignore_empty_service = o->kubernetes->ignore_empty_service,
	        .zonal = o->kubernetes->zonal,
	        .svcb = o->kubernetes->svcb,
	        .compat_coredns = o->kubernetes->compat_coredns,
	};
	const struct store_callbacks callbacks = {on_service_changed, on_service_gone, on_namespace_changed,
	                                          on_pod_addresses,   on_pod_counts,   c};
	if (!(c->pool = intern_new()) || !(c->zone = zone_new(&zone_options)) || !build_external(c) ||
	    !(c->store = store_new(c->pool, &callbacks)))
		return diag_set(d, ERR_NOMEM, "out of memory");
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
	zone_free(c->zone);
	zone_free(c->external);
	free(c->self);
	rcu_free_all();
	intern_free(c->pool);
	c->store = NULL;
	c->zone = NULL;
	c->external = NULL;
	c->pool = NULL;
}

static void set_ttls(struct cluster *c, uint32_t most)
{
	const struct kubernetes_options *o = c->options.kubernetes;
	zone_set_ttl(c->zone, o->ttl_s < most ? o->ttl_s : most);
	if (c->external)
		zone_set_ttl(c->external, o->external.ttl_s < most ? o->external.ttl_s : most);
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
		return diag_set(d, ERR_NOMEM, "out of memory");
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
	names = zone_counts(c->zone).names;
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
		return diag_set(d, ERR_NOMEM, "out of memory");
	uv_timer_init(loop, &c->late);
	c->late.data = c;
	uv_timer_start(&c->late, on_late, o->startup_timeout_ms, 0);
	c->watching = true;
	return watch_start(loop, &options, &c->watch) ? diag_set(d, ERR_NOMEM, "out of memory") : OK;
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

enum err cluster_set_self(struct cluster *c, const struct addr *addrs, size_t n)
{
	struct addr *copy;
	if (c->self && n == c->self_count && same_addresses(c->self, addrs, n))
		return OK;
	copy = malloc((n + !n) * sizeof *copy);
	if (!copy || zone_set_self(c->zone, addrs, n) || (c->external && zone_set_self(c->external, addrs, n))) {
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
	return c->zone;
}

struct zone *cluster_external_zone(const struct cluster *c)
{
	return c->external;
}

const atomic_bool *cluster_known(const struct cluster *c)
{
	return &c->known;
}
