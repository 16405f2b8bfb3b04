/* backlog.h - how many datagrams may wait in a UDP socket: as many as a burst has, or few in a flood.
 *
 * A receive buffer that is full all the time makes every query wait for all of it, and loses those that come then just the same. A small one would lose the
 * queries of a burst that could be answered. So the buffer is large until it has overflowed while the worker had more than it could do; it is
 * small until the worker comes to its end. docs/benchmarks.md, "A flood of random names", has figures. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What is asked for; the kernel doubles it, and charges a short datagram with 832 octets. So about 2,500 can wait, or 157. */
#define BACKLOG_BYTES       (1 << 20)
#define BACKLOG_FLOOD_BYTES (64 << 10)

#define BACKLOG_FULL_RUN 64 /* so many full batches in a row are more than passes by: 10 ms of work */
#define BACKLOG_CALM_RUN 8  /* so many that were not full are the end of it */

struct backlog {
	bool flooded;
	unsigned run;  /* batches in a row that speak for a change: full ones, or in a flood those that were not */
	uint32_t lost; /* by the socket so far, as the kernel counts: it wraps around */
};

/* For backlog_note(): looks at the socket, and may change its buffer. */
void backlog_check(struct backlog *b, int fd);

/* A batch was taken from the socket; full: more may wait. b is zero at first, and the buffer BACKLOG_BYTES. */
static inline void backlog_note(struct backlog *b, int fd, bool full)
{
	b->run = full == b->flooded ? 0 : b->run + 1;
	if (b->run >= (b->flooded ? BACKLOG_CALM_RUN : BACKLOG_FULL_RUN))
		backlog_check(b, fd);
}
