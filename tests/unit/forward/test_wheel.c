/* Deadlines in their order, and the chained table. */
#include "../fail_alloc.h"
#include "../unit.h"
#include "chain.h"
#include "wheel.h"
#include <stdlib.h>
#include <string.h>

#define DEADLINES 2000

struct timed {
	struct deadline d;
	uint64_t wanted_ms;
	bool due;
};

static struct wheel wheel;
static uint64_t last_ms;
static unsigned called;

static void on_due(struct deadline *d)
{
	struct timed *t = (struct timed *)d;
	uint64_t now_ms = uv_now(wheel.loop);
	assert_false(t->due);
	assert_false(deadline_is_set(d));
	assert_true(now_ms >= t->wanted_ms);
	assert_true(now_ms >= last_ms);
	last_ms = now_ms;
	t->due = true;
	called++;
}

static void begin(uv_loop_t *loop)
{
	called = 0;
	last_ms = 0;
	assert_int_equal(uv_loop_init(loop), 0);
	assert_int_equal(wheel_begin(&wheel, loop), OK);
}

/* The wheel's timer rests when nothing is set, so the loop ends by itself. */
static void end(uv_loop_t *loop)
{
	assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
	wheel_end(&wheel, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
}

static void set(struct timed *t, uint64_t ms)
{
	t->d.due = on_due;
	t->wanted_ms = uv_now(wheel.loop) + ms;
	wheel_set(&wheel, &t->d, ms);
	assert_true(deadline_is_set(&t->d));
}

static void in_order(void **state)
{
	static struct timed t[DEADLINES];
	uv_loop_t loop;
	(void)state;
	memset(t, 0, sizeof t);
	begin(&loop);
	for (unsigned i = 0; i < DEADLINES; i++)
		set(&t[i], (i * 7919) % 700);
	for (unsigned i = 0; i < DEADLINES; i += 2)
		wheel_clear(&wheel, &t[i].d);
	set(&t[0], 100);
	set(&t[0], 5);                /* replaces it */
	wheel_clear(&wheel, &t[2].d); /* which is not set */
	end(&loop);
	assert_int_equal(called, DEADLINES / 2 + 1);
	for (unsigned i = 3; i < DEADLINES; i++)
		assert_int_equal(t[i].due, i % 2);
}

/* Later than the wheel turns once: it comes by and is put back. */
static void far_away(void **state)
{
	struct timed t = {0};
	uv_loop_t loop;
	(void)state;
	begin(&loop);
	set(&t, WHEEL_SLOTS * WHEEL_TICK_MS + 300);
	end(&loop);
	assert_true(t.due);
}

static struct timed first, second, third;

static void on_first(struct deadline *d)
{
	first.due = true;
	(void)d;
	wheel_clear(&wheel, &second.d); /* of the same slot */
	set(&third, 0);
	assert_false(third.due); /* never at once */
}

static void changed_while_due(void **state)
{
	uv_loop_t loop;
	(void)state;
	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
	memset(&third, 0, sizeof third);
	begin(&loop);
	set(&second, 30);
	first.d.due = on_first;
	wheel_set(&wheel, &first.d, 30); /* the one set last comes first within a tick */
	end(&loop);
	assert_true(first.due && !second.due && third.due);
}

struct entry {
	struct chain c;
	unsigned value;
};

static void chained(void **state)
{
	static struct entry e[5000];
	struct chain_table t;
	(void)state;
	assert_true(chain_table_begin(&t));
	for (unsigned i = 0; i < 5000; i++) {
		e[i].value = i;
		if (i == 100)
			fail_alloc_at(1);               /* it can't grow now; it will later */
		chain_insert(&t, &e[i].c, i / 2 * 64u); /* two of each, and few buckets while it is small */
	}
	fail_alloc_at(0);
	for (unsigned i = 0; i < 5000; i += 2)
		chain_remove(&t, &e[i].c);
	for (unsigned i = 0; i < 5000; i++) {
		struct chain *c = chain_first(&t, i / 2 * 64u);
		assert_ptr_equal(c, &e[i | 1].c);
		assert_null(chain_next(c));
	}
	assert_null(chain_first(&t, 1));
	assert_int_equal(t.count, 2500);
	chain_table_end(&t);
	fail_alloc_at(1);
	assert_false(chain_table_begin(&t));
	fail_alloc_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_order),
	        cmocka_unit_test(far_away),
	        cmocka_unit_test(changed_while_due),
	        cmocka_unit_test(chained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
