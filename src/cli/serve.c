#include "base/privileges.h"
#include "base/process.h"
#include "base/rcu.h"
#include "cli/commands.h"
#include "kube/filewatch.h"
#include "ready_file.h"
#include "sites.h"
#include <signal.h>
#include <time.h>
#include <uv.h>

#define SIGNALS 5

struct serve {
	const struct options *options;
	struct sites sites;
	struct server *server;
	uv_loop_t loop;
	uv_signal_t signals[SIGNALS];
	struct filewatch *watch;
	struct ready_file ready;
};

static const int signal_numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

/* The manifests; there is one site then. */
static void reload(struct serve *s)
{
	if (s->options->conf)
		log_line(LOG_INFO,
		         "nothing to reload: a Corefile is read at the start only, so restart after a change of %s; the clusters' "
		         "changes are followed as they happen",
		         s->options->conf);
	else
		cluster_reload(s->sites.all[0].cluster);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct serve *s = handle->data;
	if (signum == SIGHUP || signum == SIGUSR1) /* CoreDNS reloads at SIGUSR1 */
		reload(s);
	else if (signum == SIGUSR2) /* CoreDNS starts its successor */
		log_line(LOG_WARNING, "SIGUSR2 does nothing: a new version is started by whoever started this one");
	else
		uv_stop(&s->loop);
}

static void on_files_changed(void *arg)
{
	struct serve *s = arg;
	cluster_reload(s->sites.all[0].cluster);
}

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
	return OK;
}

static void loop_close(struct serve *s)
{
	filewatch_stop(s->watch);
	for (unsigned i = 0; i < s->sites.count; i++)
		cluster_unwatch(s->sites.all[i].cluster);
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

static void give_up_privileges(const struct serve *s)
{
	const struct cluster_options *o = &s->options->cluster;
	struct privileges p;
	privileges_begin(&p);
	for (size_t i = 0; i < o->file_count; i++)
		privileges_need_to_read(&p, o->files[i]);
	for (unsigned i = 0; i < s->sites.count; i++) {
		const struct site *site = &s->sites.all[i];
		need_endpoint(&p, &site->endpoint);
		privileges_need_to_write(&p, site->kubernetes ? site->kubernetes->snapshot : NULL);
	}
	privileges_need_to_write(&p, s->options->ready_file);
	privileges_end(&p);
}

static enum err listen_at_sites(struct serve *s, struct diag *d)
{
	enum err err = sites_add(&s->sites, s->options, s->server, d);
	if (!err)
		err = server_listen(s->server, d);
	if (!err)
		give_up_privileges(s);
	return err;
}

/* No name gets SERVFAIL for want of a cluster that has not been read. */
static bool answers_all(const struct serve *s)
{
	for (unsigned i = 0; i < s->sites.count; i++) {
		const struct cluster *c = s->sites.all[i].cluster;
		if (c && !atomic_load_explicit(cluster_known(c), memory_order_acquire))
			return false;
	}
	return true;
}

/* Before the line that says so: who has read that may rely on the file. */
static void tell_ready(struct serve *s)
{
	if (answers_all(s))
		ready_file_write(&s->ready, s->server);
}

/* Watching begins before loading, so that no edit falls between the two. */
static enum err serve_files(struct serve *s, struct diag *d)
{
	struct cluster *c = s->sites.all[0].cluster;
	struct timespec start;
	enum err err;
	clock_gettime(CLOCK_MONOTONIC, &start);
	err = load(c, d);
	if (!err)
		err = listen_at_sites(s, d);
	if (err)
		return err;
	tell_ready(s);
	server_log_start(s->server, c, ms_since(&start));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

static void on_cluster_read(void *arg, struct cluster *c, unsigned ms)
{
	struct serve *s = arg;
	tell_ready(s);
	server_log_start(s->server, c, ms);
}

/* Listens at once: who asks meanwhile is told so, and names that are not the cluster's need not wait. */
static enum err serve_clusters(struct serve *s, struct diag *d)
{
	enum err err = listen_at_sites(s, d); /* first: a credential plugin gets no privileges of ours */
	for (unsigned i = 0; i < s->sites.count && !err; i++) {
		struct cluster *c = s->sites.all[i].cluster;
		if (c)
			err = cluster_watch(c, &s->loop, on_cluster_read, s, d);
	}
	if (err)
		return err;
	tell_ready(s);
	server_log_listening(s->server);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

/* What outlives the loop. */
static enum err build(struct serve *s, struct diag *d)
{
	enum err err = ready_file_begin(&s->ready, s->options->ready_file, d);
	if (!err)
		err = sites_find(s->options, &s->sites, d);
	if (!err)
		err = sites_open(&s->sites, s->options, d);
	return err ? err : server_new(&s->options->server, &s->server, d);
}

int serve_main(const struct options *o)
{
	struct serve s = {.options = o};
	struct diag d;
	enum err err;
	privileges_lock();
	process_ignore_write_signals();
	rcu_thread_begin();
	err = log_start() ? diag_set(&d, ERR_SYS, "the thread of the log could not start") : build(&s, &d);
	if (!err)
		err = loop_open(&s, &d);
	if (!err) {
		err = o->cluster.file_count ? serve_files(&s, &d) : serve_clusters(&s, &d);
		ready_file_end(&s.ready);
		loop_close(&s);
	}
	if (err)
		log_line(LOG_ERROR, "serve: %s", d.text);
	server_free(s.server);
	sites_free(&s.sites);
	rcu_thread_end();
	return err ? 1 : 0;
}
