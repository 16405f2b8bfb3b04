#include "config/expression.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

/* An AAAA query for Web.Example.org, over UDP, with DO, from 10.1.2.3. */
static const struct {
	const char *text;
	bool holds;
} rows[] = {
        /* what the query says */
        {"type() == 'AAAA'", true},
        {"type() == 'A'", false},
        {"name() == 'web.example.org.'", true},
        {"class() == \"IN\"", true},
        {"proto() == `udp`", true},
        {"size() == 44", true},
        {"bufsize() >= 1232", true},
        {"client_ip() == '10.1.2.3'", true},
        {"port() == '4242'", true},
        {"server_ip() == 'fd00::1'", true},
        {"server_port() == '53'", true},
        {"id() == 4711", true},
        {"opcode() == 0", true},
        {"do()", true},
        {"metadata('kubernetes/client-namespace') == ''", true},
        /* CoreDNS's page */
        {"incidr(client_ip(), '127.0.0.0/24')", false},
        {"incidr(client_ip(), '10.0.0.0/8')", true},
        {"incidr(client_ip(), '2001:0DB8::/32')", false},
        {"type() in ['A', 'AAAA']", true},
        {"name() matches '^web\\\\..*\\\\.org\\\\.$'", true},
        {"(type() == 'A' && name() == 'example.com.') || client_ip() == '10.1.2.3'", true},
        /* operators, and what binds closer */
        {"true", true},
        {"false", false},
        {"!false", true},
        {"not false", true},
        {"not do() or do()", true},
        {"!(do() or do())", false},
        {"true or false and false", true},
        {"(true or false) and false", false},
        {"true || false && false", true},
        {"false == false and true", true},
        {"not true == false", true},
        {"1 + 2 * 3 == 7", true},
        {"(1 + 2) * 3 == 9", true},
        {"7 - 2 - 1 == 4", true},
        {"7 % 4 == 3", true},
        {"-1 < 0", true},
        {"- 2 + 3 == 1", true},
        {"1_000 == 1000", true},
        {"'a' + 'b' == 'ab'", true},
        {"'a' < 'b'", true},
        {"'a' < 'ab'", true},
        {"'b' <= 'a'", false},
        {"'b' >= 'b'", true},
        {"2 != 3", true},
        {"'' != 'a'", true},
        {"'a' in []", false},
        {"'a' not in ['b', 1, true]", true},
        {"1 in ['1']", false},
        {"1 in [2, 1]", true},
        {"id() in 4700..4800", true},
        {"id() in 1..2", false},
        {"id() not in 1..2", true},
        {"1 in 1..1 + 1", true},
        {"'abc' contains 'b'", true},
        {"'abc' not contains 'b'", false},
        {"'abc' contains ''", true},
        {"'abc' startsWith 'ab'", true},
        {"'abc' endsWith 'bc'", true},
        {"'abc' endsWith 'abcd'", false},
        {"name() not matches '^a'", true},
        {"'a\\tb' == \"a\\tb\"", true},
        {"'it\\'s' contains \"'\"", true},
        {"`\\` == '\\\\'", true},
        {"do() ? type() == 'AAAA' : false", true},
        {"false ? true : false ? false : true", true},
        {"len('abc') == 3 && len([1, 2]) == 2 && len([]) == 0", true},
        {"lower('ABC') == 'abc' and upper('abc') == 'ABC'", true},
        {"trim('  a \\n') == 'a' && trim(' ') == ''", true},
        {"hasPrefix(name(), 'web.') && hasSuffix(name(), '.org.')", true},
        {"incidr('::ffff:10.1.2.3', '10.0.0.0/8')", true},
        /* what can't be told is false, whatever stands around it */
        {"incidr('nowhere', '10.0.0.0/8')", false},
        {"!incidr('nowhere', '10.0.0.0/8')", false},
        {"!incidr(client_ip(), 'a' + 'b')", false},
        {"1 % 0 == 0", false},
        {"not (1 % 0 == 0)", false},
        {"1 % -1 == 0", true},
        {"true or incidr('nowhere', '10.0.0.0/8')", true},
        {"2000000000 * 2000000000 * 2000000000 == 0", false},
        {"('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.' matches '(a*)*b$') == false", false},
};

static const struct expression_facts *facts(void)
{
	static struct name qname;
	static struct expression_facts f = {.qname = &qname,
	                                    .qtype = 28,
	                                    .qclass = 1,
	                                    .id = 4711,
	                                    .dnssec_ok = true,
	                                    .size = 44,
	                                    .bufsize = 1232,
	                                    .client_port = 4242,
	                                    .server_port = 53};
	assert_int_equal(name_from_text(&qname, "web.example.org", 15), OK);
	assert_int_equal(addr_parse("10.1.2.3", 8, &f.client), OK);
	assert_int_equal(addr_parse("fd00::1", 7, &f.server), OK);
	return &f;
}

