/* throttle.h - how many requests an API server is asked: so many a second, with bursts, as client-go's limiter has it, and so many that have not
 * been answered yet. Control thread's loop. */
#pragma once
#include <stdbool.h>
#include <uv.h>

struct throttle;

struct throttle_limits {
	double qps;            /* 0: no limit, unless there is a burst; then client-go's 5 */
	unsigned burst;        /* 0: client-go's 10, where there is a limit */
	unsigned max_inflight; /* 0: no limit */
};

/* ready: asking again makes sense now. NULL: out of memory. */
struct throttle *throttle_new(uv_loop_t *loop, const struct throttle_limits *limits, void (*ready)(void *arg), void *arg);

/* Memory is freed once libuv has closed the handle. Takes NULL. */
void throttle_free(struct throttle *t);

/* True: one request may go, and throttle_leave() is to be called when its response has begun, or it is given up. False: ready will be called. */
bool throttle_enter(struct throttle *t);

/* May call ready. */
void throttle_leave(struct throttle *t);
