#include "base/counter.h"
#include "unit.h"

static void test_adds(void **state)
{
	static const uint64_t amounts[] = {0, 1, 127, 128, INT32_MAX, UINT32_MAX, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 40};
	counter n[3] = {7, 0, 7};
	uint64_t sum = 0;
	(void)state;
	for (unsigned i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
		counter_add(&n[1], amounts[i]);
		sum += amounts[i];
		assert_int_equal(counter_read(&n[1]), sum);
	}
	counter_add(&n[1], 1);
	assert_int_equal(counter_read(&n[1]), sum + 1);
	assert_int_equal(counter_read(&n[0]), 7);
	assert_int_equal(counter_read(&n[2]), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_adds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
