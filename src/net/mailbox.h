/* mailbox.h - calls that other threads post to a worker, run in their order. */
#pragma once
#include "net/net.h"
#include <uv.h>

struct mailbox {
	uv_async_t wake;
	uv_mutex_t lock;
	STAILQ_HEAD(, net_call) calls;
	unsigned worker; /* what calls are told */
};

/* Nonzero: libuv's error, and nothing is left of it. */
int mailbox_open(struct mailbox *m, uv_loop_t *loop, unsigned worker);

/* From any thread, before mailbox_close(). */
void mailbox_post(struct mailbox *m, struct net_call *c);

/* On the worker's thread: runs what was posted, then takes no more. The loop must run once more before mailbox_free(). */
void mailbox_close(struct mailbox *m);

/* After the loop has ended. */
void mailbox_free(struct mailbox *m);
