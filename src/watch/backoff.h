/* backoff.h - how long to wait before the next try. */
#pragma once
#include <stdint.h>

struct backoff {
	unsigned tries; /* that failed, in a row */
	uint64_t random;
};

/* Draws a seed. */
void backoff_init(struct backoff *b);

/* Doubles from min to max, less up to a half at random: servers that lost one server must not come back all at once. Counts one try. */
unsigned backoff_next_ms(struct backoff *b, unsigned min_ms, unsigned max_ms);

/* It worked. */
void backoff_reset(struct backoff *b);

/* A number from min to max, at random. */
unsigned backoff_draw(struct backoff *b, unsigned min, unsigned max);
