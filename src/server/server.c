#include "server/server.h"
#include "account.h"
#include "base/log.h"
#include "base/plural.h"
#include "cluster_names.h"
#include "labels.h"
#include "padding.h"
#include "pipeline.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ADDRESS_TEXT_MAX 64

struct server {
	struct server_options options;
	struct served *next;           /* being put together; NULL: nothing is */
	SLIST_HEAD(, served) served;   /* the newest first, and those before that workers may still answer with */
	struct server_worker *workers; /* as many as options say */
	struct tally tally;
	struct net *net;
	uv_async_t settled; /* a worker was the last to leave a configuration */
	uv_async_t failed;  /* queries that fail are counted, and it is to be said later how many */
	uv_timer_t later;   /* then */
	bool has_settled;   /* these are on the loop */
};

/* net leaves room for the largest reply over UDP; it does not know dns. */
_Static_assert(NET_UDP_REPLY_MAX >= DNS_UDP_SIZE_CAP, "a UDP reply has room");

/* --- names that are waited for --- */

/* After server_stop() nobody waits any more. */
static void on_services_changed(void *arg, const struct zone_cells *cells)
{
	struct server *s = arg;
	for (unsigned w = 0; s->net && w < s->options.workers; w++)
		hold_ring(&s->workers[w], s->net, cells);
}

/* Of each cluster whose names are waited for. */
static void follow_changes(struct server *s, const struct served *v, cluster_changed *on_changed)
{
	for (unsigned i = 0; i < v->block_count; i++) {
		struct cluster *c = cluster_names_of(v->blocks[i]->plan);
		if (c && cluster_options(c)->kubernetes->hold_ms)
			cluster_on_changed(c, on_changed, s);
	}
}

/* --- failures that are counted --- */

static void on_later(uv_timer_t *timer);

static void tick_failures(struct server *s)
{
	uint64_t now_ms = uv_now(s->later.loop), next_ms = UINT64_MAX;
	const struct served *v;
	SLIST_FOREACH(v, &s->served, older)
	{
		uint64_t due_ms = served_tick_failures(v, now_ms);
		next_ms = due_ms < next_ms ? due_ms : next_ms;
	}
	if (next_ms != UINT64_MAX)
		uv_timer_start(&s->later, on_later, next_ms - now_ms, 0);
}

static void on_later(uv_timer_t *timer)
{
	tick_failures(timer->data);
}

static void on_failed(uv_async_t *handle)
{
	tick_failures(handle->data);
}

/* --- its life --- */

/* Frees the configurations that nobody uses any more; but the newest. */
static void free_settled(struct server *s)
{
	struct served *v = SLIST_FIRST(&s->served), *before;
	while (v && (before = SLIST_NEXT(v, older))) {
		void *owner = before->owner;
		if (atomic_load(&before->workers)) {
			v = before;
			continue;
		}
		v->older = before->older;
		served_free(before);
		s->options.on_replaced(s->options.arg, owner);
	}
}

static void on_settled(uv_async_t *handle)
{
	free_settled(handle->data);
}

static enum err open_handles(struct server *s)
{
	uv_loop_t *loop = s->options.loop;
	if (uv_async_init(loop, &s->settled, on_settled))
		return ERR_SYS;
	uv_async_init(loop, &s->failed, on_failed); /* what could fail is the loop's, and was opened for the first one */
	uv_timer_init(loop, &s->later);
	uv_unref((uv_handle_t *)&s->later);
	s->settled.data = s->failed.data = s->later.data = s;
	return OK;
}

enum err server_new(const struct server_options *options, struct server **out, struct diag *d)
{
	struct server *s = calloc(1, sizeof *s);
	if (!s)
		return diag_no_memory(d);
	s->options = *options;
	SLIST_INIT(&s->served);
	if (!s->options.workers)
		s->options.workers = net_default_workers();
	tally_init(&s->tally, s->options.workers);
	s->workers = aligned_alloc(_Alignof(struct server_worker), s->options.workers * sizeof *s->workers);
	if (!s->workers) {
		server_free(s);
		return diag_no_memory(d);
	}
	memset(s->workers, 0, s->options.workers * sizeof *s->workers);
	if (options->loop && open_handles(s)) {
		server_free(s);
		return diag_set(d, ERR_SYS, "the event loop gives no more handles");
	}
	s->has_settled = options->loop;
	*out = s;
	return OK;
}

