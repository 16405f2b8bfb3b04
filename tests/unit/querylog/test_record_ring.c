#include "fail_alloc.h"
#include "record_ring.h"
#include "unit.h"
#include <pthread.h>
#include <stdlib.h>

#define MANY 200000

static void test_full_and_empty(void **state)
{
	struct record_ring *ring = record_ring_new();
	(void)state;
	assert_non_null(ring);
	assert_null(record_ring_next(ring));
	for (unsigned i = 0; i < RING_RECORDS; i++) {
		struct query_record *r = record_ring_room(ring);
		assert_non_null(r);
		r->rcode = (uint16_t)i;
		record_ring_put(ring);
	}
	assert_null(record_ring_room(ring));
	assert_null(record_ring_room(ring));
	assert_int_equal(ring->lost, 2);
	assert_int_equal(record_ring_next(ring)->rcode, 0);
	record_ring_take(ring);
	assert_non_null(record_ring_room(ring));
	for (unsigned i = 1; i < RING_RECORDS; i++) {
		assert_int_equal(record_ring_next(ring)->rcode, i);
		record_ring_take(ring);
	}
	assert_null(record_ring_next(ring));
	free(ring);
}

static void *put_many(void *arg)
{
	struct record_ring *ring = arg;
	for (int64_t i = 0; i < MANY; i++) {
		struct query_record *r = record_ring_room(ring);
		if (!r)
			continue;
		r->when_ns = i;
		record_ring_put(ring);
	}
	return NULL;
}

/* What was not lost comes whole and in order. */
static void test_two_threads(void **state)
{
	struct record_ring *ring = record_ring_new();
	pthread_t thread;
	uint64_t taken = 0;
	int64_t last = -1;
	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, put_many, ring), 0);
	while (taken + atomic_load(&ring->lost) < MANY) {
		const struct query_record *r = record_ring_next(ring);
		if (!r)
			continue;
		assert_true(r->when_ns > last);
		last = r->when_ns;
		record_ring_take(ring);
		taken++;
	}
	pthread_join(thread, NULL);
	assert_int_equal(taken + ring->lost, MANY);
	assert_true(taken > 0);
	free(ring);
}

static void test_no_memory(void **state)
{
	(void)state;
	fail_alloc_at(1);
	assert_null(record_ring_new());
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_full_and_empty),
	        cmocka_unit_test(test_two_threads),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
