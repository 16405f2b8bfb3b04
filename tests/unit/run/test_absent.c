#include "absent.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define HEADER(answers) "\0\0\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION        "\3web\0\0\1\0\1"
#define A(last)         "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\7\0" last
#define CNAME           "\xc0\x0c\0\5\0\1\0\0\0\5\0\3\1y\0"
#define AAAA            "\1y\0\0\x1c\0\1\0\0\0\5\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09"
#define REPLY(text)     (text), sizeof(text) - 1

static const struct {
	const char *what, *reply;
	size_t len;
	const char *want; /* "": none */
} cases[] = {
        {"one that is there", REPLY(HEADER("\1") QUESTION A("\1")), ""},
        {"one that is not", REPLY(HEADER("\1") QUESTION A("\2")), "10.7.0.2"},
        {"the second", REPLY(HEADER("\2") QUESTION A("\1") A("\3")), "10.7.0.3"},
        {"behind a CNAME, with a name in full", REPLY(HEADER("\2") QUESTION CNAME AAAA), "fd00::9"},
        {"no answers", REPLY(HEADER("\0") QUESTION), ""},
        {"fewer than it says", REPLY(HEADER("\2") QUESTION A("\1")), ""},
        {"no question", REPLY(HEADER("\1")), ""},
        {"a header alone, cut", REPLY("\0\0\x81"), ""},
        {"nothing", REPLY(""), ""},
};

/* Also cut at each octet, from a block as long as that, so that a sanitizer sees what is read beyond. */
static void test_replies(void **state)
{
	struct addr there;
	(void)state;
	addr_parse("10.7.0.1", 8, &there);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct absent a = {.there = &there, .there_count = 1};
		char text[ADDR_TEXT_MAX] = "";
		for (size_t len = 0; len <= cases[i].len; len++) {
			uint8_t *exact = malloc(len + !len);
			struct addr found;
			memcpy(exact, cases[i].reply, len);
			found = absent_find(&a, exact, len);
			free(exact);
			if (len == cases[i].len && found.family)
				addr_format(&found, text);
		}
		assert_string_equal(text, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replies)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