static void on_stop(struct net_call *c, unsigned worker)
{
	(void)worker;
	server_worker_hurry((struct server_worker *)((char *)c - offsetof(struct server_worker, stop)));
}

/* What was posted has run then: all workers have come to the newest configuration, and left those before. */
static void end_net(struct server *s)
{
	for (unsigned w = 0; s->net && w < s->options.workers; w++) {
		s->workers[w].stop.run = on_stop;
		net_post(s->net, w, &s->workers[w].stop);
	}
	net_stop(s->net);
	s->net = NULL;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	end_net(s);
	free_settled(s);
	if (s->has_settled) {
		uv_close((uv_handle_t *)&s->settled, NULL);
		uv_close((uv_handle_t *)&s->failed, NULL);
		uv_close((uv_handle_t *)&s->later, NULL);
	}
	s->has_settled = false;
}

void server_free(struct server *s)
{
	struct served *v;
	if (!s)
		return;
	end_net(s);
	served_free(s->next);
	while ((v = SLIST_FIRST(&s->served))) {
		SLIST_REMOVE_HEAD(&s->served, older);
		follow_changes(s, v, NULL);
		served_free(v);
	}
	tally_clear(&s->tally);
	free(s->workers);
	free(s);
}

/* --- what is served --- */

enum err server_add_block(struct server *s, const struct server_block *block, struct diag *d)
{
	if (!s->next)
		s->next = served_new(s->options.done != NULL, s->has_settled ? &s->failed : NULL);
	if (s->next)
		return served_add_block(s->next, block, d);
	server_steps_free(block->steps, block->step_count);
	return diag_no_memory(d);
}

void server_discard(struct server *s)
{
	served_free(s->next);
	s->next = NULL;
}

/* The worker's thread: it answers with the newest from here on. */
static void on_adopt(void *arg, unsigned worker)
{
	struct served *next = arg;
	server_worker_adopt(&next->server->workers[worker], next);
}

/* --- answering --- */

/* Those that were answered at once. */
static void pad(const struct exchange *exchanges, struct net_message *messages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct net_message *m = &messages[i];
		if (exchanges[i].padded && !m->kept)
			m->reply_len = padding_add(m->reply, m->reply_len, m->reply_cap);
	}
}

static void server_on_messages(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n)
{
	const struct server *s = arg;
	struct server_worker *w = &s->workers[worker];
	const struct routes *routes = w->now->served->by_index[address];
	struct exchange exchanges[NET_BATCH];
	uint64_t began_ns = routes->timed ? account_now_ns() : 0;
	for (unsigned i = 0; i < n; i++) {
		pipeline_begin(&exchanges[i], routes, &messages[i], w, address);
		exchanges[i].began_ns = began_ns;
	}
	for (unsigned i = 0; i < n; i++)
		pipeline_answer(&exchanges[i], &messages[i], w, address);
	if (messages->tls)
		pad(exchanges, messages, n);
	if (routes->row)
		account_batch(exchanges, messages, n, worker);
	if (!TAILQ_EMPTY(&w->ready))
		pipeline_ask_ready(w);
}

static void on_unsent(void *arg, unsigned worker, unsigned count)
{
	const struct server *s = arg;
	_Atomic(uint64_t) *n = &s->workers[worker].unsent;
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + count, memory_order_relaxed);
}

/* --- listening --- */

static enum err on_begin(void *arg, unsigned worker, uv_loop_t *loop)
{
	struct server *s = arg;
	return server_worker_begin(&s->workers[worker], worker, s->options.pending_max ? s->options.pending_max : PENDING_MAX_DEFAULT,
	                           loop);
}

static void on_end(void *arg, unsigned worker)
{
	struct server *s = arg;
	server_worker_end(&s->workers[worker]);
}

