/* waiting.h - the queue of the kernel's in which first packets wait for a decision (nfnetlink_queue). Control thread only. */
#pragma once
#include "base/diag.h"
#include "flow.h"
#include "netlink.h"

struct waiting {
	uint32_t id; /* the kernel's */
	struct flow flow;
};

/* Takes over a queue of the calling thread's network namespace. ERR_MISSING: the kernel has none. netlink_close() in any case. */
enum err waiting_open(struct netlink *n, uint16_t queue, struct diag *d);

/* The next packet, without waiting. False: there is none. */
bool waiting_next(struct netlink *n, struct waiting *w);

/* Lets it go on, with this mark. */
void waiting_release(struct netlink *n, const struct waiting *w, uint32_t mark);
