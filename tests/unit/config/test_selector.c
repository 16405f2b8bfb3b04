/* Label selectors; CoreDNS 1.15 was given each of these. */
#include "config/selector.h"
#include "unit.h"
#include <string.h>

#define SIXTY "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789x"

static const char *const good[] = {
        "",
        " ",
        "a",
        "!a",
        "! a",
        "a=b",
        "a==b",
        "a = b",
        "a=",
        "a=,b",
        "a in (b)",
        "a in (b, c),d",
        "a in ()",
        "a in (b,)",
        "a in (,)",
        "a notin (x)",
        "in in (in)",
        "a in (in,notin)",
        "environment in (staging, qa),application=nginx",
        "istio-injection=enabled",
        "kubernetes.io/metadata.name=default",
        "a_b.c-d=E_f.G-h",
        SIXTY "123=" SIXTY "123",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct diag d;
		if (selector_check(good[i], &d))
			fail_msg("%s: %s", good[i], d.text);
	}
}

static const struct {
	const char *text, *want; /* how the message begins */
} bad[] = {
        {",", "at \",\" in the selector, the key of a label is wanted"},
        {"a,", "at the end of the selector, a label is wanted"},
        {"a,,b", "at \",\" in the selector, the key of a label"},
        {"a b", "at \"b\" in the selector, =, ==, in, notin or \",\" is wanted"},
        {"=b", "at \"=\" in the selector, the key of a label"},
        {"a=b=c", "at \"=\" in the selector, \",\" is wanted"},
        {"a=b c", "at \"c\" in the selector, \",\" is wanted"},
        {"a===b", "at \"===\" in the selector"},
        {"a!=b", "!= is no operator here: write key notin (value)"},
        {"a>1", "at \">\" in the selector"},
        {"a<1", "at \"<\" in the selector"},
        {"!a=b", "at \"=\" in the selector, \",\" is wanted"},
        {"a=(b)", "at \"(\" in the selector, a value is wanted"},
        {"a in b", "at \"b\" in the selector, \"(\" is wanted"},
        {"a in (b", "at the end of the selector, \",\" or \")\" is wanted"},
        {"a in (b c)", "at \"c\" in the selector, \",\" or \")\" is wanted"},
        {"a in (b=)", "at \"=\" in the selector, \",\" or \")\" is wanted"},
        {"-a=b", "\"-a\" is no label's key"},
        {"a-=b", "\"a-\" is no label's key"},
        {"a/b/c=d", "\"a/b/c\" is no label's key"},
        {"A.b/c=d", "\"A.b/c\" is no label's key"},
        {"a..b/c", "\"a..b/c\" is no label's key"},
        {"a-.b/c", "\"a-.b/c\" is no label's key"},
        {"/a", "\"/a\" is no label's key"},
        {"a/", "\"a/\" is no label's key"},
        {"a=-b", "\"-b\" is no label's value"},
        {"a=b/c", "\"b/c\" is no label's value"},
        {"a in (b*)", "\"b*\" is no label's value"},
        {SIXTY "1234", "\"" SIXTY "1234\" is no label's key"},
        {"a=" SIXTY "1234", "\"" SIXTY "1234\" is no label's value"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct diag d;
		if (!selector_check(bad[i].text, &d))
			fail_msg("%s: is good", bad[i].text);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
	}
}

/* Of the labels a=b, c= and app.example.com/part=x. */
static const char *value(const void *labels, const char *key, size_t len)
{
	static const char *const all[][2] = {{"a", "b"}, {"c", ""}, {"app.example.com/part", "x"}};
	for (size_t i = 0; labels && i < sizeof all / sizeof *all; i++)
		if (strlen(all[i][0]) == len && memcmp(all[i][0], key, len) == 0)
			return all[i][1];
	return NULL;
}

/* As labels.Requirement.Matches has it. */
static const struct {
	const char *text;
	bool selects, without; /* with these labels, and with none */
} selections[] = {
        {"", true, true},
        {"a", true, false},
        {"x", false, false},
        {"!a", false, true},
        {"!x", true, true},
        {"a=b", true, false},
        {"a == b", true, false},
        {"a=bb", false, false},
        {"aa=b", false, false},
        {"a=", false, false},
        {"c=", true, false},
        {"c=,a", true, false},
        {"x=", false, false},
        {"c in ()", true, false},
        {"c in (b,)", true, false},
        {"c in (,b)", true, false},
        {"c in (b)", false, false},
        {"a in (x, b)", true, false},
        {"a in (x)", false, false},
        {"x in (b)", false, false},
        {"a notin (b)", false, true},
        {"a notin (x)", true, true},
        {"x notin (x)", true, true},
        {"c notin ()", false, true},
        {"app.example.com/part=x,a in (b),!x", true, false},
        {"app.example.com/part=x,a in (c),!x", false, false},
};

static void test_selections(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof selections / sizeof *selections; i++) {
		struct diag d;
		assert_int_equal(selector_check(selections[i].text, &d), OK);
		if (selector_selects(selections[i].text, value, "labels") != selections[i].selects)
			fail_msg("%s with labels", selections[i].text);
		if (selector_selects(selections[i].text, value, NULL) != selections[i].without)
			fail_msg("%s without", selections[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_selections)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
