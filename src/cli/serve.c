#include "base/privileges.h"
#include "base/process.h"
#include "base/rcu.h"
#include "cli/commands.h"
#include "drain.h"
#include "front.h"
#include "io/filewatch.h"
#include "metrics/metrics.h"
#include "notify.h"
#include "pid_file.h"
#include "ready_file.h"
#include "reload.h"
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define SIGNALS  5
#define MS_PER_S 1000

struct serve {
	const struct options *options;
	struct reload *reload;
	struct server *server;
	struct query_log *queries;
	uv_loop_t loop;
	uv_signal_t signals[SIGNALS];
	struct filewatch *watch;
	struct ready_file ready;
	struct notify notify;
	struct front front;
	struct drain drain;
	bool was_ready; /* and stays so: who has read a cluster once has names to answer with */
	bool ending;    /* nobody is to send anything here any more, but what comes is answered */
};

static const int signal_numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

/* Of manifests, and what a command line says, there is one. */
static struct cluster *first_cluster(const struct serve *s)
{
	return reload_sites(s->reload)->all[0].cluster->cluster;
}

static uint64_t count_queries(void *arg)
{
	const struct serve *s = arg;
	struct server_counts counts;
	uint64_t sum = 0;
	server_count(s->server, &counts);
	for (unsigned absence = 0; absence < ABSENCES; absence++) {
		for (unsigned rcode = 0; rcode < QUERY_RCODES; rcode++)
			sum += counts.ended[absence][rcode];
	}
	return sum;
}

static void on_drained(void *arg, bool in_vain)
{
	struct serve *s = arg;
	if (in_vain)
		log_line(LOG_WARNING, "queries still come %u s after lameduck: ending all the same", DRAIN_MORE_MS / 1000);
	uv_stop(&s->loop);
}

/* Who looks whether we are ready sends others elsewhere; until all of them know, queries come and are answered. */
static void begin_end(struct serve *s, int signum)
{
	uint64_t lameduck_ms = reload_sites(s->reload)->pages.lameduck_ms;
	if (!s->ending)
		notify_stopping(&s->notify);
	if (s->ending || signum == SIGINT || !lameduck_ms) {
		uv_stop(&s->loop);
		return;
	}
	s->ending = true;
	ready_file_end(&s->ready);
	if (admin_set_unready(s->front.admin, "shutting down\n"))
		log_line(LOG_WARNING, "serve: out of memory: /ready goes on saying OK");
	log_line(LOG_INFO,
	         "ending in %g s (lameduck), and not before no query has come for a second: what comes until then is answered; another "
	         "signal ends it at once",
	         (double)lameduck_ms / MS_PER_S);
	drain_begin(&s->drain, &(struct drain_options){.lameduck_ms = lameduck_ms, .count = count_queries, .done = on_drained, .arg = s});
}

static void tell_reloaded(struct serve *s)
{
	if (!reload_pending(s->reload))
		notify_reloaded(&s->notify);
}

static void read_again(struct serve *s)
{
	if (s->was_ready)
		notify_reloading(&s->notify);
	if (!s->options->conf)
		cluster_reload(first_cluster(s));
	if (s->options->conf || s->options->forward)
		reload_now(s->reload);
	tell_reloaded(s);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct serve *s = handle->data;
	if (signum == SIGTERM || signum == SIGINT)
		begin_end(s, signum);
	else if (signum == SIGUSR2) /* CoreDNS starts its successor */
		log_line(LOG_WARNING, "SIGUSR2 does nothing: a new version is started by whoever started this one");
	else /* SIGHUP, and SIGUSR1, at which CoreDNS reloads */
		read_again(s);
}

static void on_files_changed(void *arg)
{
	cluster_reload(first_cluster(arg));
}

/* --- ready --- */

/* Before the line that says so: who has read that may rely on the file. */
static void tell_ready(struct serve *s)
{
	bool known = sites_known(reload_sites(s->reload));
	if (s->ending || s->was_ready || !known) {
		if (!known && !s->was_ready)
			admin_set_unready(s->front.admin, "kubernetes\n"); /* out of memory: it says something else then */
		return;
	}
	s->was_ready = true;
	ready_file_write(&s->ready, s->server);
	notify_ready(&s->notify);
	admin_set_unready(s->front.admin, NULL);
}

static void on_adopted(void *arg)
{
	struct serve *s = arg;
	tell_ready(s);
	tell_reloaded(s);
}

static void on_given_up(void *arg)
{
	tell_reloaded(arg);
}

static void on_cluster_read(void *arg, const struct cluster *c, unsigned ms)
{
	struct serve *s = arg;
	tell_ready(s);
	server_log_start(s->server, c, ms);
}

/* --- metrics --- */

static unsigned list_clusters(const struct sites *sites, const struct cluster **clusters)
{
	unsigned count = 0;
	for (unsigned i = 0; i < sites->count; i++) {
		if (sites->all[i].cluster)
			clusters[count++] = sites->all[i].cluster->cluster;
	}
	return count;
}

