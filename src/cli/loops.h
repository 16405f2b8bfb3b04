/* loops.h - asks the upstreams of blocks that say `loop` (steps/loop.h): once each, and those that do not answer again, for half a minute. Control
 * thread. Nothing waits for them. */
#pragma once
#include "sites.h"
#include <uv.h>

struct loops {
	uv_timer_t timer;
	const struct sites *sites;
	unsigned round;
	int v4, v6; /* open while something is asked, else -1 */
};

/* There is nobody to ask yet. loop is borrowed. */
void loops_begin(struct loops *l, uv_loop_t *loop);

/* These are served from now on: borrowed until the next call, or loops_pause(). */
void loops_ask(struct loops *l, const struct sites *s);

/* Others are about to be served. */
void loops_pause(struct loops *l);

/* The loop must then turn until its handle is closed. */
void loops_end(struct loops *l);
