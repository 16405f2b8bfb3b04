#include "backoff.h"
#include <sys/random.h>
#include <time.h>

void backoff_init(struct backoff *b)
{
	struct timespec now;
	*b = (struct backoff){0};
	if (getrandom(&b->random, sizeof b->random, GRND_NONBLOCK) == sizeof b->random && b->random)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now); /* early at boot; good enough to spread tries */
	b->random = (uint64_t)now.tv_nsec | 1;
}

/* xorshift64 */
static uint64_t next_random(struct backoff *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

unsigned backoff_draw(struct backoff *b, unsigned min, unsigned max)
{
	return min + (unsigned)(next_random(b) % (max - min + 1ULL));
}

unsigned backoff_next_ms(struct backoff *b, unsigned min_ms, unsigned max_ms)
{
	unsigned shift = b->tries < 20 ? b->tries : 20;
	uint64_t ms = (uint64_t)min_ms << shift;
	unsigned top = ms < max_ms ? (unsigned)ms : max_ms;
	b->tries++;
	return backoff_draw(b, top / 2, top);
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
