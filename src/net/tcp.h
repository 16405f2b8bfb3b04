/* tcp.h - all TCP of one worker: its listening sockets, its connections ordered by activity, the memory that they share. */
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
	uv_poll_t poll;
	struct tcp *tcp;
	int fd;
	unsigned address;
};

TAILQ_HEAD(connections, connection);

struct tcp {
	uv_loop_t *loop;
	struct responder responder;
	struct tcp_limit *limit;
	uint64_t idle_ms;
	uv_timer_t idle;         /* when the first of connections will have been idle for too long; while draining: the end of patience */
	uv_timer_t accept_again; /* runs while there was no room for one more descriptor */
	bool draining, closed;
	struct connections connections; /* the one longest without activity first */
	unsigned connection_count;
	size_t held;      /* octets of their input and output */
	uint8_t *request; /* FRAME_MAX octets: what is being read */
	uint8_t *replies; /* NET_BATCH times FRAME_MAX octets; untouched pages cost nothing */
	struct net_message messages[NET_BATCH];
	unsigned listener_count;
	struct tcp_listener listeners[]; /* address_count of them */
};

/* NULL: out of memory. */
struct tcp *tcp_new(uv_loop_t *loop, const struct responder *responder, struct tcp_limit *limit, unsigned idle_s, unsigned address_count);

/* Takes fd, a listening socket, also on failure. address: its number, for the handler. */
enum err tcp_add_listener(struct tcp *t, int fd, unsigned address);

/* Takes in what clients have sent so far, and no more; closes everything once that is answered, or after TCP_DRAIN_MS. */
void tcp_drain(struct tcp *t);

/* Closes everything at once. May be called twice. The loop must run until it ends before tcp_free(). */
void tcp_close(struct tcp *t);

/* After the loop has ended. Takes NULL. */
void tcp_free(struct tcp *t);

#define TCP_DRAIN_MS 2000

/* --- for connection.c --- */

/* c has done something: it is now the last that would be closed for being idle. */
void tcp_touch(struct tcp *t, struct connection *c);

/* c is closed: its place is free. */
void tcp_forget(struct tcp *t, struct connection *c);

/* Makes room for len more octets of c, closing others that hold some, those longest without activity first. False: there is none. */
bool tcp_make_room(struct tcp *t, const struct connection *c, size_t len);
