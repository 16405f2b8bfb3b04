/* The end of a server: when, by how queries come. */
#include "../unit.h"
#include "cli/drain.h"
#include <stdint.h>

struct bench {
	uv_loop_t loop;
	struct drain drain;
	unsigned asked; /* how often the count was */
	unsigned busy;  /* so often a query had come since */
	unsigned ended;
	bool in_vain;
};

static uint64_t count(void *arg)
{
	struct bench *b = arg;
	b->asked++;
	return b->asked < b->busy ? b->asked : b->busy;
}

static void on_done(void *arg, bool in_vain)
{
	struct bench *b = arg;
	b->ended++;
	b->in_vain = in_vain;
}

/* Until it has ended. */
static void run(struct bench *b, unsigned busy, uint64_t lameduck_ms, uint64_t more_ms)
{
	const struct drain_options o = {
	        .lameduck_ms = lameduck_ms, .tick_ms = 1, .more_ms = more_ms, .count = count, .done = on_done, .arg = b};
	*b = (struct bench){.busy = busy};
	assert_int_equal(uv_loop_init(&b->loop), 0);
	drain_init(&b->drain, &b->loop);
	drain_begin(&b->drain, &o);
	uv_run(&b->loop, UV_RUN_DEFAULT); /* ends with the timer */
	assert_int_equal(b->ended, 1);
	drain_close(&b->drain);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
}

static void test_goes_on_until_it_is_quiet(void **state)
{
	struct bench b;
	(void)state;
	run(&b, 20, 1, 1000000);
	assert_false(b.in_vain);
	assert_int_equal(b.asked, 20 + DRAIN_QUIET_TICKS);
}

static void test_nobody_asks(void **state)
{
	struct bench b;
	(void)state;
	run(&b, 0, 0, 1000000);
	assert_false(b.in_vain);
	assert_int_equal(b.asked, 1 + DRAIN_QUIET_TICKS);
}

static void test_is_not_over_before_lameduck(void **state)
{
	struct bench b;
	uint64_t before = uv_hrtime();
	(void)state;
	run(&b, 0, 50, 1000000);
	assert_false(b.in_vain);
	assert_true(uv_hrtime() - before >= 49 * UINT64_C(1000000)); /* the loop's clock counts whole ms */
}

static void test_queries_that_never_stop(void **state)
{
	struct bench b;
	(void)state;
	run(&b, UINT32_MAX, 5, 20);
	assert_true(b.in_vain);
}

static void test_the_usual_pace(void **state)
{
	struct bench b = {.busy = 0};
	const struct drain_options o = {.lameduck_ms = 1, .count = count, .done = on_done, .arg = &b};
	uv_loop_t loop;
	struct drain d;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	drain_init(&d, &loop);
	drain_begin(&d, &o);
	assert_int_equal(uv_timer_get_repeat(&d.timer), DRAIN_TICK_MS);
	assert_int_equal(d.options.more_ms, DRAIN_MORE_MS);
	drain_close(&d);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(b.ended, 0); /* who closes it does not want to hear */
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_goes_on_until_it_is_quiet),
	        cmocka_unit_test(test_nobody_asks),
	        cmocka_unit_test(test_is_not_over_before_lameduck),
	        cmocka_unit_test(test_queries_that_never_stop),
	        cmocka_unit_test(test_the_usual_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
