#include "unit.h"
#include "yaml_scalar.h"
#include <stdio.h>
#include <string.h>

#define TAG(t) "tag:yaml.org,2002:" t

/* How it is written, its tag, and the JSON it is. */
static const struct {
	const char *text, *tag, *want;
} plain[] = {
        {"", NULL, "null"},
        {"~", NULL, "null"},
        {"null", NULL, "null"},
        {"nUll", NULL, "\"nUll\""},
        {"true", NULL, "true"},
        {"Yes", NULL, "true"},
        {"on", NULL, "true"},
        {"y", NULL, "true"},
        {"No", NULL, "false"},
        {"OFF", NULL, "false"},
        {"oN", NULL, "\"oN\""},
        {"yesterday", NULL, "\"yesterday\""},
        {"80", NULL, "80"},
        {"-7", NULL, "-7"},
        {"+7", NULL, "7"},
        {"0", NULL, "0"},
        {"-0", NULL, "0"},
        {"0x1F", NULL, "31"},
        {"0o17", NULL, "15"},
        {"017", NULL, "15"},
        {"0b101", NULL, "5"},
        {"-0x10", NULL, "-16"},
        {"08", NULL, "8"}, /* no octal number, so a float */
        {"1_000", NULL, "1000"},
        {"_1", NULL, "\"_1\""},
        {"0x", NULL, "\"0x\""},
        {"0xg", NULL, "\"0xg\""},
        {"1.5", NULL, "1.5"},
        {"1.", NULL, "1"},
        {".5", NULL, "0.5"},
        {".", NULL, "\".\""},
        {"-", NULL, "\"-\""},
        {"+.", NULL, "\"+.\""},
        {"1e3", NULL, "1000"},
        {"1e", NULL, "\"1e\""},
        {"1e+", NULL, "\"1e+\""},
        {"1e999", NULL, "\"1e999\""},
        {"12e03x", NULL, "\"12e03x\""},
        {"1.9.1", NULL, "\"1.9.1\""},
        {"10.0.0.10", NULL, "\"10.0.0.10\""},
        {"12:30", NULL, "\"12:30\""},
        {".inf", NULL, "\".inf\""},
        {"infinity", NULL, "\"infinity\""},
        {"2026-01-01", NULL, "\"2026-01-01\""},
        {"18446744073709551616", NULL, "1.8446744073709552e+19"},
        {"80", TAG("str"), "\"80\""},
        {"80", TAG("int"), "80"},
        {"80", TAG("float"), "80"},
        {"yes", TAG("bool"), "true"},
        {"", TAG("null"), "null"},
        {"2026-01-01", TAG("timestamp"), "\"2026-01-01\""},
        {"80", "!mine", "\"80\""},
        {"x", TAG("int"), "error: \"x\" is not a !!int"},
        {"1.5", TAG("int"), "error: \"1.5\" is not a !!int"},
        {"1", TAG("bool"), "error: \"1\" is not a !!bool"},
};

static char out[1024];

/* The JSON of a scalar, or what is wrong with it. Good until the next call. */
static const char *json_of(const char *text, size_t len, bool is_plain, const char *tag)
{
	struct diag d = {0};
	cJSON *node = NULL;
	if (yaml_scalar(text, len, is_plain, tag, &node, &d)) {
		assert_null(node);
		snprintf(out, sizeof out, "error: %s", d.text);
		return out;
	}
	assert_true(cJSON_PrintPreallocated(node, out, sizeof out, false));
	cJSON_Delete(node);
	return out;
}

static void test_scalars(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		const char *got = json_of(plain[i].text, strlen(plain[i].text), true, plain[i].tag);
		if (strcmp(got, plain[i].want) != 0)
			fail_msg("%s %s: got %s, want %s", plain[i].text, plain[i].tag ? plain[i].tag : "", got, plain[i].want);
	}
}

static void test_quoted_is_a_string(void **state)
{
	(void)state;
	assert_string_equal(json_of("80", 2, false, NULL), "\"80\"");
	assert_string_equal(json_of("", 0, false, NULL), "\"\"");
	assert_string_equal(json_of("80", 2, false, TAG("int")), "80");
}

static void test_nul_is_refused(void **state)
{
	(void)state;
	assert_string_equal(json_of("a\0b", 3, false, NULL), "\"a\xef\xbf\xbd"
	                                                     "b\"");
}

/* Too long for a number: nothing is written past the buffer that digits are gathered in. */
static void test_very_long_digits(void **state)
{
	char digits[1000];
	(void)state;
	memset(digits, '1', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	assert_int_equal(json_of(digits, sizeof digits - 1, true, NULL)[0], '"');
	digits[400] = '\0';
	assert_int_equal(json_of(digits, 400, true, NULL)[0], '"'); /* infinite: no JSON number */
	digits[300] = '\0';
	assert_int_equal(json_of(digits, 300, true, NULL)[0], '1');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_scalars),
	        cmocka_unit_test(test_quoted_is_a_string),
	        cmocka_unit_test(test_nul_is_refused),
	        cmocka_unit_test(test_very_long_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
