/* server_worker.h - what one worker keeps to answer with, and its queries that wait. Owned by its thread; begun and ended where net says so. */
#pragma once
#include "hold.h"
#include "pending.h"
#include "query/query.h"
#include "served.h"
#include <uv.h>

struct server_worker {
	_Alignas(64) struct query_state state; /* no two workers write to one cache line */
	_Atomic(uint64_t) unsent;              /* as server_counts has it */
	struct served_hold *now;               /* what it answers with */
	const struct server_options *options;  /* of the server: who looks at what is done */
	struct served_hold *leaving;           /* what came before, and somebody waits for */
	struct pending_pool *pool;
	struct pending_queue ready; /* sub-queries that nobody was asked yet */
	struct hold hold;           /* of those queries that wait, the ones for names that are about to exist */
	uv_loop_t *loop;
	uv_timer_t tick;                         /* while somebody waits */
	uint8_t *reply, *heard;                  /* room for the response of whoever goes on, and for one that a parent hears of */
	struct regexp_match *match;              /* for failures.h */
	uint8_t question[EXCHANGE_QUESTION_MAX]; /* what stands in the place of the question of one that has not waited yet */
	uint64_t last_ms;                        /* nobody waits beyond this: the server stops then */
	struct net_call stop;
	unsigned index;
	uv_async_t *settled; /* the server's: a configuration has lost its last worker; NULL: there is but one */
};

/* Before the loop runs; now and settled are set already. ERR_NOMEM: nothing is open. */
enum err server_worker_begin(struct server_worker *w, unsigned index, unsigned pending_max, uv_loop_t *loop);

/* Nobody's answer would be sent any more: forgets who waits, and closes all that is on the loop. */
void server_worker_end(struct server_worker *w);

/* It answers with the next one from here on, and leaves the one before when nobody waits for it any more. */
void server_worker_adopt(struct server_worker *w, struct served *next);

/* Somebody waits: the time is looked at from here on. */
void server_worker_wait(struct server_worker *w);

/* The server stops: whoever waits has an answer before net gives up. */
void server_worker_hurry(struct server_worker *w);
