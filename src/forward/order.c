#include "order.h"

#define EXPLORE 32 /* one question in so many */

static void swap(uint8_t *a, uint8_t *b)
{
	uint8_t kept = *a;
	*a = *b;
	*b = kept;
}

static void shuffle(uint8_t *order, unsigned count, struct dice *dice)
{
	for (unsigned i = count; i > 1; i--)
		swap(&order[i - 1], &order[dice_below(dice, i)]);
}

unsigned order_at_random(const struct upstreams *u, struct dice *dice, uint8_t order[UPSTREAMS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < u->count; i++) {
		if (!upstream_leads_back(u, i))
			order[count++] = (uint8_t)i;
	}
	shuffle(order, count, dice);
	return count;
}

/* Insertion: they are few, and mostly in order from the last time. */
static void by_cost(uint8_t *order, unsigned count, const struct channel *channels)
{
	for (unsigned i = 1; i < count; i++) {
		for (unsigned k = i; k && channels[order[k]].cost_us < channels[order[k - 1]].cost_us; k--)
			swap(&order[k], &order[k - 1]);
	}
}

/* One that was slow or silent once is noticed when it is better. */
static void explore(uint8_t *order, unsigned count, struct dice *dice)
{
	if (count > 1 && dice_below(dice, EXPLORE) == 0)
		swap(&order[0], &order[dice_below(dice, count)]);
}

unsigned order_make(struct order_state *state, const struct channel *channels, const struct upstreams *u, struct dice *dice,
                    uint8_t order[UPSTREAMS_MAX])
{
	unsigned first = u->options.policy == FORWARD_ROUND_ROBIN ? state->next++ : 0;
	unsigned count = 0;
	for (unsigned i = 0; i < u->count; i++) {
		unsigned index = (first + i) % u->count;
		if (!upstream_is_down(u, index))
			order[count++] = (uint8_t)index;
	}
	switch (u->options.policy) {
	case FORWARD_RANDOM:
		shuffle(order, count, dice);
		break;
	case FORWARD_ROUND_ROBIN:
	case FORWARD_SEQUENTIAL:
		break;
	case FORWARD_FASTEST:
		by_cost(order, count, channels);
		explore(order, count, dice);
		break;
	}
	return count;
}
