#include "base/regexp.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is found is written as Go's FindStringSubmatch has it: whole|group|..., a group that took no part is "-". "none": no match. */
static const char *find(const char *pattern, const char *text, char *out, size_t cap)
{
	struct regexp_match *m = regexp_match_new(REGEXP_GROUPS_MAX);
	struct regexp *re = NULL;
	struct diag d;
	size_t used = 0;
	if (regexp_new(pattern, &re, &d)) {
		print_error("%s: %s\n", pattern, d.text);
		fail();
	}
	assert_non_null(m);
	snprintf(out, cap, "none");
	if (regexp_find(re, text, strlen(text), m) == REGEXP_FOUND) {
		for (unsigned i = 0; i <= regexp_groups(re); i++) {
			const char *part;
			size_t len;
			bool took = regexp_part(m, i, &part, &len);
			used += (size_t)snprintf(out + used, cap - used, "%s%.*s", i ? "|" : "", took ? (int)len : 1, took ? part : "-");
		}
	}
	regexp_match_free(m);
	regexp_free(re);
	return out;
}

/* The wanted values are those of Go's regexp. */
static const struct {
	const char *pattern, *text, *want;
} matches[] = {
        {"", "abc", ""}, /* the empty match */
        {"b", "abc", "b"},
        {"x", "abc", "none"},
        {"(?P<ip>\\d{1,3}(?:\\.\\d{1,3}){3})", "a 10.0.0.1 b", "10.0.0.1|10.0.0.1"},
        {"(?<first>a)(?P<second>x)?", "ab", "a|a|-"},
        {"a|ab", "ab", "a"},
        {"(a+)(b+)?", "aaac", "aaa|aaa|-"},
        {"(?:a(x)?)+", "axa", "axa|x"},
        {"(?U)a+", "aaa", "a"},
        {"(?U)a+?", "aaa", "aaa"},
        {"a+?", "aaa", "a"},
        {"a{2}", "aaa", "aa"},
        {"a{2,}", "aaaa", "aaaa"},
        {"a{2,3}?", "aaaa", "aa"},
        {"a{,2}", "aa{,2}", "a{,2}"},
        {"a{02}", "aa{02}", "a{02}"},
        {"{", "a{b", "{"},
        {"a{x}", "a{x}", "a{x}"},
        {"x{0}y", "xy", "y"},
        {"^a$", "a", "a"},
        {"^a$", "a\n", "none"},
        {"a$", "a\nb", "none"},
        {"(?m)a$", "a\nb", "a"},
        {"(?m)^b", "a\nb", "b"},
        {"(?m)^(x|$)", "a\n", "|"},
        {"(?-m)^b", "a\nb", "none"},
        {"\\Aa\\z", "a\n", "none"},
        {"a.b", "a\nb", "none"},
        {"(?s)a.b", "a\nb", "a\nb"},
        {"((?s)a.)b|a.", "a\nb a+", "a\nb|a\n"},
        {"((?s).)x|a.c", "a\nc abc", "abc|-"},
        {"a[^x]b", "a\nb", "a\nb"},
        {"a\\Db", "a\nb", "a\nb"},
        {"\\bweb\\b", "my web-0", "web"},
        {"\\Beb", "web", "eb"},
        {"^*a", "a", "a"},
        {"(?:\\b)*web", "web", "web"},
        {"\\s", "a\vb", "none"},
        {"[[:space:]]", "a\vb", "\v"},
        {"[\\s]", "\v", "none"},
        {"\\S", " \v", "\v"},
        {"[\\S]", " \v", "\v"},
        {"\\w+", "-Az09_-", "Az09_"},
        {"[^\\W]+", "-Az09_-", "Az09_"},
        {"\\d+", "\xD9\xA3 7", "7"}, /* ASCII alone */
        {"\\pN+",
         "a\xD9\xA3"
         "7",
         "\xD9\xA3"
         "7"},
        {"\\p{Greek}+", "ab\xCE\xB1\xCE\xB2g", "\xCE\xB1\xCE\xB2"},
        {"\\P{^Lu}", "aB", "B"},
        {"\\PL", "ab1", "1"},
        {"[\\p{Lu}\\d]+", "aB1c", "B1"},
        {"\\Qa.b*\\E+", "a.b**", "a.b**"},
        {"\\Qa.b", "xa.b", "a.b"},
        {"[[:alpha:]]+", "1abC1", "abC"},
        {"[[:^alpha:]]+", "ab12", "12"},
        {"[^[:^alpha:]]+", "1ab", "ab"},
        {"[[:word:][:punct:]]+", " a_!", "a_!"},
        {"[]a]+", "a]", "a]"},
        {"[^]a]", "a]b", "b"},
        {"[a-]+", "-a", "-a"},
        {"[-a]+", "-a", "-a"},
        {"[a-c-e]+", "b-ed", "b-e"},
        {"[\\d-z]+", "5-zy", "5-z"},
        {"[[:a]+", ":[a", ":[a"},
        {"[\\x41-\\x{43}\\n]+", "xAC\n", "AC\n"},
        {"[\\[\\]^]+", "[^]", "[^]"},
        {"[\xCE\xB1-\xCE\xB3]+", "a\xCE\xB2", "\xCE\xB2"},
        {"\xCE\xB1+", "\xCE\xB1\xCE\xB1", "\xCE\xB1\xCE\xB1"},
        {"\\x41\\x{42}\\103\\0", "ABC", "none"},
        {"\\x41\\x{42}\\103", "ABC", "ABC"},
        {"\\a\\f\\t\\n\\r\\v", "\a\f\t\n\r\v", "\a\f\t\n\r\v"},
        {"\\_\\-\\.\\/\\#\\ ", "_-./# ", "_-./# "},
        {"# a", "# a", "# a"},
        {"(?i)WEB", "web", "web"},
        {"(?i:w)eb", "Web", "Web"},
        {"(?i:w)EB", "web", "none"},
        {"(?i)a(?-i)b", "Ab aB", "Ab"},
        {"(a(?i)b|c)D", "CD", "CD|C"}, /* it holds in the alternatives behind it, to the end of the group */
        {"(?i)[a-c]+", "ABd", "AB"},
        {"(?i)[^a]", "Ab", "b"},
        {"(?i)k", "\xE2\x84\xAA", "\xE2\x84\xAA"}, /* KELVIN SIGN */
        {"(?i)\\w", "\xE2\x84\xAA", "\xE2\x84\xAA"},
        {"(?i)[\\W]", "k", "none"},
        {"(?i)[[:^lower:]]", "K", "none"},
        {"(?i)[[:upper:]]", "k", "k"},
        {"(?i)[[:^digit:]]", "k", "k"},
        {"[\\D]", "1\xC3\xA9", "\xC3\xA9"},
        {"(?sm-i)^a.$", "a\n", "a\n"},
        {"()", "", "|"},
        {"(|a)b", "ab", "ab|a"},
        {"^(.*)\\.(?P<ns>[^.]+)\\.svc\\.$", "a.b.default.svc.", "a.b.default.svc.|a.b|default"},
};

