#include "record_ring.h"
#include <stdlib.h>
#include <string.h>

struct record_ring *record_ring_new(void)
{
	struct record_ring *r = aligned_alloc(_Alignof(struct record_ring), sizeof *r);
	if (!r)
		return NULL;
	atomic_init(&r->put, 0);
	atomic_init(&r->lost, 0);
	atomic_init(&r->taken, 0);
	return r;
}

static void count_one(_Atomic(uint64_t) *n, memory_order order)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, order);
}

struct query_record *record_ring_room(struct record_ring *r)
{
	uint64_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
	if (put - atomic_load_explicit(&r->taken, memory_order_acquire) == RING_RECORDS) {
		count_one(&r->lost, memory_order_relaxed);
		return NULL;
	}
	return &r->records[put % RING_RECORDS];
}

/* In one order with who says that it goes to sleep (query_log.c). */
void record_ring_put(struct record_ring *r)
{
	count_one(&r->put, memory_order_seq_cst);
}

const struct query_record *record_ring_next(struct record_ring *r)
{
	uint64_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
	return taken == atomic_load_explicit(&r->put, memory_order_seq_cst) ? NULL : &r->records[taken % RING_RECORDS];
}

void record_ring_take(struct record_ring *r)
{
	count_one(&r->taken, memory_order_release);
}
