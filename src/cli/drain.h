/* drain.h - from the signal to the end of a server that others send queries to: as long as the Corefile says (lameduck), and then until no query has
 * come for a second. Who sends may not know better: connection tracking in front of a Service goes on sending a client's port where it
 * sent it before. Bounded, because a client may never stop, and the kubelet kills after 30 s. Control thread. */
#pragma once
#include <stdbool.h>
#include <uv.h>

#define DRAIN_TICK_MS     250   /* how often is looked */
#define DRAIN_QUIET_TICKS 4     /* so many without a query are the end */
#define DRAIN_MORE_MS     10000 /* at most, after lameduck */

struct drain_options {
	uint64_t lameduck_ms;
	uint64_t tick_ms, more_ms;    /* 0: the above */
	uint64_t (*count)(void *arg); /* queries so far */
	/* Once: the time has come. In vain: queries still came. The timer has stopped, and may be closed. */
	void (*done)(void *arg, bool in_vain);
	void *arg;
};

struct drain {
	struct drain_options options;
	uv_timer_t timer;
	uint64_t began_ms, seen;
	unsigned quiet; /* ticks */
};

/* Nothing is drained yet; the timer is on the loop. */
void drain_init(struct drain *d, uv_loop_t *loop);

/* From now on it is counted; done is called in a later turn. o is copied. */
void drain_begin(struct drain *d, const struct drain_options *o);

/* The timer is closed when the loop has run once more. */
void drain_close(struct drain *d);
