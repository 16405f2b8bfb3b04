/* connection.h - one TCP connection of a worker. A state of few parts: what was read and not answered yet, what was answered and not
 * written yet, whose replies come later. While replies wait to be written, or too many come later, nothing more is read, so a client is held
 * back by TCP itself. */
#pragma once
#include "frame.h"
#include "tls/tls.h"
#include <uv.h>

#define CONNECTION_WAITING_MAX 100 /* replies that come later: then nothing more is read, until it is half as many */

struct tcp;

/* Octets kept from one event to the next. Most connections hold none. */
struct held {
	uint8_t *bytes;
	size_t len, at; /* at: done with already */
};

struct connection {
	TAILQ_ENTRY(connection) by_activity, by_turn;
	uv_poll_t poll;
	struct tcp *tcp;
	int fd;
	union net_peer peer;
	unsigned address;   /* index of the listener's, for the handler */
	int events;         /* polled for; 0: none */
	uint64_t active_ms; /* loop time of the last complete message, or of the last progress in writing */
	struct held input, output;
	struct tls *tls;              /* what is read and written goes through it; NULL: it does not */
	size_t sealed;                /* octets of memory in there for what is no whole record yet */
	size_t receivable;            /* octets that will still be read: no limit until the server stops, or listens elsewhere */
	LIST_HEAD(, net_client) kept; /* whose replies come later */
	unsigned waiting;             /* how many */
	bool held_back;               /* too many */
	unsigned asked;               /* messages handed over so far, up to UINT_MAX */
	bool whole;                   /* input begins with a complete message */
	bool ended;                   /* nothing more will be read */
	bool dismissed;               /* it has had its share of queries: what comes now is thrown away */
	bool said_goodbye;            /* and it has been told, as it has all its replies */
	bool broken;                  /* a reply is lost: to be closed */
	bool queued;                  /* has a place in the worker's queue */
};

/* Takes fd, also on failure: NULL, the connection is closed. Otherwise it lives until it is closed, by itself or from outside. */
struct connection *connection_new(struct tcp *t, int fd, const union net_peer *peer, unsigned address);

/* Writes what waits; then, if there is time in this turn, reads once, answers what is complete, up to what a visit may cost; and polls for
 * what must come next. May close the connection. */
void connection_serve(struct connection *c);

/* Serves what has been received up to now and closes once that is answered and written. */
void connection_drain(struct connection *c);

/* The same, but nothing is handed to the handler after this: what can't be answered because the client does not read is not answered. */
void connection_retire(struct connection *c);

/* Closes the socket at once; kept clients are gone; the memory goes when the loop lets go of it. */
void connection_close(struct connection *c);

/* No replies are missing: closing it now loses nothing but a query cut short. */
static inline bool connection_idle(const struct connection *c)
{
	return !c->output.len && !c->waiting && !c->whole;
}

/* How long it may be without activity, as it is now. */
unsigned connection_patience_ms(const struct connection *c, const struct net_terms *t);

/* --- for client.c --- */

/* Fills *c with where the reply to m goes. */
void connection_keep(struct connection *c, struct net_client *client);

/* Copies a reply, which is written in the next turn. */
void connection_reply(struct connection *c, const uint8_t *bytes, size_t len);

/* The client has had its last reply, or will have none. */
void connection_release(struct connection *c, struct net_client *client);
