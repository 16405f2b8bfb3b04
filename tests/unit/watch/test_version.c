#include "unit.h"
#include "version.h"
#include <string.h>

static void which_is_older(void **state)
{
	static const struct {
		const char *a, *b;
		bool older;
	} cases[] = {
	        {"1", "2", true},
	        {"2", "1", false},
	        {"1", "1", false},
	        {"9", "10", true},
	        {"10", "9", false},
	        {"", "1", false},
	        {"1", "", false},
	        {"0", "1", false},
	        {"01", "2", false},
	        {"1", "02", false},
	        {"1a", "2", false},
	        {"1", "2a", false},
	        {"-1", "1", false},
	        {" 1", "2", false},
	        {"a", "b", false},
	        {"99999999999999999999", "100000000000000000000", true},
	        {"18446744073709551616", "18446744073709551615", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (version_is_older(cases[i].a, cases[i].b) != cases[i].older)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void what_is_right_before(void **state)
{
	static const struct {
		const char *version, *before; /* NULL: there is none */
	} cases[] = {
	        {"2", "1"},  {"10", "9"}, {"11", "10"}, {"1000", "999"}, {"5000", "4999"}, {"18446744073709551616", "18446744073709551615"},
	        {"1", NULL}, {"0", NULL}, {"", NULL},   {"a", NULL},     {"-1", NULL},     {"010", NULL},
	};
	char before[VERSION_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool there = version_before(cases[i].version, before);
		if (there != (cases[i].before != NULL) || (there && strcmp(before, cases[i].before) != 0))
			fail_msg("before %s", cases[i].version);
	}
}

static void what_can_be_one(void **state)
{
	char text[VERSION_MAX + 1];
	(void)state;
	memset(text, '1', sizeof text);
	text[VERSION_MAX] = '\0';
	assert_false(version_is_usable(text));
	text[VERSION_MAX - 1] = '\0';
	assert_true(version_is_usable(text));
	assert_true(version_is_usable("any text"));
	assert_false(version_is_usable(""));
}

static void what_a_server_that_is_behind_says(void **state)
{
	(void)state;
	assert_true(version_is_ahead("HTTP status 504: Timeout: Too large resource version: 7, current: 3"));
	assert_false(version_is_ahead("HTTP status 504: Timeout: request did not complete within the allotted timeout"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(which_is_older),
	        cmocka_unit_test(what_is_right_before),
	        cmocka_unit_test(what_can_be_one),
	        cmocka_unit_test(what_a_server_that_is_behind_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
