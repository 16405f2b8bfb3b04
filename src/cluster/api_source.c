#include "api_source.h"
#include "base/plural.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What one turn of the control thread's loop may take for Services that changed: other events wait so long. A Service with so many endpoints
 * takes a fraction of that. */
#define TURN_US        2000
#define DEAR_ENDPOINTS 500
#define DEAR_PERCENT   50
#define DEAR_BURST_US  500000

static uint64_t now_us(void *arg)
{
	(void)arg;
	return uv_hrtime() / 1000;
}

static uint64_t now_ms(void)
{
	return now_us(NULL) / 1000;
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

void api_source_init(struct api_source *s, const struct kubernetes_options *options, const struct api_endpoint *endpoint,
                     struct store *store, struct intern *pool, struct log_series *lines)
{
	const struct store_rules rules = rules_of(options);
	const struct store_pace pace = {now_us, NULL, TURN_US, DEAR_ENDPOINTS, DEAR_PERCENT, DEAR_BURST_US};
	*s = (struct api_source){.options = options, .endpoint = endpoint, .store = store, .pool = pool, .lines = lines};
	store_set_rules(store, &rules);
	store_set_pace(store, &pace);
}

/* --- the snapshot --- */

/* What it says is marked: what is not seen when the cluster has been read is gone. */
static void use_snapshot(struct api_source *s)
{
	struct store_counts now = store_counts(s->store);
	store_mark(s->store, STORE_EVERY_KIND);
	s->state = API_SOURCE_SNAPSHOT;
	log_line(LOG_INFO, "snapshot %s: serving its %zu service%s and %zu endpoint%s until the cluster has been read",
	         s->options->snapshot, now.services, plural(now.services), now.endpoints, plural(now.endpoints));
}

enum err api_source_restore(struct api_source *s, struct diag *d)
{
	bool found = false;
	enum err err;
	if (!s->options->snapshot)
		return OK;
	err = snapshot_writer_read(s->options->snapshot, s->endpoint->url, s->store, s->pool, &found, d);
	if (!err && found && store_flush(s->store))
		err = diag_no_memory(d);
	if (!err && found)
		use_snapshot(s);
	return err;
}

/* --- what the watch calls --- */

static void on_use_slices(void *arg, bool use)
{
	const struct api_source *s = arg;
	store_use_slices(s->store, use);
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

static void on_unselected(void *arg, struct buffer *out)
{
	const struct api_source *s = arg;
	const char **names = calloc(store_counts(s->store).services + 1, sizeof *names);
	size_t cursor = 0, n = 0;
	for (const struct service *v; names && (v = store_each_service(s->store, &cursor));)
		if (!v->selector && v->type != SERVICE_EXTERNAL_NAME)
			names[n++] = v->object.name;
	if (names)
		append_names(names, n, out);
	out->failed |= !names;
	free(names);
}

/* The first flush is of the whole cluster. */
static enum err flush_changes(const struct api_source *s, unsigned *again_ms)
{
	unsigned waits_ms = store_settle(s->store, now_ms()), turn_ms = UINT_MAX;
	enum err err = s->state == API_SOURCE_CLUSTER ? store_flush_turn(s->store, &turn_ms) : store_flush(s->store);
	*again_ms = waits_ms < turn_ms ? waits_ms : turn_ms;
	return err;
}

static enum err on_flush(void *arg, unsigned *again_ms)
{
	struct api_source *s = arg;
	enum err err;
	if (s->state == API_SOURCE_SNAPSHOT) /* of what is watched, each list was swept */
		store_sweep(s->store, STORE_EVERY_KIND & ~watch_kinds(s->watch));
	err = flush_changes(s, again_ms);
	s->on_flushed(s->arg);
	if (err)
		log_series_line(s->lines, LOG_ERROR, "the cluster's changes could not be applied whole: %s", err_str(err));
	else if (s->writer)
		snapshot_writer_changed(s->writer);
	return err;
}

static void on_synced(void *arg)
{
	struct api_source *s = arg;
	log_series_end(s->lines);
	s->state = API_SOURCE_CLUSTER;
	uv_timer_stop(&s->late);
	s->on_read(s->arg, (unsigned)(now_ms() - s->began_ms));
}

/* --- beginning and end --- */

static void on_late(uv_timer_t *timer)
{
	const struct api_source *s = timer->data;
	log_line(LOG_WARNING, "the cluster at %s has not been read within %llu ms; %s", s->endpoint->url,
	         (unsigned long long)s->options->startup_timeout_ms,
	         s->state == API_SOURCE_SNAPSHOT ? "its snapshot is served until then" : "its names get SERVFAIL until then");
}

static enum err watch(struct api_source *s, uv_loop_t *loop)
{
	const struct kubernetes_options *o = s->options;
	const struct watch_options options = {
	        .endpoint = s->endpoint,
	        .endpoints = o->endpoints == KUBERNETES_ENDPOINTS_SLICES ? WATCH_SLICES : WATCH_PODS,
	        .zones = o->zonal,
	        .imports = o->multicluster.count > 0,
	        .addresses = o->pods == KUBERNETES_PODS_VERIFIED,
	        .namespace_labels = o->namespace_labels,
	        .labels = o->labels,
	        .list_progress_ms = (unsigned)o->list_progress_ms,
	        .list_timeout_ms = (unsigned)o->list_timeout_ms,
	        .list_max_objects = o->list_max_objects,
	        .list_max_bytes = (uint64_t)o->list_max_mib << 20,
	        .pool = s->pool,
	        .sink = store_sink(s->store),
	        .handlers = {on_use_slices, on_unselected, on_flush, on_synced, s},
	};
	return watch_start(loop, &options, &s->watch);
}

enum err api_source_begin(struct api_source *s, uv_loop_t *loop, void (*on_read)(void *arg, unsigned ms), void (*on_flushed)(void *arg),
                          void *arg, struct diag *d)
{
	const struct kubernetes_options *o = s->options;
	s->began_ms = now_ms();
	s->on_read = on_read;
	s->on_flushed = on_flushed;
	s->arg = arg;
	if (o->snapshot && !(s->writer = snapshot_writer_new(loop, o->snapshot, s->endpoint->url, s->store)))
		return diag_no_memory(d);
	uv_timer_init(loop, &s->late);
	s->late.data = s;
	uv_timer_start(&s->late, on_late, o->startup_timeout_ms, 0);
	s->has_late = true;
	return watch(s, loop) ? diag_no_memory(d) : OK;
}

void api_source_end(struct api_source *s)
{
	watch_stop(s->watch);
	s->watch = NULL;
	snapshot_writer_close(s->writer);
	s->writer = NULL;
	if (s->has_late)
		uv_close((uv_handle_t *)&s->late, NULL);
	s->has_late = false;
}
