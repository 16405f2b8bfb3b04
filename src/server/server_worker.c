#include "server_worker.h"
#include "pipeline.h"
#include <stdlib.h>

#define STOP_MARGIN_MS 250 /* between the last answers and the moment when net gives up */

/* --- leaving configurations --- */

static void leave(struct server_worker *w, struct served *v)
{
	served_end_steps(v, w->index);
	if (atomic_fetch_sub(&v->workers, 1) == 1 && w->settled)
		uv_async_send(w->settled);
}

/* Not where the last one that waited ends: that may be in the middle of a step of the same configuration. */
static void leave_settled(struct server_worker *w)
{
	struct served_hold **at = &w->leaving, *h;
	while ((h = *at)) {
		if (h->pending) {
			at = &h->leaving;
			continue;
		}
		*at = h->leaving;
		leave(w, h->served);
	}
}

void server_worker_adopt(struct server_worker *w, struct served *next)
{
	w->now->leaving = w->leaving;
	w->leaving = w->now;
	w->now = &next->holds[w->index];
	leave_settled(w);
}

/* --- time --- */

static void on_tick(uv_timer_t *timer)
{
	struct server_worker *w = timer->data;
	pipeline_expire(w);
	leave_settled(w);
	if (!pending_count(w->pool))
		uv_timer_stop(timer);
}

void server_worker_wait(struct server_worker *w)
{
	if (!uv_is_active((const uv_handle_t *)&w->tick))
		uv_timer_start(&w->tick, on_tick, PENDING_TICK_MS, PENDING_TICK_MS);
}

void server_worker_hurry(struct server_worker *w)
{
	uint64_t now = uv_now(w->loop);
	w->last_ms = now + NET_DRAIN_MS - STOP_MARGIN_MS;
	pending_hurry(w->pool, w->last_ms, now);
	hold_stop(w);
}

/* --- its life --- */

static void free_memory(struct server_worker *w)
{
	pending_pool_free(w->pool);
	free(w->reply);
	free(w->heard);
	regexp_match_free(w->match);
	w->match = NULL;
	w->pool = NULL;
	w->reply = w->heard = NULL;
}

enum err server_worker_begin(struct server_worker *w, unsigned index, unsigned pending_max, uv_loop_t *loop)
{
	w->index = index;
	w->loop = loop;
	w->leaving = NULL;
	w->last_ms = UINT64_MAX;
	TAILQ_INIT(&w->ready);
	w->pool = pending_pool_new(pending_max);
	w->reply = malloc(DNS_TCP_SIZE_MAX);
	w->heard = malloc(DNS_TCP_SIZE_MAX);
	w->match = regexp_match_new(0);
	if (!w->pool || !w->reply || !w->heard || !w->match) {
		free_memory(w);
		return ERR_NOMEM;
	}
	uv_timer_init(loop, &w->tick);
	w->tick.data = w;
	return OK;
}

void server_worker_end(struct server_worker *w)
{
	pipeline_forget(w);
	leave_settled(w);
	served_end_steps(w->now->served, w->index);
	uv_close((uv_handle_t *)&w->tick, NULL);
	free_memory(w);
}
