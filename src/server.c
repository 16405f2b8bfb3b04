#include "server.h"
#include "base/log.h"
#include "base/rcu.h"
#include "query/query.h"
#include "self.h"
#include "spool.h"
#include "zone/compile.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVERY_KIND ((1u << OBJECT_KINDS) - 1)

/* What one worker writes; a cache line of its own, so that no two workers share one. */
struct server_worker {
	_Alignas(64) struct query_state state;
};

struct server {
	struct server_options options;
	struct intern *pool;
	struct store *store;
	struct zone *zone;
	struct net *net;
	struct name *search;
	struct query_policy policy;
	struct server_worker *workers;
	bool stdin_kept;
	struct server_changes changes; /* of the load under way */
	struct watch *watch;
	uint64_t watch_ms; /* when it began */
	atomic_bool known; /* the cluster has been read */
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- store to zone --- */

/* An error that would come again at every flush is reported and passed over, so that it does not keep the other Services from being
 * applied; out of memory is not one. */
static enum err passed_over(enum err err, const char *ns, const char *name)
{
	if (!err || err == ERR_NOMEM)
		return err;
	log_line(LOG_ERROR, "%s%s%s cannot be served: %s", ns, *name ? "/" : "", name, err_str(err));
	return OK;
}

static enum err on_service_changed(void *arg, const struct service_view *view)
{
	struct server *s = arg;
	const struct object *o = &view->service->object;
	struct generation *g;
	enum err err = compile_service(view, &g);
	if (!err)
		err = zone_publish(s->zone, o->ns, o->name, g);
	if (!err)
		s->changes.changed++;
	return passed_over(err, o->ns, o->name);
}

static void on_service_gone(void *arg, const char *ns, const char *name)
{
	struct server *s = arg;
	zone_withdraw(s->zone, ns, name);
	s->changes.gone++;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	struct server *s = arg;
	if (exists)
		return passed_over(zone_add_namespace(s->zone, ns), ns, "");
	zone_remove_namespace(s->zone, ns);
	return OK;
}

/* --- building and tearing down --- */

static enum err server_build(struct server *s, struct diag *d)
{
	const struct server_options *o = &s->options;
	const struct zone_options zone_options = {&o->zone, o->ttl_s, o->negative_ttl_s};
	const struct store_callbacks callbacks = {on_service_changed, on_service_gone, on_namespace_changed, s};
	if (!(s->pool = intern_new()) || !(s->zone = zone_new(&zone_options)) || !(s->store = store_new(s->pool, &callbacks)))
		return diag_set(d, ERR_NOMEM, "out of memory");
	s->policy = (struct query_policy){.zone = s->zone, .rotate = o->rotate, .outside_nxdomain = o->outside_nxdomain, .ede = true};
	return spool_stdin(o->files, o->file_count, &s->stdin_kept, d);
}

enum err server_new(const struct server_options *options, struct server **out, struct diag *d)
{
	struct server *s = calloc(1, sizeof *s);
	enum err err;
	if (!s)
		return diag_set(d, ERR_NOMEM, "out of memory");
	rcu_thread_begin();
	s->options = *options;
	if (!s->options.workers)
		s->options.workers = net_default_workers();
	err = server_build(s, d);
	if (err) {
		server_free(s);
		return err;
	}
	*out = s;
	return OK;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	net_stop(s->net);
	store_free(s->store);
	zone_free(s->zone);
	rcu_free_all();
	rcu_thread_end();
	intern_free(s->pool);
	free(s->search);
	free(s->workers);
	free(s);
}

/* --- loading --- */

static void on_report(void *arg, bool fatal, const char *text)
{
	struct server *s = arg;
	s->changes.errors++;
	log_line(fatal ? LOG_ERROR : LOG_WARNING, "%s", text);
}

/* Hands every object to the store, which takes it also where it fails. */
static enum err upsert_all(struct server *s, struct manifest *m)
{
	enum err err = OK;
	for (size_t i = 0; i < m->count; i++) {
		struct object *o = m->objects[i];
		enum err one;
		m->objects[i] = NULL;
		one = store_upsert(s->store, o);
		err = err ? err : one;
	}
	return err;
}

static enum err apply(struct server *s, struct manifest *m)
{
	enum err err;
	store_mark(s->store, EVERY_KIND);
	err = upsert_all(s, m);
	if (!err) { /* else what did not get in would look deleted */
		store_sweep(s->store, EVERY_KIND);
		err = store_flush(s->store);
	}
	if (err)
		log_line(LOG_ERROR, "the manifests could not be applied whole: %s", err_str(err));
	return err;
}

enum err server_load(struct server *s, struct server_changes *changes)
{
	const struct server_options *o = &s->options;
	uint64_t start = now_ms();
	struct manifest m = {0};
	enum err err;
	s->changes = (struct server_changes){0};
	if (s->stdin_kept)
		spool_rewind();
	err = manifest_load(o->files, o->file_count, &o->manifest, s->pool, on_report, s, &m);
	if (!err)
		err = apply(s, &m);
	manifest_free(&m, s->pool);
	s->changes.ms = (unsigned)(now_ms() - start);
	*changes = s->changes;
	return err;
}

enum err server_reload(struct server *s)
{
	struct server_changes c;
	struct store_counts now;
	enum err err;
	if (s->options.cluster) {
		log_line(LOG_INFO, "nothing to reload: the cluster's changes are followed as they happen");
		return OK;
	}
	err = server_load(s, &c);
	if (err) {
		log_line(LOG_ERROR, "not reloaded: %s; keeps serving the data of before",
		         c.errors ? "the manifests are wrong, see above" : err_str(err));
		return err;
	}
	now = store_counts(s->store);
	log_line(LOG_INFO, "reloaded: %zu services changed, %zu gone; now %zu services, %zu endpoints, %zu names; %u ms", c.changed, c.gone,
	         now.services, now.endpoints, zone_counts(s->zone).names, c.ms);
	return OK;
}

/* --- watching --- */

static enum err on_cluster_upsert(void *arg, struct object *o)
{
	const struct server *s = arg;
	return store_upsert(s->store, o);
}

static void on_cluster_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	const struct server *s = arg;
	store_delete(s->store, kind, ns, name);
}

