/* record_ring.h - records on their way from one worker to the thread that writes them: one puts, one takes, and neither waits. */
#pragma once
#include "query_record.h"
#include <stdatomic.h>

#define RING_RECORDS 2048 /* a power of two; 0.7 MiB, a few milliseconds of a worker's best */

struct record_ring {
	_Alignas(64) _Atomic(uint64_t) put; /* records since the beginning; modulo RING_RECORDS the place */
	_Atomic(uint64_t) lost;             /* the ring was full; the worker's to count, too */
	_Alignas(64) _Atomic(uint64_t) taken;
	struct query_record records[RING_RECORDS];
};

/* NULL: out of memory. To be given to free(). */
struct record_ring *record_ring_new(void);

/* Where the next record is to be put; NULL: the ring is full, which is counted. */
struct query_record *record_ring_room(struct record_ring *r);

/* It is there. */
void record_ring_put(struct record_ring *r);

/* The oldest; NULL: there is none. */
const struct query_record *record_ring_next(struct record_ring *r);

/* It is no longer needed. */
void record_ring_take(struct record_ring *r);
