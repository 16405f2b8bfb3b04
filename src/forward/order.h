/* order.h - in which order a question goes to upstreams. */
#pragma once
#include "channel.h"

/* What round_robin remembers, and fastest. */
struct order_state {
	unsigned next;
};

/* Writes the indexes of the upstreams that are not down, by the policy, and returns how many. All down: 0. */
unsigned order_make(struct order_state *state, const struct channel *channels, const struct upstreams *u, struct dice *dice,
                    uint8_t order[UPSTREAMS_MAX]);

/* All that do not lead back, at random: for when all are down. 0: all do. */
unsigned order_at_random(const struct upstreams *u, struct dice *dice, uint8_t order[UPSTREAMS_MAX]);
