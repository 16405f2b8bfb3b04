#include "list_progress.h"
#include "unit.h"
#include <string.h>

static const struct list_bounds bounds = {.quiet_ms = 100, .whole_ms = 250, .objects = 3, .bytes = 2 << 20};

static void as_long_as_objects_come(void **state)
{
	struct list_progress p = {0};
	struct diag d = {0};
	uint64_t again_ms;
	(void)state;
	assert_int_equal(list_progress_check(&p, &bounds, 5000, &again_ms, &d), OK); /* nothing has begun */
	assert_int_equal(again_ms, 100);
	list_progress_begin(&p, 1000);
	list_progress_begin(&p, 1050); /* the second page's */
	assert_int_equal(list_progress_check(&p, &bounds, 1099, &again_ms, &d), OK);
	assert_int_equal(again_ms, 1);
	assert_int_equal(list_progress_add(&p, &bounds, 1, 10, 1090, &d), OK);
	assert_int_equal(list_progress_check(&p, &bounds, 1100, &again_ms, &d), OK);
	assert_int_equal(again_ms, 90);
	assert_int_equal(list_progress_add(&p, &bounds, 1, 1000, 1180, &d), OK); /* octets alone are none */
	assert_int_equal(list_progress_check(&p, &bounds, 1190, &again_ms, &d), ERR_RANGE);
	assert_string_equal(d.text, "the list has brought no object for 100 ms, see list_progress; it had 1");
}

static void but_not_for_ever(void **state)
{
	struct list_progress p = {0};
	struct diag d = {0};
	uint64_t again_ms;
	(void)state;
	list_progress_begin(&p, 1000);
	assert_int_equal(list_progress_add(&p, &bounds, 3, 10, 1200, &d), OK);
	assert_int_equal(list_progress_check(&p, &bounds, 1200, &again_ms, &d), OK);
	assert_int_equal(again_ms, 50);
	assert_int_equal(list_progress_check(&p, &bounds, 1250, &again_ms, &d), ERR_RANGE);
	assert_string_equal(d.text, "the list is not whole after 250 ms, see list_timeout; it has 3 objects");
}

static void nor_without_bound(void **state)
{
	struct list_progress p = {0};
	struct diag d = {0};
	(void)state;
	list_progress_begin(&p, 1000);
	assert_int_equal(list_progress_add(&p, &bounds, 3, 2 << 20, 1001, &d), OK);
	assert_int_equal(list_progress_add(&p, &bounds, 4, 0, 1001, &d), ERR_RANGE);
	assert_string_equal(d.text, "the list has more than 3 objects, see list_max");
	assert_int_equal(list_progress_add(&p, &bounds, 0, (2 << 20) + 1, 1001, &d), ERR_RANGE);
	assert_string_equal(d.text, "the list has more than 2 MiB, see list_max");
}

static void nor_may_there_be_more_of_a_kind(void **state)
{
	struct diag d = {0};
	(void)state;
	assert_int_equal(list_bounds_check(&bounds, (struct object_amount){3, 2 << 20}, &d), OK);
	assert_int_equal(list_bounds_check(&bounds, (struct object_amount){4, 0}, &d), ERR_RANGE);
	assert_string_equal(d.text, "there are more than 3 objects by now, see list_max");
	assert_int_equal(list_bounds_check(&bounds, (struct object_amount){0, (2 << 20) + 1}, &d), ERR_RANGE);
	assert_string_equal(d.text, "the objects have more than 2 MiB by now, see list_max");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_long_as_objects_come),
	        cmocka_unit_test(but_not_for_ever),
	        cmocka_unit_test(nor_without_bound),
	        cmocka_unit_test(nor_may_there_be_more_of_a_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
