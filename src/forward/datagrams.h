/* datagrams.h - the UDP sockets to one upstream. A query leaves by one of UDP_SOCKETS that is drawn at random, so that who makes up a reply must
 * guess the port too. All are connected: the kernel drops what comes from elsewhere. A socket is retired after UDP_SOCKET_MS or
 * UDP_SOCKET_QUERIES and lives on until its last attempt has ended, so that late replies are still taken. */
#pragma once
#include "attempt.h"
#include "base/err.h"
#include "wheel.h"
#include "worker.h"

#define UDP_SOCKETS        16
#define UDP_SOCKET_MS      10000
#define UDP_SOCKET_QUERIES 1000

struct udp_socket {
	uv_poll_t poll;
	int fd;
	struct forward_worker *worker;
	struct channel *channel;
	struct attempts unsent, waiting;
	struct udp_socket **slot; /* in the channel's datagrams; NULL: retired */
	unsigned queries;
	bool is_full;                  /* in the worker's list of those with something to send */
	bool ends_with_last;           /* no handler is in it: it may be closed as soon as it is empty */
	TAILQ_ENTRY(udp_socket) fulls; /* in that list */
	LIST_ENTRY(udp_socket) siblings;
	struct deadline retirement;
};

struct datagrams {
	struct udp_socket *slots[UDP_SOCKETS];
	LIST_HEAD(, udp_socket) all;
};

/* Draws a socket for e and has it leave before the loop sleeps. ERR_NOMEM, ERR_SYS: there is no socket. */
enum err datagrams_send(struct datagrams *d, struct channel *c, struct attempt *e);

/* e has left its socket's list; the socket is closed if e was what a retired one waited for. */
void datagrams_forget(struct udp_socket *s);

/* Sends all that waits on this worker. */
void datagrams_flush(struct forward_worker *w);

/* Closes all sockets, which have no attempts any more. */
void datagrams_end(struct datagrams *d);
