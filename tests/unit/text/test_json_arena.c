#include "fail_alloc.h"
#include "text/json_arena.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static cJSON *parse(const char *text)
{
	cJSON *tree = cJSON_Parse(text);
	assert_non_null(tree);
	return tree;
}

/* Leaks and wrong frees are the sanitizer's to find. */
static void a_tree_is_gone_with_the_section(void **state)
{
	struct json_arena *a = json_arena_new();
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		json_arena_enter(a);
		parse("{\"a\":[1,\"b\",{\"c\":null}]}");
		cJSON_Delete(parse("[1,2,3]"));
		json_arena_leave(a);
	}
	json_arena_free(a);
}

static void what_was_there_before_may_be_freed_inside(void **state)
{
	struct json_arena *a = json_arena_new();
	cJSON *before = parse("{\"a\":\"b\"}");
	(void)state;
	json_arena_enter(a);
	cJSON_Delete(before);
	json_arena_leave(a);
	json_arena_free(a);
}

static char *large_array(size_t items)
{
	char *text = malloc(2 * items + 2);
	text[0] = '[';
	for (size_t i = 0; i < items; i++)
		memcpy(text + 1 + 2 * i, "1,", 2);
	memcpy(text + 2 * items, "]", 2);
	return text;
}

/* True if the arena takes more memory for this tree. */
static bool grows(struct json_arena *a, const char *text)
{
	json_arena_enter(a);
	fail_alloc_at(1);
	cJSON *tree = cJSON_Parse(text);
	assert_true(!tree == fail_alloc_hit());
	fail_alloc_at(0);
	if (!tree)
		parse(text);
	json_arena_leave(a);
	return !tree;
}

static void it_grows_to_the_largest_tree_within_limits(void **state)
{
	struct json_arena *a = json_arena_new();
	char *middling = large_array(5000), *huge = large_array(100000);
	(void)state;
	assert_true(grows(a, middling));
	assert_false(grows(a, middling));
	assert_true(grows(a, huge));
	assert_true(grows(a, huge)); /* so much is not kept */
	assert_false(grows(a, middling));
	json_arena_free(a);
	free(middling);
	free(huge);
}

static void *parse_elsewhere(void *unused)
{
	(void)unused;
	return cJSON_Parse("{\"a\":[1,2,3]}");
}

static void another_thread_does_not_see_it(void **state)
{
	struct json_arena *a = json_arena_new();
	void *tree = NULL;
	pthread_t thread; /* ThreadSanitizer knows no C11 threads */
	(void)state;
	json_arena_enter(a);
	assert_int_equal(pthread_create(&thread, NULL, parse_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(thread, &tree), 0);
	json_arena_leave(a);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "a")), 3);
	cJSON_Delete(tree);
	json_arena_free(a);
}

static void allocation_failures(void **state)
{
	struct json_arena *a = json_arena_new();
	char *text = large_array(5000);
	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		fail_alloc_at(n);
		assert_null(json_arena_new());
	}
	fail_alloc_at(1);
	json_arena_enter(a);
	assert_null(cJSON_Parse(text)); /* it could not grow */
	fail_alloc_at(0);
	cJSON_Delete(parse("[1]"));
	json_arena_leave(a);
	json_arena_free(a);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_tree_is_gone_with_the_section),
	        cmocka_unit_test(what_was_there_before_may_be_freed_inside),
	        cmocka_unit_test(it_grows_to_the_largest_tree_within_limits),
	        cmocka_unit_test(another_thread_does_not_see_it),
	        cmocka_unit_test(allocation_failures),
	};
	json_arena_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
