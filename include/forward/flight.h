/* flight.h - one question of a worker on its way to a list of upstreams, until one of them has answered or none will. Whoever asks what is under
 * way already joins it. All of it belongs to the thread of the worker's loop.
 *
 * A try waits for 2 smoothed round-trip times and 4 deviations of its upstream (twice that in the second round, and so on), between
 * FORWARD_TRY_MS_MIN and _MAX; then the next upstream is asked too, and a late reply of an earlier one is still taken. Where the network says that nobody
 * is there, the next is asked at once. UDP first; over TCP what was cut. */
#pragma once
#include "forward/question.h"
#include "forward/upstream.h"
#include "forward/worker.h"
#include <sys/queue.h>

#define FLIGHT_WAITERS_MAX 1000

struct forwarder;
struct flight;

/* One worker's side of u: sockets, connections, what it learns of each upstream. Nothing is opened before there is a question. Both outlive it.
 * ERR_NOMEM. */
enum err forwarder_new(struct forward_worker *w, struct upstreams *u, struct forwarder **out);

/* Tells all who wait FLIGHT_STOPPED, closes and frees. Not from within a flight_done. Takes NULL. */
void forwarder_end(struct forwarder *f);

enum flight_end {
	FLIGHT_ANSWERED,    /* whatever the rcode */
	FLIGHT_TIMEOUT,     /* nothing came in time */
	FLIGHT_UNREACHABLE, /* every upstream refused, twice, or what came can't be read */
	FLIGHT_STOPPED,     /* forwarder_end */
};

struct flight_result {
	enum flight_end end;
	/* Of FLIGHT_ANSWERED: the reply as it came, with an id of its own and the question in a spelling of its own; its sections lie within len.
	 * Good until flight_done returns. */
	const uint8_t *reply;
	size_t len;
	const struct upstream *upstream; /* that answered, else the last that was asked; NULL: none was */
	bool tcp;                        /* so it was asked */
	unsigned tries;
};

/* Whoever waits for a flight. Embedded in what the asker keeps, and left alone until done or flight_leave(). */
struct flight_waiter {
	TAILQ_ENTRY(flight_waiter) siblings;
	struct flight *flight; /* NULL: waits for nothing */
	/* Called once, never within flight_ask(). w is free for other use; may ask and leave anything. */
	void (*done)(struct flight_waiter *w, const struct flight_result *result);
};

enum flight_start {
	FLIGHT_BEGUN,
	FLIGHT_JOINED,
	/* From here on nothing was begun and done won't be called. */
	FLIGHT_BUSY,     /* max_concurrent questions are under way */
	FLIGHT_CROWDED,  /* FLIGHT_WAITERS_MAX wait for this one */
	FLIGHT_ALL_DOWN, /* and failfast was asked for */
	FLIGHT_NO_MEMORY,
};

/* q is copied. w->done is set, w->flight need not be. */
enum flight_start flight_ask(struct forwarder *f, const struct question *q, struct flight_waiter *w);

/* w waits no more; a flight that nobody waits for ends. Does nothing if w->flight is NULL. */
void flight_leave(struct flight_waiter *w);

/* What w waits for, were its time over now: FLIGHT_TIMEOUT. */
struct flight_result flight_so_far(const struct flight_waiter *w);

/* Flights under way. */
size_t forwarder_flights(const struct forwarder *f);
