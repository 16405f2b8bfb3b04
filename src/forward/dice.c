#include "dice.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Linux has had getrandom since 3.17, and once it has been seeded a read of 512 octets does not fail. Without it an id could be guessed. */
static void refill(struct dice *d)
{
	while (d->left < sizeof d->block) {
		ssize_t got = getrandom(d->block + d->left, sizeof d->block - d->left, 0);
		if (got > 0)
			d->left += (size_t)got;
		else if (errno != EINTR)
			abort();
	}
}

void dice_fill(struct dice *d, void *bytes, size_t len)
{
	if (d->left < len) {
		d->left = 0;
		refill(d);
	}
	d->left -= len;
	memcpy(bytes, d->block + d->left, len);
	memset(d->block + d->left, 0, len); /* who reads our memory later learns nothing of ids in flight */
}

uint16_t dice_u16(struct dice *d)
{
	uint16_t n;
	dice_fill(d, &n, sizeof n);
	return n;
}

unsigned dice_below(struct dice *d, unsigned n)
{
	uint16_t drawn = dice_u16(d);
	return (unsigned)drawn * n >> 16;
}
