/* How long is waited after each sort of failure. */
#include "retry.h"
#include "unit.h"

static const struct retry_limits limits = {.min = 100, .network = 1000, .server = 5000, .refused = 15000};

static const struct {
	const char *what;
	enum api_outcome outcome;
	unsigned status;
	bool listing;
	unsigned after_s;  /* what the server asks for */
	unsigned min, max; /* of the wait, when there were so many tries that it does not grow */
} cases[] = {
        {"nobody there", API_SILENT, 0, true, 0, 500, 1000},
        {"a watch that can't be used", API_REFUSED, 0, false, 0, 500, 1000},
        {"a list that can't be used", API_REFUSED, 0, true, 0, 2500, 5000},
        {"overloaded", API_STATUS, 429, true, 0, 2500, 5000},
        {"too slow", API_STATUS, 408, true, 0, 2500, 5000},
        {"broken", API_STATUS, 500, false, 0, 2500, 5000},
        {"forbidden", API_STATUS, 403, true, 0, 7500, 15000},
        {"not there", API_STATUS, 404, false, 0, 7500, 15000},
        {"no credentials", API_CREDENTIALS, 0, true, 0, 7500, 15000},
        {"it says when", API_STATUS, 429, true, 20, 20000, 25000},
        {"sooner than we'd come", API_STATUS, 429, true, 1, 2500, 5000},
        {"an hour is a minute", API_STATUS, 503, true, 3600, 60000, 75000},
};

static void test_the_longest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct api_result result = {
		        .outcome = cases[i].outcome, .status = cases[i].status, .retry_after_s = cases[i].after_s};
		struct backoff b;
		backoff_init(&b);
		b.tries = 1000;
		for (unsigned n = 0; n < 200; n++)
			assert_in_range(retry_wait_ms(&b, &limits, &result, cases[i].status, cases[i].listing), cases[i].min, cases[i].max);
		assert_int_equal(b.tries, 1200);
	}
}

/* It begins small and doubles. */
static void test_the_first(void **state)
{
	const struct api_result silent = {.outcome = API_SILENT};
	struct backoff b;
	(void)state;
	backoff_init(&b);
	for (unsigned top = 100; top < 1000; top *= 2)
		assert_in_range(retry_wait_ms(&b, &limits, &silent, 0, true), top / 2, top);
	assert_in_range(retry_wait_ms(&b, &limits, &silent, 0, true), 500, 1000);
	backoff_reset(&b);
	assert_in_range(retry_wait_ms(&b, &limits, &silent, 0, true), 50, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_longest),
	        cmocka_unit_test(test_the_first),
	};
	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