static unsigned list_forwardings(const struct sites *sites, struct metrics_forwarding *forwardings)
{
	static const struct name_list everything = {0};
	unsigned count = 0;
	for (unsigned i = 0; i < sites->count; i++) {
		const struct site *site = &sites->all[i];
		const struct corefile_block *said = sites->corefile.count ? &sites->corefile.blocks[i] : NULL;
		const struct cache_values *cache = said ? corefile_values(said, DIRECTIVE_CACHE) : NULL;
		if (site->forwarding)
			forwardings[count++] = (struct metrics_forwarding){
			        site->forwarding, site->counted, cache ? &cache->zones : &everything, site->places, site->place_count};
	}
	return count;
}

static unsigned list_hosts(const struct sites *sites, const struct hosts **hosts)
{
	unsigned count = 0;
	for (unsigned i = 0; i < sites->count; i++) {
		if (sites->all[i].hosts)
			hosts[count++] = sites->all[i].hosts;
	}
	return count;
}

/* Lists of what sites have; as long as there are sites. */
struct lists {
	const struct cluster **clusters;
	struct metrics_forwarding *forwardings;
	const struct hosts **hosts;
};

static void lists_free(struct lists *l)
{
	free(l->clusters);
	free(l->forwardings);
	free(l->hosts);
}

/* False: out of memory. */
static bool lists_make(struct lists *l, unsigned count)
{
	l->clusters = calloc(count + 1, sizeof *l->clusters);
	l->forwardings = calloc(count + 1, sizeof *l->forwardings);
	l->hosts = calloc(count + 1, sizeof *l->hosts);
	if (l->clusters && l->forwardings && l->hosts)
		return true;
	lists_free(l);
	return false;
}

static void on_collect(void *arg, struct exposition *e)
{
	const struct serve *s = arg;
	const struct sites *sites = reload_sites(s->reload);
	struct reload_status reloads;
	struct lists lists;
	if (!lists_make(&lists, sites->count)) {
		e->text.failed = true; /* rather none than a part, which would look like the whole */
		return;
	}
	reload_status(s->reload, &reloads);
	const struct metrics_sources from = {
	        .server = s->server,
	        .admin = s->front.admin,
	        .clusters = lists.clusters,
	        .cluster_count = list_clusters(sites, lists.clusters),
	        .forwardings = lists.forwardings,
	        .log = s->queries,
	        .forwarding_count = list_forwardings(sites, lists.forwardings),
	        .hosts = lists.hosts,
	        .hosts_count = list_hosts(sites, lists.hosts),
	        .reloads = {reloads.adopted, reloads.failed, *reloads.hash ? reloads.hash : NULL},
	};
	metrics_write(&from, e);
	lists_free(&lists);
}

/* --- the loop --- */

static enum err loop_open(struct serve *s, struct diag *d)
{
	const struct cluster_options *o = &s->options->cluster;
	if (uv_loop_init(&s->loop))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	for (unsigned i = 0; i < SIGNALS; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]);
	}
	if (filewatch_start(&s->loop, o->files, o->file_count, o->manifest.recursive, on_files_changed, s, &s->watch))
		log_line(LOG_WARNING, "serve: the files cannot be watched: after an edit, send SIGHUP");
	drain_init(&s->drain, &s->loop);
	return OK;
}

