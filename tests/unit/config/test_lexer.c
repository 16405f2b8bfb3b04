/* How a Corefile is cut into words; what CoreDNS 1.15 does with the same texts was looked at for each. */
#include "fail_alloc.h"
#include "lexer.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* "1:word 2:word"; a word that is no plain one in <>. */
static void describe(const struct tokens *tokens, char *text, size_t cap)
{
	size_t len = 0;
	*text = 0;
	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *t = &tokens->all[i];
		bool plain = *t->text && !strpbrk(t->text, " \t\n");
		len += (size_t)snprintf(text + len, cap - len, "%s%u:%s%s%s", i ? " " : "", t->line, plain ? "" : "<", t->text,
		                        plain ? "" : ">");
	}
}

static const struct {
	const char *what, *text, *want;
} cases[] = {
        {"nothing", "", ""},
        {"blanks alone", " \t\r\n\n", ""},
        {"words and lines", "a b\n  c\n\nd", "1:a 1:b 2:c 4:d"},
        {"a byte order mark",
         "\xef\xbb\xbf"
         "a",
         "1:a"},
        {"a byte order mark elsewhere",
         "a \xef\xbb\xbf"
         "b",
         "1:a 1:\xef\xbb\xbf"
         "b"},
        {"carriage returns", "a\r\nb\r\n", "1:a 2:b"},
        {"one inside of a word is nothing", "a\rb", "1:ab"},
        {"white space of Unicode",
         "a\xc2\xa0"
         "b\xe2\x80\xa8"
         "c\xe3\x80\x80"
         "d\xc2\x85"
         "e",
         "1:a 1:b 1:c 1:d 1:e"},
        {"other characters", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "1:\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"no UTF-8", "\xff\xc2 \xe2\x80", "1:\xff\xc2 1:\xe2\x80"},
        {"a comment", "a # b c\nd", "1:a 2:d"},
        {"a comment at the start", "# a\nb", "2:b"},
        {"a comment at the end", "a\n#b", "1:a"},
        {"a comment inside of a word ends with the next blank", "a#b c\nd", "1:a 1:c 2:d"},
        {"and with the line", "a#b\nc", "1:a 2:c"},
        {"quotes", "\"a b\" c", "1:<a b> 1:c"},
        {"a comment sign in quotes", "\"a # b\"", "1:<a # b>"},
        {"nothing in quotes", "a \"\" b", "1:a 1:<> 1:b"},
        {"line breaks in quotes", "\"a\nb\" c\nd", "1:<a\nb> 2:c 3:d"},
        {"an escaped quote", "\"a\\\"b\"", "1:a\"b"},
        {"other escapes stay", "\"a\\nb\\\\\"", "1:a\\nb\\\\"},
        {"none outside of quotes", "a\\ b", "1:a\\ 1:b"},
        {"a quote inside of a word is a letter", "a\"b c\"", "1:a\"b 1:c\""},
        {"what follows a quote is another word", "\"a\"b", "1:a 1:b"},
        {"quotes that don't end", "a \"b c\n", "1:a 1:<b c\n>"},
        {"an opening quote at the end", "a \"", "1:a"},
        {"braces are words", "a{ } {b", "1:a{ 1:} 1:{b"},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text_pool pool = {0};
		struct tokens tokens = {0};
		struct diag d;
		char text[256];
		assert_int_equal(lexer_cut(cases[i].text, strlen(cases[i].text), "f", &pool, &tokens, &d), OK);
		describe(&tokens, text, sizeof text);
		if (strcmp(text, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].what, text);
		tokens_free(&tokens);
		text_pool_free(&pool);
	}
}

static void test_a_nul_octet(void **state)
{
	struct text_pool pool = {0};
	struct tokens tokens = {0};
	struct diag d;
	(void)state;
	assert_int_equal(lexer_cut("a\nb\0c", 5, "f", &pool, &tokens, &d), ERR_SYNTAX);
	assert_int_equal(d.line, 2);
	tokens_free(&tokens);
	text_pool_free(&pool);
}

static void test_lines(void **state)
{
	const char *file = "f", *other = "g";
	const struct token a = {"a", file, 1}, b = {"b", file, 1}, below = {"c", file, 2}, long_one = {"x\ny", file, 1},
	                   same_number = {"d", other, 1};
	(void)state;
	assert_true(token_same_line(&a, &b));
	assert_false(token_same_line(&a, &below));
	assert_false(token_same_line(&a, &same_number));
	assert_true(token_same_line(&long_one, &below));
	assert_false(token_same_line(&long_one, &b));
}

static void test_no_memory(void **state)
{
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct text_pool pool = {0};
		struct tokens tokens = {0};
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = lexer_cut("a \"b\" c", 7, "f", &pool, &tokens, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		tokens_free(&tokens);
		text_pool_free(&pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_a_nul_octet),
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
