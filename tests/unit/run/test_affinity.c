#include "affinity.h"
#include "unit.h"
#include <string.h>

static struct addr address(unsigned n)
{
	return (struct addr){ADDR_V4, {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct affinity_key key_of(unsigned client, uint16_t port)
{
	return (struct affinity_key){.client = address(client), .service = address(1), .port = port, .protocol = 6};
}

static void test_each_client_and_port_by_itself(void **state)
{
	static struct affinity a;
	const struct affinity_key one = key_of(10, 80), other_client = key_of(11, 80), other_port = key_of(10, 81);
	const struct addr first = address(100), second = address(200);
	(void)state;
	assert_null(affinity_find(&a, &one, 0, 60));
	affinity_note(&a, &one, &first, 1000);
	affinity_note(&a, &other_client, &second, 1000);
	assert_true(addr_equal(affinity_find(&a, &one, 1000, 60), &first));
	assert_true(addr_equal(affinity_find(&a, &other_client, 1000, 60), &second));
	assert_null(affinity_find(&a, &other_port, 1000, 60));
	affinity_note(&a, &one, &second, 2000);
	assert_true(addr_equal(affinity_find(&a, &one, 2000, 60), &second));
	assert_int_equal(a.count, 2);
}

static void test_time(void **state)
{
	static struct affinity a;
	const struct affinity_key one = key_of(10, 80);
	const struct addr endpoint = address(100);
	(void)state;
	affinity_note(&a, &one, &endpoint, 1000);
	assert_non_null(affinity_find(&a, &one, 60999, 60));
	assert_null(affinity_find(&a, &one, 61000, 60));
}

/* Who has been away for longest makes room. */
static void test_bound(void **state)
{
	static struct affinity a;
	const struct affinity_key early = key_of(1, 80), late = key_of(2, 80), more = key_of(AFFINITY_MAX + 1, 80);
	const struct addr endpoint = address(100);
	(void)state;
	for (unsigned i = 1; i <= AFFINITY_MAX; i++) {
		const struct affinity_key key = key_of(i, 80);
		affinity_note(&a, &key, &endpoint, i);
	}
	affinity_note(&a, &more, &endpoint, AFFINITY_MAX + 1);
	assert_int_equal(a.count, AFFINITY_MAX);
	assert_null(affinity_find(&a, &early, 0, 60));
	assert_non_null(affinity_find(&a, &late, AFFINITY_MAX + 1, 60));
	assert_non_null(affinity_find(&a, &more, AFFINITY_MAX + 1, 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_client_and_port_by_itself),
	        cmocka_unit_test(test_time),
	        cmocka_unit_test(test_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
