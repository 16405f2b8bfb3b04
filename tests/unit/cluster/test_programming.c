#include "cluster/programming.h"
#include "unit.h"

static const struct {
	bool headless, has_selector;
	uint64_t changed_ms, now_ms;
	enum programming_kind kind;
	unsigned place; /* PROGRAMMING_BOUNDS + 1: it does not count */
} cases[] = {
        {false, true, 1000, 1000, PROGRAMMING_CLUSTER_IP, 0},
        {false, false, 1000, 1001, PROGRAMMING_CLUSTER_IP, 0},
        {true, true, 1000, 1002, PROGRAMMING_HEADLESS, 1},
        {true, true, 1000, 1003, PROGRAMMING_HEADLESS, 2},
        {true, false, 1000, 2024, PROGRAMMING_HEADLESS_WITHOUT_SELECTOR, 10},
        {true, true, 1, 524289, PROGRAMMING_HEADLESS, 19},
        {true, true, 1, 524290, PROGRAMMING_HEADLESS, 20},
        {true, true, 1000, 900, PROGRAMMING_HEADLESS, 0}, /* the API server's clock is ahead */
        {true, true, 0, 900, PROGRAMMING_HEADLESS, PROGRAMMING_BOUNDS + 1},
};

static void test_note(void **state)
{
	static const struct label_set selector = {0};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct service service = {.object = {.kind = OBJECT_SERVICE},
		                                .headless = cases[i].headless,
		                                .selector = cases[i].has_selector ? &selector : NULL};
		const struct service_view view = {.service = &service, .changed_ms = cases[i].changed_ms};
		struct programming p = {0};
		programming_note(&p, &view, cases[i].now_ms);
		for (enum programming_kind k = 0; k < PROGRAMMING_KINDS; k++) {
			for (unsigned b = 0; b <= PROGRAMMING_BOUNDS; b++)
				assert_int_equal(p.counts[k][b], k == cases[i].kind && b == cases[i].place);
		}
		assert_int_equal(p.ms[cases[i].kind],
		                 cases[i].changed_ms && cases[i].now_ms > cases[i].changed_ms ? cases[i].now_ms - cases[i].changed_ms : 0);
	}
}

static void test_of_a_cluster_set(void **state)
{
	const struct service import = {.object = {.kind = OBJECT_SERVICE_IMPORT}};
	const struct service_view view = {.service = &import, .changed_ms = 1000};
	struct programming p = {0};
	(void)state;
	programming_note(&p, &view, 2000);
	assert_int_equal(p.ms[PROGRAMMING_CLUSTER_IP], 0);
}

static void test_bounds(void **state)
{
	(void)state;
	for (unsigned i = 1; i < PROGRAMMING_BOUNDS; i++)
		assert_true(programming_bounds[i] == 2 * programming_bounds[i - 1]);
	assert_true(programming_bounds[0] == 0.001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_note), cmocka_unit_test(test_of_a_cluster_set),
	                                   cmocka_unit_test(test_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