/* Workers take it from memory: before they run. */
static enum err start(struct server *s, struct served *v, const struct net_address *addresses, const struct net_terms *terms,
                      struct diag *d)
{
	const struct net_options options = {
	        .addresses = addresses,
	        .terms = terms,
	        .address_count = v->listener_count,
	        .workers = s->options.workers,
	        .tcp_connections_max = s->options.tcp_connections_max,
	        .tcp_idle_s = s->options.tcp_idle_s,
	        .handler = server_on_messages,
	        .unsent = on_unsent,
	        .begin = on_begin,
	        .end = on_end,
	        .arg = s,
	};
	for (unsigned w = 0; w < s->options.workers; w++) {
		s->workers[w].now = &v->holds[w];
		s->workers[w].options = &s->options;
		s->workers[w].settled = s->has_settled ? &s->settled : NULL;
	}
	return net_start(&options, &s->net, d);
}

/* Numbers the addresses as net does, 0 and up at the start. */
static enum err place(struct served *v, const struct net_change *c, struct diag *d)
{
	unsigned *index = calloc(v->listener_count + 1, sizeof *index);
	enum err err = ERR_NOMEM;
	for (unsigned i = 0; i < v->listener_count && index; i++)
		index[i] = c ? net_change_index(c, i) : i;
	if (index)
		err = served_place(v, index);
	free(index);
	return err ? diag_no_memory(d) : OK;
}

static enum err make_labels(struct server *s, struct served *v, struct diag *d)
{
	return labels_make(v, &s->tally) ? diag_no_memory(d) : OK;
}

static enum err change(struct server *s, struct served *v, const struct net_address *addresses, const struct net_terms *terms,
                       struct diag *d)
{
	struct net_change *c;
	enum err err = net_change_new(s->net, addresses, terms, v->listener_count, &c, d);
	if (err)
		return err;
	err = place(v, c, d);
	if (!err && served_tell_zones(v))
		err = diag_no_memory(d);
	if (err)
		net_change_free(c);
	else
		net_change_apply(c, on_adopt, v);
	return err;
}

static enum err begin(struct server *s, struct served *v, const struct net_address *addresses, const struct net_terms *terms,
                      struct diag *d)
{
	enum err err = place(v, NULL, d);
	if (!err && served_tell_zones(v))
		err = diag_no_memory(d);
	return err ? err : start(s, v, addresses, terms, d);
}

enum err server_adopt(struct server *s, void *owner, struct diag *d)
{
	struct served *v = s->next ? s->next : served_new(s->options.done != NULL, s->has_settled ? &s->failed : NULL);
	struct net_address *addresses = v ? calloc(v->listener_count + 1, sizeof *addresses) : NULL;
	struct net_terms *terms = addresses ? calloc(v->listener_count + 1, sizeof *terms) : NULL;
	enum err err;
	s->next = v;
	if (!terms) {
		free(addresses);
		return diag_no_memory(d);
	}
	for (unsigned i = 0; i < v->listener_count; i++) {
		addresses[i] = v->listeners[i].address;
		terms[i] = v->listeners[i].terms;
	}
	v->server = s;
	v->owner = owner;
	atomic_init(&v->workers, s->options.workers);
	err = served_hold(v, s->options.workers) ? diag_no_memory(d) : OK;
	if (!err)
		err = make_labels(s, v, d);
	if (!err)
		err = s->net ? change(s, v, addresses, terms, d) : begin(s, v, addresses, terms, d);
	free(addresses);
	free(terms);
	if (err)
		return err;
	s->next = NULL;
	SLIST_INSERT_HEAD(&s->served, v, older);
	follow_changes(s, v, on_services_changed); /* before the control thread changes any */
	return OK;
}

const struct net_address *server_addresses(const struct server *s, unsigned *count)
{
	return net_addresses(s->net, count);
}

/* --- numbers --- */

const struct tally *server_tally(const struct server *s)
{
	return &s->tally;
}

static void add_counts(const struct server_worker *w, struct server_counts *counts)
{
	for (unsigned absence = 0; absence < ABSENCES; absence++) {
		for (unsigned rcode = 0; rcode < QUERY_RCODES; rcode++)
			counts->ended[absence][rcode] += counter_read(&w->state.counters.ended[absence][rcode]);
	}
	counts->unsent += atomic_load_explicit(&w->unsent, memory_order_relaxed);
}

