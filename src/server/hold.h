/* hold.h - queries for a name that is about to exist (QUERY_AWAITED): they wait until it does, but no longer than `hold` says, and no longer than
 * the reason lasts. For the cluster's steps.
 *
 * A worker lists them by the cell of the Service that they wait for (zone.h). The control thread looks, when Services have changed, whether anybody
 * waits in their cells, and rings only then. Between the two no change is lost: who begins to wait is counted first and then looks once more,
 * who publishes looks at the counts afterwards. */
#pragma once
#include "pending.h"
#include <stdatomic.h>

struct server_worker;

/* Of one worker. All zero is none; its thread's, but for what is atomic. */
struct hold {
	_Atomic(unsigned) waiting[ZONE_CELLS], all; /* how many wait; written by the worker alone */
	_Atomic(uint64_t) changed[ZONE_CELLS / 64]; /* cells that the worker is to look at; the control thread adds, the worker takes */
	atomic_bool rung;                           /* call is posted, and has not run */
	struct net_call call;
	struct pending_list lists[ZONE_CELLS];
	unsigned clients[PENDING_CLIENTS]; /* as those of pending.h, of those that wait here */
};

/* The step that x is at was answered with QUERY_AWAITED. Where x may not wait it is answered at once, as without `hold`: where too many do, a half of
 * what a worker may keep (server_options.pending_max), an eighth by one client address. */
enum step_verdict hold_begin(struct exchange *x);

/* It waits no longer. Does nothing where it does not wait here. */
void hold_forget(struct exchange *x);

/* x is answered as without `hold`, with what is there now. */
enum step_verdict hold_give_up(struct exchange *x);

/* The same, to make room: it goes nowhere else. */
enum step_verdict hold_yield(struct exchange *x);

/* Nobody waits here any more, nor begins to: the server stops. */
void hold_stop(struct server_worker *w);

/* Control thread: Services of these cells have changed, and every reader sees it. */
void hold_ring(struct server_worker *w, struct net *net, const struct zone_cells *cells);
