/* Numbers and durations. */
#include "config/value.h"
#include "unit.h"

static const struct {
	const char *text;
	enum err err;
	uint64_t ms;
} durations[] = {
        {"5s", OK, 5000},
        {"0", OK, 0},
        {"0s", OK, 0},
        {"500ms", OK, 500},
        {"1m30s", OK, 90000},
        {"1.5h", OK, 5400000},
        {".5s", OK, 500},
        {"1h1m1s1ms", OK, 3661001},
        {"2500us", OK, 2},
        {"2500\xc2\xb5s", OK, 2},
        {"1000000ns", OK, 1},
        {"", ERR_SYNTAX, 0},
        {"5", ERR_SYNTAX, 0},
        {"5 s", ERR_SYNTAX, 0},
        {"-5s", ERR_SYNTAX, 0},
        {"5d", ERR_SYNTAX, 0},
        {"s", ERR_SYNTAX, 0},
        {"1.2.3s", ERR_SYNTAX, 0},
        {"1e3s", ERR_SYNTAX, 0},
        {"0x1s", ERR_SYNTAX, 0},
        {"5s5", ERR_SYNTAX, 0},
        {".s", ERR_SYNTAX, 0},
        {"9999999999h", ERR_SYNTAX, 0},
};

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		uint64_t ms = 0;
		struct diag d;
		if (value_duration_ms(durations[i].text, &ms, &d) != durations[i].err || ms != durations[i].ms)
			fail_msg("%s: %llu ms", durations[i].text, (unsigned long long)ms);
	}
}

static const struct {
	const char *text;
	enum err err;
	unsigned value;
} numbers[] = {
        {"1", OK, 1},          {"010", OK, 10},       {"60", OK, 60},
        {"61", ERR_RANGE, 0},  {"0", ERR_RANGE, 0},   {"99999999999999999999", ERR_RANGE, 0},
        {"", ERR_SYNTAX, 0},   {"+1", ERR_SYNTAX, 0}, {"-1", ERR_SYNTAX, 0},
        {" 1", ERR_SYNTAX, 0}, {"1s", ERR_SYNTAX, 0}, {"0x1", ERR_SYNTAX, 0},
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		unsigned value = 0;
		struct diag d;
		assert_int_equal(value_number(numbers[i].text, 1, 60, &value, &d), numbers[i].err);
		assert_int_equal(value, numbers[i].value);
	}
}

static const struct {
	const char *text;
	enum err err;
	double value;
} decimals[] = {
        {"20", OK, 20},        {"0.5", OK, 0.5},       {"1e1", OK, 10},          {".5", OK, 0.5},       {"", ERR_SYNTAX, 0},
        {"-1", ERR_SYNTAX, 0}, {"inf", ERR_SYNTAX, 0}, {"1e999", ERR_SYNTAX, 0}, {"1x", ERR_SYNTAX, 0}, {".", ERR_SYNTAX, 0},
};

static void test_decimals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
		double value = 0;
		struct diag d;
		assert_int_equal(value_decimal(decimals[i].text, &value, &d), decimals[i].err);
		assert_true(value <= decimals[i].value && value >= decimals[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_durations), cmocka_unit_test(test_numbers),
	                                   cmocka_unit_test(test_decimals)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