static void test_finds_what_go_finds(void **state)
{
	char found[256];
	(void)state;
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
		find(matches[i].pattern, matches[i].text, found, sizeof found);
		if (strcmp(found, matches[i].want) != 0)
			print_error("%s in %s\n", matches[i].pattern, matches[i].text);
		assert_string_equal(found, matches[i].want);
	}
}

static const struct {
	const char *pattern, *why;
} refused[] = {
        {"a(?=b)", "no such group"},
        {"(?!b)", "no such group"},
        {"(?>b)", "no such group"},
        {"(?#b)", "no such group"},
        {"(?|a)", "no such group"},
        {"(?i-)", "no such group"},
        {"(?i-m-s)", "no such group"},
        {"(?ix)", "no such group"},
        {"(?", "no such group"},
        {"(?<=b)", "a name of letters"},
        {"(?P<>a)", "a name of letters"},
        {"(?P<a", "a name of letters"},
        {"(?P<a>x)(?<a>y)", "two groups of one name"},
        {"(a)\\1", "references back"},
        {"\\8", "references back"},
        {"\\Z", "no such escape"},
        {"\\C", "no such escape"},
        {"\\h", "no such escape"},
        {"\\R", "no such escape"},
        {"\\G", "no such escape"},
        {"\\E", "no such escape"},
        {"\\x4", "no such escape"},
        {"\\x{}", "no such escape"},
        {"\\x{110000}", "no such escape"},
        {"\\x{41", "no such escape"},
        {"\\", "no such escape"},
        {"\\\xC3\xA9", "no such escape"},
        {"[\\b]", "escape in brackets"},
        {"[a-\\d]", "escape in brackets"},
        {"[a", "no ]"},
        {"[]", "no ]"},
        {"[^", "no ]"},
        {"[a-", "no ]"},
        {"[z-a]", "order"},
        {"[[:alfa:]]", "no such class"},
        {"[[:s:]]", "no such class"},
        {"\\p{Lq}", "category or a script"},
        {"\\p{Klingon}", "unknown"},
        {"\\p", "category or a script"},
        {"\\p{L", "no }"},
        {"(?i)\\p{Lu}", "(?i) holds"},
        {"(?i)[\\p{Greek}]", "(?i) holds"},
        {"a**", "one repetition behind another"},
        {"a++", "one repetition behind another"},
        {"a??+", "one repetition behind another"},
        {"a{2}{3}", "one repetition behind another"},
        {"*a", "nothing that it repeats"},
        {"(*UTF)a", "nothing that it repeats"},
        {"a|*", "nothing that it repeats"},
        {"(+)", "nothing that it repeats"},
        {"a{1001}", "1000 at most"},
        {"a{3,2}", "1000 at most"},
        {"a{1,99999999999999}", "1000 at most"},
        {"(a", "a ( without a )"},
        {"a)", "a ) without a ("},
        {"\xFF", "UTF-8"},
        {"((((((a{1000}){1000}){1000}){1000}){1000}){1000})", "too large"},
};

