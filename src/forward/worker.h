/* The inside of forward/worker.h. Sockets outlive the channel that opened them by a turn of the loop, and the worker outlives its sockets: it
 * counts the handles that libuv has. */
#pragma once
#include "dice.h"
#include "forward/worker.h"
#include "query.h"
#include "wheel.h"
#include <sys/queue.h>
#include <uv.h>

#define WORKER_BATCH 32 /* datagrams read or written by one system call */

struct udp_socket;

struct forward_worker {
	uv_loop_t *loop;
	struct wheel wheel;
	struct dice dice;
	uv_prepare_t before_sleep;                /* sends what was asked in this turn */
	TAILQ_HEAD(udp_sockets, udp_socket) full; /* sockets with something to send */
	unsigned handles;                         /* open ones, those above included */
	bool ending;
	uint8_t inbox[WORKER_BATCH][QUERY_UDP_REPLY_MAX]; /* of one recvmmsg; a reply lies here while it is delivered */
};

/* A handle of the loop was opened, or libuv has let go of one. After the latter w may be gone. */
void worker_handle_opened(struct forward_worker *w);
void worker_handle_closed(struct forward_worker *w);
