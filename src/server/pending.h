/* pending.h - the queries of one worker that wait: how many there may be in all and of one client, which is the oldest, whose time is over. Owned by the
 * worker's thread. What is done with them is pipeline's. */
#pragma once
#include "plan.h"
#include <sys/queue.h>

#define PENDING_MAX_DEFAULT 4096
#define PENDING_TICK_MS     10   /* how exact deadlines are */
#define PENDING_CLIENTS     4096 /* counts of who asked, by hash of the address; a power of two. Who shares one is bounded with others */
#define PENDING_OLD_MS      200  /* who has waited for longer may have to make room (as Unbound's jostle) */

enum pending_state {
	PENDING_RUNS,  /* a step has it, or is about to be asked */
	PENDING_WAITS, /* for exchange_resume(), or for its child */
	PENDING_READY, /* a sub-query that nobody was asked yet, or a query whose sub-query there was no room for */
};

struct pending {
	struct exchange x;        /* the first member: a kept exchange is one of these */
	struct net_client client; /* of a sub-query: nobody */
	struct pending *parent, *child;
	enum pending_state state;
	bool deaf;                  /* PENDING_READY: there was no room for its sub-query */
	unsigned depth;             /* parents above */
	uint64_t since_ms, last_ms; /* it came, and has to be answered */
	uint64_t due_tick;
	LIST_ENTRY(pending) by_due;  /* while it waits */
	LIST_ENTRY(pending) twins;   /* the following three: not of sub-queries */
	TAILQ_ENTRY(pending) by_age; /* the oldest first */
	uint64_t hash, client_hash;  /* of the whole question, and of its sender's address */
	TAILQ_ENTRY(pending) ready;  /* PENDING_READY */
	SLIST_ENTRY(pending) free;   /* nobody's */
	LIST_ENTRY(pending) by_cell; /* hold's: in which cell it is held, and counted with whom */
	uint16_t hold_cell, hold_client;
	bool held;
	uint8_t question[EXCHANGE_QUESTION_MAX]; /* what is left of the message, */
	uint8_t asked[EXCHANGE_QUESTION_MAX];    /* and of the client's, where x.asked points to it */
};
TAILQ_HEAD(pending_queue, pending);
LIST_HEAD(pending_list, pending);

struct pending_pool;

/* For max at once. NULL: out of memory. */
struct pending_pool *pending_pool_new(unsigned max);
void pending_pool_free(struct pending_pool *pool); /* takes NULL; nothing may be pending */

/* How many are pending, and how many there may be. */
unsigned pending_count(const struct pending_pool *pool);
unsigned pending_max(const struct pending_pool *pool);

/* The count that a client belongs to, below PENDING_CLIENTS. */
unsigned pending_client(const union net_peer *client);

/* One that waits already, for the same answer to the same client; NULL: none. */
struct pending *pending_twin(struct pending_pool *pool, const struct exchange *x);

/* True if that many of the client's wait already that another would be too many: a quarter of what there may be. */
bool pending_too_many(const struct pending_pool *pool, const union net_peer *client);

/* A copy of x, with its question. NULL: there is no room, or no memory. It is listed with its age, unless it is a sub-query (parent). */
struct pending *pending_new(struct pending_pool *pool, const struct exchange *x, struct pending *parent, uint64_t now_ms);

/* Takes it off all lists but the ready one. */
void pending_free(struct pending_pool *pool, struct pending *p);

/* The oldest that waits and may make room at that time, but not that one; NULL: none. */
struct pending *pending_oldest(struct pending_pool *pool, const struct pending *except, uint64_t now_ms);

/* Any that is no sub-query; NULL: there is none. */
struct pending *pending_any(struct pending_pool *pool);

/* It waits until then. */
void pending_wait(struct pending_pool *pool, struct pending *p, uint64_t due_ms, uint64_t now_ms);

/* It waits no longer. */
void pending_wake(struct pending *p);

/* The next whose time is over, which waits no longer; NULL: no more. */
struct pending *pending_due(struct pending_pool *pool, uint64_t now_ms);

/* Nobody waits for longer than to last_ms. */
void pending_hurry(struct pending_pool *pool, uint64_t last_ms, uint64_t now_ms);
