#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "udp.h"

struct worker {
	uv_loop_t loop;
	uv_async_t stop;
	uv_thread_t thread;
	bool started;
	struct responder responder;
	struct tcp *tcp; /* NULL only while it is being made */
	unsigned udp_count;
	struct udp_listener *udp[]; /* address_count of them */
};

static void run(void *arg)
{
	struct worker *w = arg;
	char name[16]; /* the kernel's limit; seen in top -H and perf */
	snprintf(name, sizeof(name), "worker-%u", w->responder.worker % 1000);
	prctl(PR_SET_NAME, name);
	rcu_thread_begin();
	uv_run(&w->loop, UV_RUN_DEFAULT); /* until the last handle is closed */
	rcu_thread_end();
}

static void close_udp(struct worker *w)
{
	for (unsigned i = 0; i < w->udp_count; i++)
		udp_listener_close(w->udp[i]);
}

static void on_stop(uv_async_t *handle)
{
	struct worker *w = handle->data;
	for (unsigned i = 0; i < w->udp_count; i++)
		udp_listener_drain(w->udp[i]);
	close_udp(w);
	tcp_drain(w->tcp);
	uv_close((uv_handle_t *)handle, NULL);
}

enum err worker_new(const struct worker_options *options, struct worker **out, struct diag *d)
{
	struct worker *w = calloc(1, sizeof(*w) + options->address_count * sizeof(w->udp[0]));
	if (!w)
		return diag_set(d, ERR_NOMEM, "cannot make a worker: %s", err_str(ERR_NOMEM));
	int failure = uv_loop_init(&w->loop);
	if (failure) {
		free(w);
		return diag_set(d, ERR_SYS, "cannot make a worker's event loop: %s", uv_strerror(failure));
	}
	failure = uv_async_init(&w->loop, &w->stop, on_stop);
	if (failure) {
		uv_loop_close(&w->loop);
		free(w);
		return diag_set(d, ERR_SYS, "cannot make a worker's event loop: %s", uv_strerror(failure));
	}
	w->stop.data = w;
	w->responder = options->responder;
	w->tcp = tcp_new(&w->loop, &w->responder, options->tcp_limit, options->tcp_idle_s, options->address_count);
	if (!w->tcp) {
		worker_free(w);
		return diag_set(d, ERR_NOMEM, "cannot make a worker: %s", err_str(ERR_NOMEM));
	}
	*out = w;
	return OK;
}

enum err worker_add_udp(struct worker *w, int fd, unsigned address, bool wildcard, struct diag *d)
{
	enum err err = udp_listener_new(&w->loop, fd, address, wildcard, &w->responder, &w->udp[w->udp_count]);
	if (err)
		return diag_set(d, err, "cannot poll a UDP socket: %s", err_str(err));
	w->udp_count++;
	return OK;
}

enum err worker_add_tcp(struct worker *w, int fd, unsigned address, struct diag *d)
{
	enum err err = tcp_add_listener(w->tcp, fd, address);
	return err ? diag_set(d, err, "cannot poll a TCP socket: %s", err_str(err)) : OK;
}

enum err worker_start(struct worker *w, struct diag *d)
{
	int failure = uv_thread_create(&w->thread, run, w);
	if (failure)
		return diag_set(d, ERR_SYS, "cannot start a worker's thread: %s", uv_strerror(failure));
	w->started = true;
	return OK;
}

void worker_stop(struct worker *w)
{
	if (w->started)
		uv_async_send(&w->stop);
}

/* What a worker that never ran has opened. */
static void close_unstarted(struct worker *w)
{
	close_udp(w);
	if (w->tcp)
		tcp_close(w->tcp);
	uv_close((uv_handle_t *)&w->stop, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->started)
		uv_thread_join(&w->thread);
	else
		close_unstarted(w);
	uv_loop_close(&w->loop);
	for (unsigned i = 0; i < w->udp_count; i++)
		udp_listener_free(w->udp[i]);
	tcp_free(w->tcp);
	free(w);
}