static void loop_close(struct serve *s)
{
	filewatch_stop(s->watch);
	server_stop(s->server);
	front_close(&s->front);
	drain_close(&s->drain);
	reload_stop(s->reload);
	for (unsigned i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
}

static enum err load(struct cluster *c, struct diag *d)
{
	struct cluster_changes changes;
	enum err err = cluster_load(c, &changes);
	return err ? diag_set(d, err, "nothing is served: the input is wrong, see above (--lenient leaves out what is wrong)") : OK;
}

static unsigned ms_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* --- serving --- */

/* What is opened again later must be within reach then. */
static void need_endpoint(struct privileges *p, const struct api_endpoint *e)
{
	privileges_need_to_read(p, e->ca_file);
	privileges_need_to_read(p, e->cert_file);
	privileges_need_to_read(p, e->key_file);
	privileges_need_to_read(p, e->token_file);
	if (e->exec)
		privileges_need_to_read(p, e->exec->folder);
}

static void need_upstream_files(struct privileges *p, const struct corefile_block *b)
{
	const struct forward_values *v = b ? corefile_values(b, DIRECTIVE_FORWARD) : NULL;
	for (unsigned i = 0; v && i < v->files.count; i++)
		privileges_need_to_read(p, v->files.texts[i]);
	for (unsigned i = 0; v && i < v->tls_files.count; i++)
		privileges_need_to_read(p, v->tls_files.texts[i]);
}

static void need_hosts(struct privileges *p, const struct sites *sites)
{
	for (unsigned i = 0; i < sites->count; i++) {
		if (sites->all[i].hosts)
			privileges_need_to_read(p, hosts_file(sites->all[i].hosts));
	}
}

static void need_zone_files(struct privileges *p, const struct sites *sites)
{
	for (unsigned i = 0; i < sites->count; i++) {
		const struct zone_files *f = sites->all[i].files;
		for (unsigned k = 0; f && zone_files_slot(f, k); k++)
			privileges_need_to_read(p, zone_files_path(f, k));
	}
}

static void give_up_privileges(const struct serve *s)
{
	const struct cluster_options *o = &s->options->cluster;
	const struct sites *sites = reload_sites(s->reload);
	struct privileges p;
	privileges_begin(&p);
	privileges_need_to_read(&p, s->options->conf);
	for (size_t i = 0; i < o->file_count; i++)
		privileges_need_to_read(&p, o->files[i]);
	privileges_need_to_read(&p, s->options->kube_dns);
	for (unsigned i = 0; i < sites->count; i++)
		need_upstream_files(&p, sites_forward_block(sites, i));
	need_hosts(&p, sites);
	need_zone_files(&p, sites);
	for (unsigned i = 0; i < sites->count; i++) {
		const struct site_cluster *c = sites->all[i].cluster;
		if (!c)
			continue;
		need_endpoint(&p, &c->endpoint);
		privileges_need_to_write(&p, c->kubernetes->snapshot);
	}
	privileges_need_to_write(&p, s->options->ready_file);
	privileges_need_to_write(&p, s->options->pid_file);
	privileges_end(&p);
}

static enum err listen_and_give_up(struct serve *s, struct diag *d)
{
	enum err err = reload_serve(s->reload, s->server, s->front.admin, d);
	if (!err)
		give_up_privileges(s);
	return err;
}

/* The loop watches already, so that no edit falls between loading and watching. */
static enum err serve_files(struct serve *s, struct diag *d)
{
	struct timespec start;
	enum err err;
	clock_gettime(CLOCK_MONOTONIC, &start);
	err = load(first_cluster(s), d);
	if (!err)
		err = listen_and_give_up(s, d);
	if (err)
		return err;
	tell_ready(s);
	server_log_start(s->server, first_cluster(s), ms_since(&start));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

/* Listens at once: who asks meanwhile is told so, and names that are not the cluster's need not wait. */
static enum err serve_clusters(struct serve *s, struct diag *d)
{
	enum err err = listen_and_give_up(s, d); /* first: a credential plugin gets no privileges of ours */
	if (!err)
		err = reload_watch(s->reload, d);
	if (err)
		return err;
	tell_ready(s);
	server_log_listening(s->server);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

static enum err open_query_log(struct serve *s, unsigned workers, struct diag *d)
{
	const struct query_log_options options = {
	        .workers = workers,
	        .fd = STDOUT_FILENO,
	        .json = s->options->log_format == LOG_JSON,
	};
	return query_log_new(&options, &s->queries, d);
}

static enum err build(struct serve *s, struct diag *d)
{
	const struct reload_events events = {.adopted = on_adopted, .given_up = on_given_up, .cluster_read = on_cluster_read, .arg = s};
	struct server_options options = s->options->server;
	enum err err;
	if (!options.workers)
		options.workers = net_default_workers();
	err = open_query_log(s, options.workers, d);
	if (!err)
		err = reload_new(&s->loop, s->options, s->queries, &events, &s->reload, d);
	options.logged = query_log_done;
	options.logged_arg = s->queries;
	options.loop = &s->loop;
	options.on_replaced = reload_on_replaced;
	options.arg = s->reload;
	if (!err)
		err = server_new(&options, &s->server, d);
	return err ? err : front_open(&s->front, &s->loop, on_collect, s, d);
}

static enum err serve(struct serve *s, struct diag *d)
{
	enum err err = loop_open(s, d);
	if (err)
		return err;
	err = build(s, d);
	if (!err)
		err = s->options->cluster.file_count ? serve_files(s, d) : serve_clusters(s, d);
	ready_file_end(&s->ready);
	loop_close(s);
	return err;
}

int serve_main(const struct options *o)
{
	struct serve s = {.options = o};
	struct diag d;
	enum err err;
	privileges_lock();
	process_ignore_write_signals();
	rcu_thread_begin();
	err = forwarding_begin();
	if (err) {
		log_line(LOG_ERROR, "serve: c-ares could not start");
		return 1;
	}
	notify_begin(&s.notify);
	err = log_start() ? diag_set(&d, ERR_SYS, "the thread of the log could not start") : OK;
	if (!err)
		err = ready_file_begin(&s.ready, o->ready_file, &d);
	if (!err)
		err = pid_file_write(o->pid_file, &d);
	if (!err)
		err = serve(&s, &d);
	pid_file_end(o->pid_file);
	notify_end(&s.notify);
	if (err)
		log_line(LOG_ERROR, "serve: %s", d.text);
	server_free(s.server);
	query_log_free(s.queries);
	reload_free(s.reload);
	rcu_thread_end();
	forwarding_end();
	return err ? 1 : 0;
}