void server_count(const struct server *s, struct server_counts *counts)
{
	*counts = (struct server_counts){0};
	for (unsigned w = 0; w < s->options.workers; w++)
		add_counts(&s->workers[w], counts);
}

void server_absences(const struct server *s, uint64_t counts[ABSENCES])
{
	struct server_counts all;
	server_count(s, &all);
	for (unsigned a = 0; a < ABSENCES; a++) {
		counts[a] = 0;
		for (unsigned rcode = 0; a != ABSENCE_NONE && rcode < QUERY_RCODES; rcode++)
			counts[a] += all.ended[a][rcode];
	}
}

unsigned server_held(const struct server *s)
{
	unsigned held = 0;
	for (unsigned w = 0; w < s->options.workers; w++)
		held += atomic_load_explicit(&s->workers[w].hold.all, memory_order_relaxed);
	return held;
}

void server_each_step(const struct server *s, server_step_visit *visit, void *arg)
{
	const struct served *v = SLIST_FIRST(&s->served);
	if (v)
		labels_each_step(v, visit, arg);
}

/* --- telling --- */

static const struct block *block_of(const struct served *v, const struct cluster *c)
{
	for (unsigned i = 0; i < v->block_count; i++) {
		if (cluster_names_of(v->blocks[i]->plan) == c)
			return v->blocks[i];
	}
	return NULL;
}

/* "127.0.0.1:1053, [::1]:1053"; cut where text is full. */
static void listed_addresses(const struct server *s, const struct block *b, char *text, size_t cap)
{
	const struct served *v = SLIST_FIRST(&s->served);
	unsigned bound_count;
	const struct net_address *bound = net_addresses(s->net, &bound_count);
	size_t len = 0;
	*text = 0;
	for (unsigned i = 0; b && i < b->listener_count && len < cap; i++) {
		char one[ADDRESS_TEXT_MAX];
		net_address_format(&bound[v->listeners[b->listeners[i]].index], one);
		len += (size_t)snprintf(text + len, cap - len, "%s%s", i ? ", " : "", one);
	}
}

/* Which zones are served where. */
static void log_routes(const struct server *s)
{
	const struct served *v = SLIST_FIRST(&s->served);
	for (unsigned i = 0; i < v->listener_count; i++) {
		const struct routes *routes = &v->listeners[i].routes;
		unsigned bound_count;
		char zone[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];
		net_address_format(&net_addresses(s->net, &bound_count)[v->listeners[i].index], address);
		for (unsigned r = 0; r < routes->count; r++) {
			name_to_text(&routes->routes[r].zone, zone);
			log_line(LOG_DEBUG, "zone %s at %s", zone, address);
		}
	}
}

void server_log_listening(const struct server *s)
{
	char addresses[512];
	log_routes(s);
	const struct served *v = SLIST_FIRST(&s->served);
	for (unsigned i = 0; i < v->block_count; i++) {
		const struct block *b = v->blocks[i];
		listed_addresses(s, b, addresses, sizeof addresses);
		const struct cluster *c = cluster_names_of(b->plan);
		if (c)
			log_line(LOG_INFO, "listening on %s; names of the cluster at %s follow when it has been read", addresses,
			         cluster_options(c)->endpoint->url);
		else if (b->plan->count)
			log_line(LOG_INFO, "listening on %s; no cluster is served there", addresses);
		else
			log_line(LOG_INFO, "listening on %s; nothing is served there, and every query refused", addresses);
	}
}

void server_log_start(const struct server *s, const struct cluster *c, unsigned ms)
{
	char addresses[512], zone[NAME_TEXT_MAX];
	struct store_counts counts = store_counts(cluster_store(c));
	size_t names = zone_counts(cluster_zone(c)).names;
	name_to_text(&cluster_options(c)->kubernetes->zones.names[0], zone);
	listed_addresses(s, block_of(SLIST_FIRST(&s->served), c), addresses, sizeof addresses);
	log_line(LOG_INFO, "serving %zu service%s, %zu endpoint%s, %zu name%s of %s on %s; ready after %u ms", counts.services,
	         plural(counts.services), counts.endpoints, plural(counts.endpoints), names, plural(names), zone, addresses, ms);
}
