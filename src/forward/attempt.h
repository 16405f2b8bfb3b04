/* attempt.h - one query that went to one upstream and has no end yet: what c-ares calls a query. It is begun and ended by its channel. */
#pragma once
#include "chain.h"
#include "query.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct channel;
struct attempt;
struct stream;
struct udp_socket;
struct https_request;

enum attempt_end {
	ATTEMPT_ANSWERED,
	ATTEMPT_MISSPELT,  /* the reply lowers case: to be asked again where that does not matter */
	ATTEMPT_TRUNCATED, /* to be asked again over TCP */
	ATTEMPT_NO_EDNS,   /* to be asked again without EDNS */
	ATTEMPT_BROKEN,    /* a reply that nobody can read */
	ATTEMPT_FAILED,    /* refused, unreachable, closed; no socket for it */
};

/* The attempt is in no list any more and is freed after this call. reply: only of ATTEMPT_ANSWERED, good during the call. Other attempts may
 * be begun and ended meanwhile. */
typedef void attempt_done(void *arg, struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len);

TAILQ_HEAD(attempts, attempt);

struct attempt {
	struct chain by_id; /* in the channel's table */
	struct channel *channel;
	struct udp_socket *socket;     /* that it goes out of; or */
	struct https_request *request; /* that it is; or */
	struct stream *stream;         /* that it goes over; both NULL: none yet */
	struct attempts *list;         /* of the socket, the stream or the channel, in which it is */
	TAILQ_ENTRY(attempt) siblings; /* in it */
	attempt_done *done;
	void *arg;
	LIST_ENTRY(attempt) asked; /* the asker's */
	uint64_t asked_ns, sent_ns;
	bool tcp, edns;
	bool probe;     /* of its upstream's health */
	bool mixed;     /* spelt at random */
	bool repeated;  /* written a second time */
	bool in_ledger; /* c-ares has it */
	bool orphan;    /* ended, but c-ares still has it: it is freed with the ledger */
	uint16_t question_len;
	uint16_t len, cap; /* of octets */
	uint8_t octets[];  /* what goes out; over TCP after two octets of its length */
};

/* The message, without its length. */
static inline uint8_t *attempt_query(struct attempt *e)
{
	return e->octets + (e->tcp ? 2 : 0);
}

/* Takes e out of the list that it is in, and puts it at the end of another one. NULL: of none. */
static inline void attempt_move(struct attempt *e, struct attempts *list)
{
	if (e->list)
		TAILQ_REMOVE(e->list, e, siblings);
	e->list = list;
	if (list)
		TAILQ_INSERT_TAIL(list, e, siblings);
}
