#include "base/json_line.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static const struct timespec when = {.tv_sec = 951782400, .tv_nsec = 7}; /* a leap day */

#define HEAD "{\"time\":\"2000-02-29T00:00:00.000000007Z\",\"level\":\"INFO\",\"msg\":"

static void assert_line(const char *msg, const char *want)
{
	struct json_line j;
	char text[512];
	json_line_begin(&j, text, sizeof text - 1, &when, "INFO", msg, strlen(msg));
	text[json_line_end(&j)] = '\0';
	assert_memory_equal(text, HEAD, sizeof HEAD - 1);
	assert_string_equal(text + sizeof HEAD - 1, want);
}

static void test_strings(void **state)
{
	(void)state;
	assert_line("", "\"\"}\n");
	assert_line("a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"}\n");
	assert_line("a\nb\x01\x7f", "\"a\\u000ab\\u0001\\u007f\"}\n");
	assert_line("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n");
	assert_line("\xFF"
	            "a\xC3",
	            "\"\\ufffda\\ufffd\"}\n");
	assert_line("\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"}\n"); /* a surrogate */
}

static void test_members(void **state)
{
	struct json_line j;
	char text[512];
	(void)state;
	json_line_begin(&j, text, sizeof text - 1, &when, "INFO", "m", 1);
	json_line_text(&j, "a", "\"");
	json_line_text(&j, "b", NULL);
	json_line_number(&j, "c", UINT64_MAX);
	json_line_bool(&j, "d", true);
	json_line_bool(&j, "e", false);
	json_line_raw(&j, "f", "0.5");
	text[json_line_end(&j)] = '\0';
	assert_string_equal(text + sizeof HEAD - 1,
	                    "\"m\",\"a\":\"\\\"\",\"b\":null,\"c\":18446744073709551615,\"d\":true,\"e\":false,\"f\":0.5}\n");
}

/* Whatever the room is, it is an object, whose members are whole. */
static void test_without_room(void **state)
{
	(void)state;
	for (size_t cap = JSON_LINE_MIN; cap < 400; cap++) {
		char *text = malloc(cap); /* of exactly that size, for the address sanitizer */
		struct json_line j;
		size_t len;
		assert_non_null(text);
		json_line_begin(&j, text, cap, &when, "WARNING",
		                "ab\"\xE2\x82\xAC\n0123456789012345678901234567890123456789\n\n\n\n\n\n\n\n\n", 57);
		json_line_text(&j, "name", "0123456789\n0123456789");
		json_line_number(&j, "number", 12345);
		json_line_text(&j, "last", "x");
		len = json_line_end(&j);
		assert_true(len <= cap);
		assert_memory_equal(text + len - 2, "}\n", 2);
		assert_true(text[len - 3] == '"' || text[len - 3] == '5');
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_strings),
	        cmocka_unit_test(test_members),
	        cmocka_unit_test(test_without_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