static void test_says_what_it_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct regexp *re = NULL;
		struct diag d = {0};
		enum err err = regexp_new(refused[i].pattern, &re, &d);
		if (!err || !strstr(d.text, refused[i].why))
			print_error("%s: %s, not: %s\n", refused[i].pattern, d.text, refused[i].why);
		assert_int_not_equal(err, OK);
		assert_non_null(strstr(d.text, refused[i].why));
		assert_null(re);
	}
}

/* A pattern of n times one text. */
static enum err compile_many(const char *text, unsigned n, struct diag *d)
{
	size_t len = strlen(text);
	char *pattern = calloc(n + 1, len);
	struct regexp *re = NULL;
	enum err err;
	assert_non_null(pattern);
	for (unsigned i = 0; i < n; i++)
		memcpy(pattern + i * len, text, len);
	err = regexp_new(pattern, &re, d);
	free(pattern);
	regexp_free(re);
	return err;
}

static void test_bounds_of_patterns(void **state)
{
	struct diag d;
	(void)state;
	assert_int_equal(compile_many("a", REGEXP_PATTERN_MAX, &d), OK);
	assert_int_equal(compile_many("a", REGEXP_PATTERN_MAX + 1, &d), ERR_RANGE);
	assert_int_equal(compile_many("(a)", REGEXP_GROUPS_MAX, &d), OK);
	assert_int_equal(compile_many("(a)", REGEXP_GROUPS_MAX + 1, &d), ERR_RANGE);
	assert_int_equal(compile_many("(?:", 201, &d), ERR_RANGE);
}

static void test_names_of_groups(void **state)
{
	struct regexp *re = NULL;
	struct diag d;
	(void)state;
	assert_int_equal(regexp_new("(a)(?P<host>b)(?:c)(?<0_name_of_more_than_32_octets_as_go_allows>d)", &re, &d), OK);
	assert_int_equal(regexp_groups(re), 3);
	assert_null(regexp_group_name(re, 1));
	assert_string_equal(regexp_group_name(re, 2), "host");
	assert_null(regexp_group_name(re, 4));
	assert_int_equal(regexp_group_number(re, "host"), 2);
	assert_int_equal(regexp_group_number(re, "0_name_of_more_than_32_octets_as_go_allows"), 3);
	assert_int_equal(regexp_group_number(re, "c"), 0);
	regexp_free(re);
}

