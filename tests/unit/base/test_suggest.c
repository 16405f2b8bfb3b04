#include "base/suggest.h"
#include "unit.h"
#include <string.h>

static const struct {
	const char *a, *b;
	size_t limit, want;
} distances[] = {
        {"", "", 3, 0},    {"web-0", "web-0", 3, 0}, {"web-0", "web-1", 3, 1},   {"web0", "web-0", 3, 1}, {"wbe-0", "web-0", 3, 2},
        {"", "abc", 3, 3}, {"abc", "", 3, 3},        {"abcdef", "uvwxyz", 2, 3}, /* over the limit: limit + 1 */
};

static void test_distance(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof distances / sizeof *distances; i++)
		assert_int_equal(suggest_distance(distances[i].a, distances[i].b, distances[i].limit), distances[i].want);
}

static void test_distance_of_long_names(void **state)
{
	char a[300], b[300];
	(void)state;
	memset(a, 'a', sizeof a - 1);
	a[sizeof a - 1] = 0;
	memcpy(b, a, sizeof b);
	b[63] = 'b';
	b[64] = 'b'; /* beyond what counts */
	assert_int_equal(suggest_distance(a, b, 100), 1);
}

static const struct {
	const char *wanted, *candidates[6], *want;
} suggestions[] = {
        {"web-9", {"db-0", "web-0", "other"}, "web-0"},
        {"web-9", {"db-0", "other"}, ""},
        {"webserver", {"web", "webserve", "webservers-0", "webserver-"}, "webserve, webserver- or webservers-0"},
        {"serv", {"serve", "run"}, "serve"},
        {"web-9", {"web-4", "web-3", "web-2", "web-1"}, "web-4, web-3 or web-2"},
        {"webs-10", {"web-10x", "webs-10x", "webs-11"}, "webs-10x, webs-11 or web-10x"},
        {"", {"a", "bb"}, "a"},
};

static void test_suggestions_closest_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof suggestions / sizeof *suggestions; i++) {
		struct suggest s = {.wanted = suggestions[i].wanted};
		char text[64];
		for (const char *const *c = suggestions[i].candidates; *c; c++)
			suggest_consider(&s, *c);
		assert_string_equal(suggest_text(&s, "", text, sizeof text), suggestions[i].want);
	}
}

static void test_each_has_the_prefix(void **state)
{
	struct suggest s = {.wanted = "x", .names = {"ttl", "zone"}, .count = 2};
	char text[32];
	(void)state;
	assert_string_equal(suggest_text(&s, "--", text, sizeof text), "--ttl or --zone");
}

static void test_text_is_cut(void **state)
{
	struct suggest s = {.wanted = "x", .names = {"aaaa", "bbbb", "cccc"}, .count = 3};
	char text[8];
	(void)state;
	assert_string_equal(suggest_text(&s, "", text, sizeof text), "aaaa, b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_distance),
	        cmocka_unit_test(test_distance_of_long_names),
	        cmocka_unit_test(test_suggestions_closest_first),
	        cmocka_unit_test(test_each_has_the_prefix),
	        cmocka_unit_test(test_text_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
