#include "io/transfers.h"
#include "base/process.h"
#include "base/secret.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct transfers {
	CURLM *multi;
	uv_loop_t *loop;
	uv_timer_t timer; /* libcurl's */
	/* Work for the next turn of the loop: the queue, or libcurl's wish to go on at once. A timer of 0 ms that is started by its own callback
	 * would run again in the same turn, and nothing else in the loop as long as a large body comes in. */
	uv_idle_t at_once;
	unsigned open_handles;  /* the two above, until they are closed */
	bool inside;            /* libcurl is at work and may call us: nothing may be added or removed */
	struct transfer *queue; /* to be added or removed, latest first */
};

/* A socket that libcurl waits for. */
struct waiting {
	uv_poll_t poll;
	struct transfers *owner;
	curl_socket_t fd;
};

/* --- from libcurl: what to wait for --- */

static void after_curl(struct transfers *ts);

static void on_waiting_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void act(struct transfers *ts, curl_socket_t fd, int events)
{
	int running;
	ts->inside = true;
	curl_multi_socket_action(ts->multi, fd, events, &running);
	ts->inside = false;
	after_curl(ts);
}

static void on_socket_ready(uv_poll_t *handle, int status, int events)
{
	const struct waiting *w = handle->data;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	act(w->owner, w->fd, flags);
}

static void on_timer(uv_timer_t *handle)
{
	act(handle->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_at_once(uv_idle_t *handle)
{
	uv_idle_stop(handle);
	act(handle->data, CURL_SOCKET_TIMEOUT, 0);
}

static struct waiting *waiting_new(struct transfers *ts, curl_socket_t fd)
{
	struct waiting *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->owner = ts;
	w->fd = fd;
	if (uv_poll_init_socket(ts->loop, &w->poll, fd)) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	curl_multi_assign(ts->multi, fd, w);
	return w;
}

static void waiting_free(struct waiting *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_waiting_closed);
}

/* -1 fails every transfer of the multi handle; it happens where memory or the poll set is used up. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_data)
{
	struct transfers *ts = arg;
	struct waiting *w = socket_data;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		waiting_free(w);
		return 0;
	}
	if (!w && !(w = waiting_new(ts, fd)))
		return -1;
	return uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_socket_ready)
	               ? -1
	               : 0;
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct transfers *ts = arg;
	(void)multi;
	uv_timer_stop(&ts->timer);
	if (timeout_ms > 0)
		uv_timer_start(&ts->timer, on_timer, (uint64_t)timeout_ms, 0);
	else if (timeout_ms == 0)
		uv_idle_start(&ts->at_once, on_at_once);
	return 0;
}

/* --- the life of a transfer --- */

static void add(struct transfers *ts, struct transfer *t)
{
	t->state = TRANSFER_RUNNING;
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	if (curl_multi_add_handle(ts->multi, t->easy) == CURLM_OK)
		return;
	t->state = TRANSFER_DONE;
	t->done(t, CURLE_OUT_OF_MEMORY);
	t->release(t);
}

static void drop(struct transfers *ts, struct transfer *t)
{
	curl_multi_remove_handle(ts->multi, t->easy);
	t->release(t);
}

/* What was asked for while libcurl was at work. */
static void work_queue(struct transfers *ts)
{
	while (ts->queue) {
		struct transfer *t = ts->queue;
		ts->queue = t->next;
		if (t->state == TRANSFER_QUEUED)
			add(ts, t);
		else
			drop(ts, t);
	}
}

static void finish(struct transfers *ts, CURL *easy, CURLcode code)
{
	struct transfer *t;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	curl_multi_remove_handle(ts->multi, easy);
	t->state = TRANSFER_DONE;
	t->done(t, code);
	t->release(t);
}

static void after_curl(struct transfers *ts)
{
	int left;
	work_queue(ts);
	for (CURLMsg *m; (m = curl_multi_info_read(ts->multi, &left));) {
		if (m->msg == CURLMSG_DONE)
			finish(ts, m->easy_handle, m->data.result);
	}
}

static void enqueue(struct transfers *ts, struct transfer *t)
{
	t->next = ts->queue;
	ts->queue = t;
}

void transfers_start(struct transfers *ts, struct transfer *t)
{
	t->state = TRANSFER_QUEUED;
	enqueue(ts, t);
	if (!ts->inside)
		uv_idle_start(&ts->at_once, on_at_once);
}

void transfers_stop(struct transfers *ts, struct transfer *t)
{
	bool queued = t->state == TRANSFER_QUEUED;
	t->state = TRANSFER_STOPPED;
	if (queued)
		return; /* it is in the queue; removing what was never added does no harm */
	if (ts->inside)
		enqueue(ts, t);
	else
		drop(ts, t);
}

/* --- all of them --- */

/* A token comes to libcurl in a header and goes into requests, a key into a handle's options: all that is cleared as it is freed. More than once does
 * no harm: the first time counts. */
static CURLM *multi_new(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, secret_free, secret_realloc, strdup, calloc) ? NULL : curl_multi_init();
}

struct transfers *transfers_new(uv_loop_t *loop)
{
	struct transfers *ts = calloc(1, sizeof *ts);
	if (!ts)
		return NULL;
	ts->multi = multi_new();
	if (!ts->multi) {
		free(ts);
		return NULL;
	}
	process_close_on_exec(); /* libcurl's own pair of sockets among others */
	ts->loop = loop;
	uv_timer_init(loop, &ts->timer);
	uv_idle_init(loop, &ts->at_once);
	ts->timer.data = ts->at_once.data = ts;
	ts->open_handles = 2;
	curl_multi_setopt(ts->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(ts->multi, CURLMOPT_SOCKETDATA, ts);
	curl_multi_setopt(ts->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(ts->multi, CURLMOPT_TIMERDATA, ts);
	return ts;
}

static void on_closed(uv_handle_t *handle)
{
	struct transfers *ts = handle->data;
	if (!--ts->open_handles)
		free(ts);
}

void transfers_free(struct transfers *ts)
{
	if (!ts)
		return;
	work_queue(ts);
	curl_multi_cleanup(ts->multi);
	uv_close((uv_handle_t *)&ts->timer, on_closed);
	uv_close((uv_handle_t *)&ts->at_once, on_closed);
}
