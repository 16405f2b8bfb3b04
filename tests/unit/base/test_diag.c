#include "base/diag.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* One line of UTF-8, whatever goes in. */
static void test_text(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
	        {"a b", "a b"},
	        {"a\nb\x1b[31m\x7f", "a\\x0ab\\x1b[31m\\x7f"},
	        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
	        {"\x9b"
	         "31m",
	         "\\x9b31m"}, /* CSI in one octet */
	        {"\xc2\x9b"
	         "31m",
	         "\\xc2\\x9b31m"}, /* and as a character */
	        {"\xc3", "\\xc3"},
	        {"\xe2\x82", "\\xe2\\x82"},
	        {"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "\\xc0\\xaf \\xe0\\x80\\xaf \\xf0\\x80\\x80\\xaf"},
	        {"\xed\xa0\x80 \xf4\x90\x80\x80 \xff", "\\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xff"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct diag d;
		diag_set(&d, ERR_SYNTAX, "%s", cases[i].in);
		assert_string_equal(d.text, cases[i].want);
	}
}

/* A text that is too long ends with a whole character. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t before = DIAG_TEXT_MAX - 6; before < DIAG_TEXT_MAX + 3; before++) {
		char in[DIAG_TEXT_MAX + 16];
		struct diag d;
		memset(in, 'a', before);
		memcpy(in + before, "\xe2\x82\xac", 4);
		diag_set(&d, ERR_SYNTAX, "%s", in);
		size_t len = strlen(d.text);
		assert_int_equal(len, before + 3 < DIAG_TEXT_MAX ? before + 3 : before < DIAG_TEXT_MAX ? before : DIAG_TEXT_MAX - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_cut)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
