#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/privileges.h"
#include "mailbox.h"
#include "socket.h"

struct worker {
	uv_loop_t loop;
	uv_prepare_t turn;   /* before the loop sleeps */
	uv_timer_t patience; /* while stopping: for those that don't read, and replies that don't come */
	struct mailbox mailbox;
	struct net_call stop;
	uv_thread_t thread;
	bool started, stopping, ended;
	bool has_mailbox, began;
	struct worker_options options;
	struct tcp *tcp; /* NULL only while it is being made */
	struct udp_listeners udp;
};

static void run(void *arg)
{
	struct worker *w = arg;
	char name[16]; /* the kernel's limit; seen in top -H and perf */
	snprintf(name, sizeof(name), "worker-%u", w->options.responder.worker % 1000);
	prctl(PR_SET_NAME, name);
	privileges_none(); /* its sockets are given to it */
	rcu_thread_begin();
	uv_run(&w->loop, UV_RUN_DEFAULT); /* until the last handle is closed */
	rcu_thread_end();
}

/* --- its end --- */

static void close_udp(struct worker *w)
{
	struct udp_listener *l;
	while ((l = TAILQ_FIRST(&w->udp))) {
		TAILQ_REMOVE(&w->udp, l, siblings);
		udp_listener_close(l);
	}
}

/* Nobody asks any more and nobody waits: what others have on the loop goes, then what is the worker's own. */
static void end(struct worker *w)
{
	w->ended = true;
	if (w->began && w->options.end)
		w->options.end(w->options.responder.arg, w->options.responder.worker);
	if (w->has_mailbox)
		mailbox_close(&w->mailbox);
	uv_close((uv_handle_t *)&w->turn, NULL);
	uv_close((uv_handle_t *)&w->patience, NULL);
}

static void on_patience_over(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	close_udp(w);
	tcp_close(w->tcp);
}

static void on_stop(struct net_call *call, unsigned worker)
{
	struct worker *w = (struct worker *)((char *)call - offsetof(struct worker, stop));
	struct udp_listener *l;
	(void)worker;
	w->stopping = true;
	uv_timer_start(&w->patience, on_patience_over, NET_DRAIN_MS, 0);
	TAILQ_FOREACH(l, &w->udp, siblings)
	udp_listener_retire(l);
	tcp_drain(w->tcp);
}

/* --- its turns --- */

static void flush_udp(struct worker *w)
{
	struct udp_listener *l = TAILQ_FIRST(&w->udp), *next;
	for (; l; l = next) {
		next = TAILQ_NEXT(l, siblings);
		udp_listener_flush(l);
		if (udp_listener_finished(l)) {
			TAILQ_REMOVE(&w->udp, l, siblings);
			udp_listener_close(l);
		}
	}
}

static void on_turn(uv_prepare_t *handle)
{
	struct worker *w = handle->data;
	tcp_turn(w->tcp);
	flush_udp(w);
	if (w->stopping && !w->ended && TAILQ_EMPTY(&w->udp) && w->tcp->closed)
		end(w);
}

/* --- its sockets --- */

static enum err open_udp(const struct worker *w, const struct net_address *a, unsigned index, struct udp_listener **out, struct diag *d)
{
	int fd;
	enum err err = socket_open_udp(a, &fd, d);
	if (err)
		return err;
	*out = udp_listener_new(fd, index, socket_is_wildcard(a), &w->options.responder);
	return *out ? OK : diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
}

enum err worker_open(const struct worker *w, const struct net_address *a, unsigned index, struct worker_sockets *out, struct diag *d)
{
	int fd;
	enum err err = OK;
	*out = (struct worker_sockets){0};
	if (!a->tls)
		err = open_udp(w, a, index, &out->udp, d);
	if (err)
		return err;
	err = socket_open_tcp(a, &fd, d);
	if (!err)
		out->tcp = tcp_listener_new(fd, index);
	if (!err && !out->tcp)
		err = diag_set(d, ERR_NOMEM, "cannot listen: %s", err_str(ERR_NOMEM));
	if (err)
		worker_discard(out);
	return err;
}

