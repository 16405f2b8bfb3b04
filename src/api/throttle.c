#include "throttle.h"
#include <stdlib.h>

#define DEFAULT_QPS   5 /* client-go's, where only the other was said */
#define DEFAULT_BURST 10
#define WAIT_MAX_MS   3600000

struct throttle {
	uv_loop_t *loop;
	uv_timer_t timer; /* until there is a token again */
	struct throttle_limits limits;
	void (*ready)(void *arg);
	void *arg;
	double tokens; /* requests that may go at once */
	uint64_t counted_ms;
	unsigned in_flight;
	bool refused; /* somebody waits for one of those to be answered */
};

static struct throttle_limits completed(const struct throttle_limits *limits)
{
	struct throttle_limits l = *limits;
	if (l.qps > 0 && !l.burst)
		l.burst = DEFAULT_BURST;
	if (l.burst && !(l.qps > 0))
		l.qps = DEFAULT_QPS;
	return l;
}

struct throttle *throttle_new(uv_loop_t *loop, const struct throttle_limits *limits, void (*ready)(void *arg), void *arg)
{
	struct throttle *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	*t = (struct throttle){.loop = loop, .limits = completed(limits), .ready = ready, .arg = arg, .counted_ms = uv_now(loop)};
	t->tokens = t->limits.burst;
	uv_timer_init(loop, &t->timer);
	t->timer.data = t;
	return t;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void throttle_free(struct throttle *t)
{
	if (t)
		uv_close((uv_handle_t *)&t->timer, on_closed);
}

static void on_token(uv_timer_t *timer)
{
	const struct throttle *t = timer->data;
	t->ready(t->arg);
}

static void count_tokens(struct throttle *t)
{
	uint64_t now = uv_now(t->loop);
	t->tokens += (double)(now - t->counted_ms) * t->limits.qps / 1000;
	if (t->tokens > t->limits.burst)
		t->tokens = t->limits.burst;
	t->counted_ms = now;
}

/* Rounded up, and bounded where hardly any come. */
static uint64_t ms_to_token(const struct throttle *t)
{
	double ms = (1 - t->tokens) * 1000 / t->limits.qps + 1;
	return ms < WAIT_MAX_MS ? (uint64_t)ms : WAIT_MAX_MS;
}

bool throttle_enter(struct throttle *t)
{
	if (t->limits.max_inflight && t->in_flight == t->limits.max_inflight) {
		t->refused = true;
		return false;
	}
	if (t->limits.qps > 0) {
		count_tokens(t);
		if (t->tokens < 1) {
			uv_timer_start(&t->timer, on_token, ms_to_token(t), 0);
			return false;
		}
		t->tokens--;
	}
	t->in_flight++;
	return true;
}

void throttle_leave(struct throttle *t)
{
	t->in_flight--;
	if (!t->refused)
		return;
	t->refused = false;
	t->ready(t->arg);
}
