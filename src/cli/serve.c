#include "base/rcu.h"
#include "cli/commands.h"
#include "cli/listen.h"
#include "kube/filewatch.h"
#include "kube/kubeconfig.h"
#include <signal.h>
#include <time.h>
#include <uv.h>

#define SIGNALS 3

struct serve {
	struct cluster *cluster;
	struct server *server;
	uv_loop_t loop;
	uv_signal_t signals[SIGNALS];
	struct filewatch *watch;
};

static const int signal_numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

static void on_signal(uv_signal_t *handle, int signum)
{
	struct serve *s = handle->data;
	if (signum == SIGHUP)
		cluster_reload(s->cluster);
	else
		uv_stop(&s->loop);
}

static void on_files_changed(void *arg)
{
	struct serve *s = arg;
	cluster_reload(s->cluster);
}

static enum err loop_open(struct serve *s, const struct options *o, struct diag *d)
{
	if (uv_loop_init(&s->loop))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	for (unsigned i = 0; i < SIGNALS; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]);
	}
	if (filewatch_start(&s->loop, o->cluster.files, o->cluster.file_count, on_files_changed, s, &s->watch))
		log_line(LOG_WARNING, "serve: the files cannot be watched: after an edit, send SIGHUP");
	return OK;
}

static void loop_close(struct serve *s)
{
	filewatch_stop(s->watch);
	cluster_unwatch(s->cluster);
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

static enum err listen_as_told(struct serve *s, const struct options *o, struct diag *d)
{
	struct net_address defaults[LISTEN_DEFAULTS];
	struct server_block block = {
	        .addresses = o->listen,
	        .address_count = o->listen_count,
	        .cluster = s->cluster,
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	};
	enum err err;
	if (!block.address_count) {
		block.addresses = defaults;
		block.address_count = listen_defaults(defaults);
	}
	err = server_add_block(s->server, &block, d);
	return err ? err : server_listen(s->server, d);
}

static unsigned ms_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* Watching begins before loading, so that no edit falls between the two. */
static enum err serve_files(struct serve *s, const struct options *o, struct diag *d)
{
	struct timespec start;
	enum err err;
	clock_gettime(CLOCK_MONOTONIC, &start);
	err = load(s->cluster, d);
	if (!err)
		err = listen_as_told(s, o, d);
	if (err)
		return err;
	server_log_start(s->server, s->cluster, ms_since(&start));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

static void on_cluster_read(void *arg, struct cluster *c, unsigned ms)
{
	const struct serve *s = arg;
	server_log_start(s->server, c, ms);
}

/* Listens at once: who asks meanwhile is told so, and names that are not the cluster's need not wait. */
static enum err serve_cluster(struct serve *s, const struct options *o, struct diag *d)
{
	enum err err = cluster_watch(s->cluster, &s->loop, on_cluster_read, s, d);
	if (!err)
		err = listen_as_told(s, o, d);
	if (err)
		return err;
	server_log_listening(s->server, s->cluster);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

/* What outlives the server and the loop. */
static enum err build(struct serve *s, const struct options *o, struct api_endpoint *endpoint, struct diag *d)
{
	struct cluster_options cluster = o->cluster;
	enum err err = OK;
	cluster.kubernetes = &o->kubernetes;
	if (o->kubeconfig) {
		err = kubeconfig_read(o->kubeconfig, o->context, endpoint, d);
		cluster.endpoint = endpoint;
	}
	if (!err)
		err = cluster_new(&cluster, &s->cluster, d);
	return err ? err : server_new(&o->server, &s->server, d);
}

int serve_main(const struct options *o)
{
	struct api_endpoint endpoint = {0};
	struct serve s = {0};
	struct diag d;
	enum err err;
	signal(SIGPIPE, SIG_IGN); /* stderr's reader may go; we stay */
	rcu_thread_begin();
	err = build(&s, o, &endpoint, &d);
	if (!err)
		err = loop_open(&s, o, &d);
	if (!err) {
		err = o->kubeconfig ? serve_cluster(&s, o, &d) : serve_files(&s, o, &d);
		loop_close(&s);
	}
	if (err)
		log_line(LOG_ERROR, "serve: %s", d.text);
	server_free(s.server);
	cluster_free(s.cluster);
	rcu_thread_end();
	api_endpoint_clear(&endpoint);
	return err ? 1 : 0;
}
