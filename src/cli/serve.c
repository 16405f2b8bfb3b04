#include "cli/commands.h"
#include "cli/listen.h"
#include "kube/filewatch.h"
#include "kube/kubeconfig.h"
#include <signal.h>
#include <time.h>
#include <uv.h>

#define SIGNALS 3

struct serve {
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
		server_reload(s->server);
	else
		uv_stop(&s->loop);
}

static void on_files_changed(void *arg)
{
	struct serve *s = arg;
	server_reload(s->server);
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
	if (filewatch_start(&s->loop, o->server.files, o->server.file_count, on_files_changed, s, &s->watch))
		log_line(LOG_WARNING, "serve: the files cannot be watched: after an edit, send SIGHUP");
	return OK;
}

static void loop_close(struct serve *s)
{
	filewatch_stop(s->watch);
	server_unwatch(s->server);
	for (unsigned i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
}

static enum err load(struct server *s, struct diag *d)
{
	struct server_changes changes;
	enum err err = server_load(s, &changes);
	return err ? diag_set(d, err, "nothing is served: the input is wrong, see above (--lenient leaves out what is wrong)") : OK;
}

static enum err listen_as_told(struct server *s, const struct options *o, struct diag *d)
{
	struct net_address defaults[LISTEN_DEFAULTS];
	if (o->listen_count)
		return server_listen(s, o->listen, o->listen_count, d);
	return server_listen(s, defaults, listen_defaults(defaults), d);
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
	err = load(s->server, d);
	if (!err)
		err = listen_as_told(s->server, o, d);
	if (err)
		return err;
	server_log_start(s->server, ms_since(&start));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

/* Listens at once: who asks meanwhile is told so, and names that are not the cluster's need not wait. */
static enum err serve_cluster(struct serve *s, const struct options *o, struct diag *d)
{
	enum err err = server_watch(s->server, &s->loop, d);
	if (!err)
		err = listen_as_told(s->server, o, d);
	if (err)
		return err;
	server_log_listening(s->server);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return OK;
}

/* The endpoint is borrowed by the server, so it outlives it. */
static enum err find_cluster(struct options *o, struct api_endpoint *endpoint, struct diag *d)
{
	enum err err;
	if (!o->kubeconfig)
		return OK;
	err = kubeconfig_read(o->kubeconfig, o->context, endpoint, d);
	if (!err)
		o->server.cluster = endpoint;
	return err;
}

int serve_main(const struct options *o)
{
	struct options own = *o;
	struct api_endpoint endpoint = {0};
	struct serve s = {0};
	struct diag d;
	enum err err = find_cluster(&own, &endpoint, &d);
	signal(SIGPIPE, SIG_IGN); /* stderr's reader may go; we stay */
	if (!err)
		err = server_new(&own.server, &s.server, &d);
	if (!err)
		err = loop_open(&s, &own, &d);
	if (!err) {
		err = own.server.cluster ? serve_cluster(&s, &own, &d) : serve_files(&s, &own, &d);
		loop_close(&s);
	}
	if (err)
		log_line(LOG_ERROR, "serve: %s", d.text);
	server_free(s.server);
	api_endpoint_clear(&endpoint);
	return err ? 1 : 0;
}
