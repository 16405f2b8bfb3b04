/* The set of pods' addresses by namespace. */
#include "../../../src/zone/pod_addresses.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "unit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static struct addr v4(unsigned n)
{
	return (struct addr){.family = ADDR_V4, .octets = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct addr v6(unsigned n)
{
	return (struct addr){.family = ADDR_V6, .octets = {0xfd, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};
}

static void test_pairs(void **state)
{
	struct pod_addresses *r = pod_addresses_new(false);
	struct addr a = v4(1), b = v6(1);
	(void)state;
	assert_false(pod_addresses_have(r, 1, &a));
	assert_int_equal(pod_addresses_add(r, 1, &a), OK);
	assert_true(pod_addresses_have(r, 1, &a));
	assert_false(pod_addresses_have(r, 2, &a));
	assert_false(pod_addresses_have(r, 1, &b));
	assert_int_equal(pod_addresses_add(r, 2, &b), OK);
	assert_true(pod_addresses_have(r, 2, &b));
	assert_true(pod_addresses_remove(r, 1, &a));
	assert_false(pod_addresses_have(r, 1, &a));
	assert_false(pod_addresses_remove(r, 1, &a));
	assert_false(pod_addresses_remove(r, 3, &b));
	pod_addresses_free(r);
}

/* Pods on the node's own network have its address, all of them. */
static void test_shared_address(void **state)
{
	struct pod_addresses *r = pod_addresses_new(false);
	struct addr a = v4(7);
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pod_addresses_add(r, 1, &a), OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(pod_addresses_remove(r, 1, &a));
		assert_true(pod_addresses_have(r, 1, &a));
	}
	assert_true(pod_addresses_remove(r, 1, &a));
	assert_false(pod_addresses_have(r, 1, &a));
	assert_int_equal(pod_addresses_add(r, 1, &a), OK); /* and one comes back */
	assert_true(pod_addresses_have(r, 1, &a));
	pod_addresses_free(r);
}

/* An address that comes and goes all the time does not make it grow without end, nor lose the others. */
static void test_many(void **state)
{
	struct pod_addresses *r = pod_addresses_new(false);
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct addr a = i % 2 ? v4(i) : v6(i);
		assert_int_equal(pod_addresses_add(r, 1 + i % 7, &a), OK);
	}
	for (unsigned round = 0; round < 20000; round++) {
		struct addr a = v4(100000 + round);
		assert_int_equal(pod_addresses_add(r, 1, &a), OK);
		assert_true(pod_addresses_remove(r, 1, &a));
	}
	for (unsigned i = 0; i < 5000; i++) {
		struct addr a = i % 2 ? v4(i) : v6(i);
		for (unsigned ns = 1; ns <= 7; ns++)
			assert_int_equal(pod_addresses_have(r, ns, &a), ns == 1 + i % 7);
	}
	bool seen[5000] = {false};
	size_t cursor = 0, count = 0;
	struct addr a;
	for (uint32_t ns; pod_addresses_each(r, &cursor, &ns, &a); count++) {
		unsigned i = a.family == ADDR_V4 ? a.octets[2] * 256u + a.octets[3] : a.octets[14] * 256u + a.octets[15];
		assert_true(i < 5000 && !seen[i] && ns == 1 + i % 7 && (a.family == ADDR_V4) == i % 2);
		seen[i] = true;
	}
	assert_int_equal(count, 5000);
	rcu_free_all();
	pod_addresses_free(r);
}

struct shared {
	struct pod_addresses *addresses;
	atomic_bool stop;
	atomic_uint wrong, looks;
};

/* What always is there is seen at every look, and what never was there at none. */
static void *read_all_the_time(void *arg)
{
	struct shared *s = arg;
	rcu_thread_begin();
	while (!atomic_load(&s->stop) || !atomic_load(&s->looks)) {
		rcu_reader_lock();
		for (unsigned i = 0; i < 64; i++) {
			struct addr there = v4(i), absent = v6(i);
			s->wrong += !pod_addresses_have(s->addresses, 1, &there) || pod_addresses_have(s->addresses, 1, &absent);
		}
		rcu_reader_unlock();
		s->looks++;
	}
	rcu_thread_end();
	return NULL;
}

static void test_beside_a_reader(void **state)
{
	struct shared s = {.addresses = pod_addresses_new(false)};
	pthread_t reader;
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct addr a = v4(i);
		assert_int_equal(pod_addresses_add(s.addresses, 1, &a), OK);
	}
	assert_int_equal(pthread_create(&reader, NULL, read_all_the_time, &s), 0);
	for (unsigned i = 0; i < 20000; i++) {
		struct addr moving = v4(1000 + i), shared = v4(i % 64);
		assert_int_equal(pod_addresses_add(s.addresses, 1 + i % 2, &moving), OK);
		assert_int_equal(pod_addresses_add(s.addresses, 1, &shared), OK); /* one more pod of the address, and one less */
		assert_true(pod_addresses_remove(s.addresses, 1, &shared));
		assert_true(pod_addresses_remove(s.addresses, 1 + i % 2, &moving));
	}
	atomic_store(&s.stop, true);
	pthread_join(reader, NULL);
	assert_int_equal(s.wrong, 0);
	rcu_free_all();
	pod_addresses_free(s.addresses);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		fail_alloc_at(n);
		struct pod_addresses *r = pod_addresses_new(false);
		unsigned added = 0;
		for (; r && added < 100; added++) {
			struct addr a = v4(added);
			if (pod_addresses_add(r, 1, &a))
				break;
		}
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		for (unsigned i = 0; r && i < 101; i++) {
			struct addr a = v4(i);
			assert_int_equal(pod_addresses_have(r, 1, &a), i < added);
		}
		rcu_free_all();
		pod_addresses_free(r);
		if (!hit)
			break;
	}
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_pairs),           cmocka_unit_test(test_shared_address), cmocka_unit_test(test_many),
	        cmocka_unit_test(test_beside_a_reader), cmocka_unit_test(test_out_of_memory),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
