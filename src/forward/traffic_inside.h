/* traffic_inside.h - private to forward: one worker's numbers. */
#pragma once
#include "forward/traffic.h"
#include "forward/upstream.h"
#include <stdatomic.h>
#include <stdbool.h>

struct traffic {
	struct traffic *next;
	atomic_bool taken; /* a forwarder writes */
	struct traffic_totals totals;
	struct traffic_numbers upstreams[]; /* by index */
};

/* A set of numbers that nobody writes: one that was left, or a new one. NULL: out of memory. Any thread. */
struct traffic *traffic_take(struct upstreams *u);

/* Whoever took it writes no more. Takes NULL. */
void traffic_leave(struct traffic *t);

/* All of a list that has no forwarders any more. */
void traffic_free(struct traffic *first);

/* It has one writer. */
static inline void traffic_add(traffic_number *n, uint64_t amount)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + amount, memory_order_relaxed);
}

/* A reply with that rcode came, ns nanoseconds after its query. The only writer. */
void traffic_count_reply(struct traffic_numbers *n, unsigned rcode, uint64_t ns);
