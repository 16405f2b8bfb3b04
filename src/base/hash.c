#include "base/hash.h"
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed;

void hash_seed_init(void)
{
	if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid();
	}
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

uint64_t hash_stable(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}

uint64_t hash_mix(uint64_t a, uint64_t b)
{
	/* An odd multiplier and a shift spread every bit of a; adding b last keeps (a, b) and (b, a) apart. */
	uint64_t x = (a ^ (a >> 32)) * 0x9e3779b97f4a7c15u + b;
	return (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
}
