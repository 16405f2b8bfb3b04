/* How many requests go at once. Nothing here measures time: what must come is waited for. */
#include "throttle.h"
#include "unit.h"

struct fixture {
	uv_loop_t loop;
	struct throttle *throttle;
	unsigned ready;
};

static void on_ready(void *arg)
{
	struct fixture *f = arg;
	f->ready++;
}

static void start(struct fixture *f, struct throttle_limits limits)
{
	*f = (struct fixture){0};
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->throttle = throttle_new(&f->loop, &limits, on_ready, f);
	assert_non_null(f->throttle);
}

static void end(struct fixture *f)
{
	throttle_free(f->throttle);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static unsigned enter_all(struct fixture *f, unsigned tries)
{
	unsigned entered = 0;
	while (entered < tries && throttle_enter(f->throttle))
		entered++;
	return entered;
}

static void no_limits(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, (struct throttle_limits){0});
	assert_int_equal(enter_all(&f, 1000), 1000);
	end(&f);
}

static void so_many_at_once(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, (struct throttle_limits){.max_inflight = 2});
	assert_int_equal(enter_all(&f, 9), 2);
	assert_int_equal(f.ready, 0);
	throttle_leave(f.throttle);
	assert_int_equal(f.ready, 1);
	assert_int_equal(enter_all(&f, 9), 1);
	throttle_leave(f.throttle);
	throttle_leave(f.throttle);
	assert_int_equal(f.ready, 2); /* nobody was refused the second time */
	end(&f);
}

/* A rate so low that no second token comes while a test lasts. */
static void bursts(void **state)
{
	static const struct {
		struct throttle_limits limits;
		unsigned wanted;
	} cases[] = {
	        {{.qps = 1e-9, .burst = 3}, 3},
	        {{.qps = 1e-9}, 10},
	        {{.qps = 1e-9, .burst = 3, .max_inflight = 2}, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		start(&f, cases[i].limits);
		assert_int_equal(enter_all(&f, 20), cases[i].wanted);
		end(&f);
	}
}

static void a_token_comes_again(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, (struct throttle_limits){.qps = 100, .burst = 1});
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(enter_all(&f, 9), 1);
		while (f.ready < i)
			uv_run(&f.loop, UV_RUN_ONCE);
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(no_limits),
	        cmocka_unit_test(so_many_at_once),
	        cmocka_unit_test(bursts),
	        cmocka_unit_test(a_token_comes_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
