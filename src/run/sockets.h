/* sockets.h - which sockets of a network namespace take what is sent to an address (sock_diag). Control thread only. */
#pragma once
#include "flow.h"
#include "netlink.h"
#include <stdbool.h>

enum sockets_answer {
	SOCKETS_NONE,  /* it would be refused */
	SOCKETS_ANY,   /* somebody takes it; also where the kernel can't tell */
	SOCKETS_EXACT, /* and has bound this very address */
};

/* Of the calling thread's network namespace. False: the kernel can't tell anything. netlink_close() in any case. */
bool sockets_open(struct netlink *n);

/* Who takes the flow's first packet: the kernel's own look-up. */
enum sockets_answer sockets_find(struct netlink *n, const struct flow *f);