static void test_what_holds(void **state)
{
	struct regexp_match *match = regexp_match_new(0);
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expression *e;
		struct diag d;
		if (expression_new(rows[i].text, &e, &d))
			fail_msg("%s: %s", rows[i].text, d.text);
		if (expression_holds(e, facts(), match) != rows[i].holds)
			fail_msg("%s", rows[i].text);
		expression_free(e);
	}
	regexp_match_free(match);
	expression_free(NULL);
}

static const struct {
	const char *text, *said;
} wrong[] = {
        {"", "column 1: something is missing at the end"},
        {"type() ==", "column 10: something is missing at the end"},
        {"type() == )", "column 11: a value is wanted here"},
        {"type", "column 5: ( is wanted here"},
        {"nosuch() == 1", "column 1: there is no \"nosuch\"; there are: bufsize(), class(), "},
        {"type() == 1", "column 8: two values of one type are wanted here"},
        {"type()", "column 1: the whole has to be true or false"},
        {"do() do()", "column 6: an operator is wanted here"},
        {"do() == 'x' +", "something is missing"},
        {"'a", "column 1: the text has no end"},
        {"'\\d' == ''", "column 2: there is no such escape; a backslash is written \\\\"},
        {"name() matches '('", "column 8: "},
        {"name() matches name()", "column 8: the pattern has to be a text that stands there"},
        {"1.5 > 1", "column 1: numbers are whole and decimal here"},
        {"0x10 > 1", "column 1: numbers are whole and decimal here"},
        {"99999999999 > 1", "column 1: the number is too large"},
        {"type(1) == 'A'", "column 1: a text is wanted here"},
        {"type('x') == 'A'", "column 1: the number of arguments is wrong"},
        {"incidr(client_ip(), '10.0.0.1')", "column 1: incidr() wants a range such as 10.0.0.0/8"},
        {"incidr(client_ip())", "column 1: the number of arguments is wrong"},
        {"1 in 'a'", "column 3: a list is wanted here"},
        {"'a' in 1..2", "column 5: a list is wanted here"},
        {"1 in [[1]]", "column 6: a list in a list has no use here"},
        {"!1 == 2", "column 1: true or false is wanted here"},
        {"-'a' == ''", "column 1: a number is wanted here"},
        {"1 and true", "column 3: true or false is wanted here"},
        {"1 + 'a' == 1", "column 3: two numbers or two texts are wanted here"},
        {"[1] < [2]", "column 5: two numbers or two texts are wanted here"},
        {"1 contains 'a'", "column 3: a text is wanted here"},
        {"1 ? true : false", "column 3: true or false is wanted here"},
        {"true ? 1 : 'a'", "column 6: both values of a choice are to have one type"},
        {"[1, 2", "column 6: ] is wanted here"},
        {"(true", "column 6: ) is wanted here"},
};

static void test_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct expression *e;
		struct diag d = {.text = ""};
		assert_int_not_equal(expression_new(wrong[i].text, &e, &d), OK);
		if (!strstr(d.text, wrong[i].said))
			fail_msg("%s: %s", wrong[i].text, d.text);
	}
}

/* Bounded, whatever it is made of. */
static void test_very_long_ones(void **state)
{
	static const struct {
		const char *unit, *end;
		unsigned count;
		enum err want;
	} cases[] = {{"true or ", "true", 400, OK},          {"true or ", "true", 600, ERR_RANGE},
	             {"(", "true", 200, ERR_RANGE},          {"!", "true", 200, ERR_RANGE},
	             {"true?true:", "true", 200, ERR_RANGE}, {"[", "true", 200, ERR_RANGE},
	             {"true and (", "true", 99, ERR_RANGE},  {"1+", "1 == 1", 450, OK}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[8192] = "";
		struct expression *e;
		struct diag d;
		enum err err;
		for (unsigned k = 0; k < cases[i].count; k++)
			strcat(text, cases[i].unit);
		strcat(text, cases[i].end);
		err = expression_new(text, &e, &d);
		if (err != cases[i].want)
			fail_msg("%s: %d %s", cases[i].unit, err, err ? d.text : "");
		if (!err)
			assert_true(expression_holds(e, facts(), NULL) == (i == 0));
		if (!err)
			expression_free(e);
	}
}

static void test_without_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct expression *e;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = expression_new("type() in ['A', 'B'] and !(name() matches '^a') or do()", &e, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		if (!err)
			expression_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_holds),
	        cmocka_unit_test(test_what_is_wrong),
	        cmocka_unit_test(test_very_long_ones),
	        cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