void worker_discard(struct worker_sockets *s)
{
	udp_listener_discard(s->udp);
	tcp_listener_discard(s->tcp);
	*s = (struct worker_sockets){0};
}

enum err worker_begin(struct worker *w, struct worker_sockets *s)
{
	enum err err = s->udp ? udp_listener_begin(s->udp, &w->loop) : OK;
	if (!err) {
		if (s->udp)
			TAILQ_INSERT_TAIL(&w->udp, s->udp, siblings);
		s->udp = NULL;
		err = tcp_listener_begin(s->tcp, w->tcp);
	}
	if (!err)
		s->tcp = NULL;
	worker_discard(s);
	return err;
}

struct net_terms *worker_set_terms(struct worker *w, struct net_terms *terms, unsigned count)
{
	return tcp_set_terms(w->tcp, terms, count);
}

void worker_retire(struct worker *w, unsigned address)
{
	struct udp_listener *l;
	TAILQ_FOREACH(l, &w->udp, siblings)
	{
		if (l->address == address && !l->retired)
			udp_listener_retire(l);
	}
	tcp_retire(w->tcp, address);
}

/* --- its life --- */

/* Opens what cannot fail once there is a loop, and what can. */
static int open_handles(struct worker *w)
{
	int failure = uv_loop_init(&w->loop);
	if (failure)
		return failure;
	uv_prepare_init(&w->loop, &w->turn);
	uv_timer_init(&w->loop, &w->patience);
	w->turn.data = w;
	w->patience.data = w;
	uv_prepare_start(&w->turn, on_turn);
	failure = mailbox_open(&w->mailbox, &w->loop, w->options.responder.worker);
	w->has_mailbox = !failure;
	if (failure) {
		end(w);
		uv_run(&w->loop, UV_RUN_DEFAULT);
		uv_loop_close(&w->loop);
	}
	return failure;
}

enum err worker_new(const struct worker_options *options, struct worker **out, struct diag *d)
{
	struct worker *w = calloc(1, sizeof(*w));
	enum err err = OK;
	int failure;
	if (!w)
		return diag_set(d, ERR_NOMEM, "cannot make a worker: %s", err_str(ERR_NOMEM));
	w->options = *options;
	w->stop.run = on_stop;
	TAILQ_INIT(&w->udp);
	failure = open_handles(w);
	if (failure) {
		free(w);
		return diag_set(d, ERR_SYS, "cannot make a worker's event loop: %s", uv_strerror(failure));
	}
	w->tcp = tcp_new(&w->loop, &w->options.responder, options->tcp_limit);
	if (!w->tcp)
		err = diag_set(d, ERR_NOMEM, "cannot make a worker: %s", err_str(ERR_NOMEM));
	if (!err && options->begin)
		err = options->begin(options->responder.arg, options->responder.worker, &w->loop);
	w->began = !err;
	if (err) {
		worker_free(w);
		return diag_set(d, err, "cannot make a worker: %s", err_str(err));
	}
	*out = w;
	return OK;
}

enum err worker_start(struct worker *w, struct diag *d)
{
	int failure = uv_thread_create(&w->thread, run, w);
	if (failure)
		return diag_set(d, ERR_SYS, "cannot start a worker's thread: %s", uv_strerror(failure));
	w->started = true;
	return OK;
}

void worker_post(struct worker *w, struct net_call *c)
{
	mailbox_post(&w->mailbox, c);
}

void worker_stop(struct worker *w)
{
	if (w->started)
		mailbox_post(&w->mailbox, &w->stop);
}

/* What a worker that never ran has opened. */
static void close_unstarted(struct worker *w)
{
	close_udp(w);
	if (w->tcp)
		tcp_close(w->tcp);
	end(w);
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
	mailbox_free(&w->mailbox);
	tcp_free(w->tcp);
	free(w);
}
