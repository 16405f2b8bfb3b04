/* tcp.h - all TCP of one worker: its listening sockets, its connections ordered by activity, the memory that they share.
 *
 * TCP shares a thread with UDP, and its clients share it with each other: a visit answers one connection so much, a turn of the loop visits
 * so many, and who is left over waits in a queue while UDP has its turn. */
#pragma once
#include "connection.h"
#include "responder.h"
#include <stdatomic.h>

#define TCP_HELD_MAX ((size_t)8 << 20) /* octets that all connections of a worker may hold between events */

/* The limit that all workers share. */
struct tcp_limit {
	atomic_uint open;
	unsigned max;
};

struct tcp_listener {
	TAILQ_ENTRY(tcp_listener) siblings;
	uv_poll_t poll;
	struct tcp *tcp;
	int fd;
	unsigned address; /* its index, for the handler */
};

TAILQ_HEAD(connections, connection);

struct tcp {
	uv_loop_t *loop;
	struct responder responder;
	struct tcp_limit *limit;
	struct net_terms *terms; /* by the index of an address; owned */
	uint64_t least_ms;       /* the shortest time in them */
	uv_timer_t idle;         /* when the first of connections may have been without activity for too long */
	uv_timer_t accept_again; /* runs while there was no room for one more descriptor */
	uv_idle_t awake;         /* runs while ready has any, so that the loop does not sleep */
	bool draining, closed;
	struct connections connections; /* the one longest without activity first */
	struct connections ready;       /* those that have something to do which no event will tell, the longest waiting first */
	long turn_left;                 /* what connections may still cost in this turn, in octets */
	unsigned connection_count;
	const struct connection *serving; /* NULL: none */
	size_t held;                      /* octets of their input and output */
	uint8_t *request;                 /* FRAME_MAX octets, and TLS_PLAIN_MAX: what is being read */
	uint8_t *arrived;                 /* FRAME_MAX octets: the same while it is sealed */
	struct buffer leaving;            /* and what is being sealed */
	uint8_t *replies;                 /* NET_BATCH times FRAME_MAX octets; untouched pages cost nothing */
	struct net_message messages[NET_BATCH];
	TAILQ_HEAD(, tcp_listener) listeners;
};

/* NULL: out of memory. */
struct tcp *tcp_new(uv_loop_t *loop, const struct responder *responder, struct tcp_limit *limit);

/* What holds for connections from now on, by the index of their address: there must be terms of each before its listener begins. To be freed by free();
 * returns those before, NULL at first. */
struct net_terms *tcp_set_terms(struct tcp *t, struct net_terms *terms, unsigned count);

/* Takes fd, a listening socket, also on failure, which is want of memory: NULL. On any thread. */
struct tcp_listener *tcp_listener_new(int fd, unsigned address);

/* Accepts from now on. ERR_SYS where it can't be polled. */
enum err tcp_listener_begin(struct tcp_listener *l, struct tcp *t);

/* Closes one that did not begin. Takes NULL. */
void tcp_listener_discard(struct tcp_listener *l);

/* A turn of the loop begins, before it sleeps: serves those that are ready, as many as a turn allows. */
void tcp_turn(struct tcp *t);

/* Takes in what the clients of that address have sent so far, and no more; each is closed once it has its replies. */
void tcp_retire(struct tcp *t, unsigned address);

/* The same for all, whatever they asked; closed is set when the last one is. */
void tcp_drain(struct tcp *t);

/* Closes everything at once. May be called twice. The loop must run until it ends before tcp_free(). */
void tcp_close(struct tcp *t);

/* After the loop has ended. Takes NULL. */
void tcp_free(struct tcp *t);

/* --- for connection.c --- */

/* c has done something: it is now the last that would be closed for being idle. */
void tcp_touch(struct tcp *t, struct connection *c);

/* c is to be served in the next turn, if it isn't already. */
void tcp_queue(struct tcp *t, struct connection *c);

/* c is closed: its place is free. */
void tcp_forget(struct tcp *t, struct connection *c);

/* Makes room for len more octets of c, closing others that hold some, those longest without activity first. False: there is none. */
bool tcp_make_room(struct tcp *t, const struct connection *c, size_t len);