static void on_cluster_mark(void *arg, enum object_kind kind)
{
	const struct server *s = arg;
	store_mark(s->store, 1u << kind);
}

static void on_cluster_sweep(void *arg, enum object_kind kind)
{
	const struct server *s = arg;
	store_sweep(s->store, 1u << kind);
}

static enum err on_cluster_flush(void *arg)
{
	const struct server *s = arg;
	enum err err = store_flush(s->store);
	if (err)
		log_line(LOG_ERROR, "the cluster's changes could not be applied whole: %s", err_str(err));
	return err;
}

static void on_cluster_synced(void *arg)
{
	struct server *s = arg;
	atomic_store_explicit(&s->known, true, memory_order_release);
	server_log_start(s, (unsigned)(now_ms() - s->watch_ms));
}

enum err server_watch(struct server *s, uv_loop_t *loop, struct diag *d)
{
	const struct watch_options options = {
	        .endpoint = s->options.cluster,
	        .endpoints = s->options.endpoints,
	        .pool = s->pool,
	        .handlers = {on_cluster_upsert, on_cluster_gone, on_cluster_mark, on_cluster_sweep, on_cluster_flush, on_cluster_synced, s},
	};
	s->watch_ms = now_ms();
	s->policy.known = &s->known;
	return watch_start(loop, &options, &s->watch) ? diag_set(d, ERR_NOMEM, "out of memory") : OK;
}

void server_unwatch(struct server *s)
{
	watch_stop(s->watch);
	s->watch = NULL;
}

/* --- answering --- */

static void server_on_messages(void *arg, unsigned worker, struct net_message *messages, unsigned n)
{
	struct server *s = arg;
	struct query_state *state = &s->workers[worker].state;
	struct query queries[NET_BATCH];
	for (unsigned i = 0; i < n; i++)
		query_begin(&queries[i], &s->policy, messages[i].tcp ? QUERY_TCP : QUERY_UDP, messages[i].bytes, messages[i].len);
	for (unsigned i = 0; i < n; i++)
		messages[i].reply_len = query_answer(&queries[i], &s->policy, state, messages[i].reply, messages[i].reply_cap);
}

enum err server_set_search(struct server *s, const struct name *search, unsigned count)
{
	struct name *copy;
	if (!count)
		return OK;
	copy = malloc(count * sizeof *copy);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, search, count * sizeof *copy);
	free(s->search);
	s->policy.search = s->search = copy;
	s->policy.search_count = count;
	return OK;
}

enum err server_listen(struct server *s, const struct net_address *addresses, unsigned count, struct diag *d)
{
	struct addr self[SELF_MAX];
	size_t self_count = self_addresses(addresses, count, self);
	const struct net_options options = {
	        .addresses = addresses,
	        .address_count = count,
	        .workers = s->options.workers,
	        .tcp_connections_max = s->options.tcp_connections_max,
	        .tcp_idle_s = s->options.tcp_idle_s,
	        .handler = server_on_messages,
	        .arg = s,
	};
	s->workers = aligned_alloc(_Alignof(struct server_worker), s->options.workers * sizeof *s->workers);
	if (!s->workers || zone_set_self(s->zone, self, self_count))
		return diag_set(d, ERR_NOMEM, "out of memory");
	memset(s->workers, 0, s->options.workers * sizeof *s->workers);
	return net_start(&options, &s->net, d);
}

/* --- telling --- */

/* "127.0.0.1:1053, [::1]:1053"; cut where text is full. */
static void listed_addresses(const struct server *s, char *text, size_t cap)
{
	unsigned count;
	const struct net_address *a = net_addresses(s->net, &count);
	size_t len = 0;
	for (unsigned i = 0; i < count && len < cap; i++) {
		char one[64];
		net_address_format(&a[i], one);
		len += (size_t)snprintf(text + len, cap - len, "%s%s", i ? ", " : "", one);
	}
}

void server_log_listening(const struct server *s)
{
	char addresses[512] = "";
	listed_addresses(s, addresses, sizeof addresses);
	log_line(LOG_INFO, "listening on %s; names of the cluster at %s follow when it has been read", addresses, s->options.cluster->url);
}

void server_log_start(const struct server *s, unsigned ms)
{
	char addresses[512] = "", zone[NAME_TEXT_MAX];
	struct store_counts counts = store_counts(s->store);
	name_to_text(&s->options.zone, zone);
	listed_addresses(s, addresses, sizeof addresses);
	log_line(LOG_INFO, "serving %zu services, %zu endpoints, %zu names of %s on %s; ready after %u ms", counts.services,
	         counts.endpoints, zone_counts(s->zone).names, zone, addresses, ms);
}

const struct store *server_store(const struct server *s)
{
	return s->store;
}

struct zone_counts server_zone_counts(const struct server *s)
{
	return zone_counts(s->zone);
}