static void test_gives_up_where_there_is_no_end(void **state)
{
	struct regexp_match *m = regexp_match_new(1);
	struct regexp *re = NULL;
	struct diag d;
	const char *part;
	size_t len;
	char text[200];
	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(regexp_new("(a*)*b$", &re, &d), OK);
	text[sizeof text - 2] = 'b';
	assert_int_equal(regexp_find(re, text, sizeof text, m), REGEXP_GAVE_UP);
	assert_false(regexp_part(m, 0, &part, &len));
	assert_int_equal(len, 0);
	/* the same memory serves for the next */
	assert_int_equal(regexp_find(re, "aab", 3, m), REGEXP_FOUND);
	assert_true(regexp_part(m, 0, &part, &len));
	assert_int_equal(len, 3);
	regexp_free(re);
	regexp_match_free(m);
}

static void test_room_for_fewer_groups(void **state)
{
	struct regexp_match *m = regexp_match_new(1);
	struct regexp *re = NULL;
	struct diag d;
	const char *part;
	size_t len;
	(void)state;
	assert_int_equal(regexp_new("(a)(b)", &re, &d), OK);
	assert_int_equal(regexp_find(re, "xab", 3, m), REGEXP_FOUND);
	assert_true(regexp_part(m, 0, &part, &len));
	assert_int_equal(len, 2);
	assert_true(regexp_part(m, 1, &part, &len));
	assert_memory_equal(part, "a", 1);
	assert_false(regexp_part(m, 2, &part, &len));
	regexp_free(re);
	regexp_match_free(m);
}

/* They match nothing, and what stands behind them is found. */
static void test_octets_that_are_no_utf8(void **state)
{
	char found[64];
	(void)state;
	assert_string_equal(find("b.",
	                         "\xFF"
	                         "bc",
	                         found, sizeof found),
	                    "bc");
	assert_string_equal(find("b.", "b\xFF", found, sizeof found), "none");
}

static void test_text_without_memory(void **state)
{
	struct regexp_match *m = regexp_match_new(0);
	struct regexp *re = NULL;
	struct diag d;
	(void)state;
	assert_int_equal(regexp_new("^$", &re, &d), OK);
	assert_int_equal(regexp_find(re, NULL, 0, m), REGEXP_FOUND);
	regexp_free(re);
	regexp_match_free(m);
}

static void test_allocations_fail_in_turn(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct regexp *re = NULL;
		struct regexp_match *m = NULL;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = regexp_new("(?P<host>[a-z]+)\\.(?:x|y){2,50}(?P<rest>.*)", &re, &d);
		if (!err)
			m = regexp_match_new(2);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(err == OK || err == ERR_NOMEM);
		assert_true(hit == (err || !m));
		regexp_match_free(m);
		regexp_free(re);
	}
}

/* Matching itself takes memory where many places are to be kept. */
static void test_matching_without_memory(void **state)
{
	struct regexp *re = NULL;
	struct diag d;
	char text[900];
	bool hit = true;
	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(regexp_new("(?:(a)|b)*$", &re, &d), OK);
	for (unsigned n = 1; hit; n++) {
		struct regexp_match *m = regexp_match_new(1);
		enum regexp_outcome outcome;
		assert_non_null(m);
		fail_alloc_at(n);
		outcome = regexp_find(re, text, sizeof text, m);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(outcome, hit ? REGEXP_GAVE_UP : REGEXP_FOUND);
		regexp_match_free(m);
	}
	regexp_free(re);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_finds_what_go_finds),
	        cmocka_unit_test(test_says_what_it_refuses),
	        cmocka_unit_test(test_bounds_of_patterns),
	        cmocka_unit_test(test_names_of_groups),
	        cmocka_unit_test(test_gives_up_where_there_is_no_end),
	        cmocka_unit_test(test_room_for_fewer_groups),
	        cmocka_unit_test(test_octets_that_are_no_utf8),
	        cmocka_unit_test(test_text_without_memory),
	        cmocka_unit_test(test_allocations_fail_in_turn),
	        cmocka_unit_test(test_matching_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
