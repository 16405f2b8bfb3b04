#include "resolvconf.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(const struct resolvconf *r, const char *want)
{
	struct buffer b = {0};
	resolvconf_write(r, &b);
	buffer_append(&b, "", 1);
	assert_false(b.failed);
	assert_string_equal(b.data, want);
	buffer_free(&b);
}

static const struct {
	const char *text, *want;
} files[] = {
        {"", ""},
        {"nameserver 10.0.0.10", "nameserver 10.0.0.10\n"},
        {"# c\n; c\n  nameserver\t10.0.0.10 \r\n\n", "nameserver 10.0.0.10\n"},
        {"nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.1\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n",
         "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\n"},
        {"search a b\nsearch c d\n", "search c d\n"},
        {"search a b\ndomain e\n", "search e\n"},
        {"options ndots:5 rotate\noptions ndots:2 timeout:1\n", "options ndots:2 rotate timeout:1\n"},
        {"options\nsearch\nnameserver\nsortlist 1.2.3.4\nnonsense\n", ""},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct resolvconf r = {0};
		char *text = strdup(files[i].text);
		resolvconf_parse(&r, text);
		expect(&r, files[i].want);
		free(text);
	}
}

static void test_pod_adds_and_overrides(void **state)
{
	struct resolvconf r = {0};
	char *nameservers[] = {"10.0.0.10", "1.2.3.4", "fd00::1", "1.2.3.5", NULL};
	char *searches[] = {"cluster.local", "my.dns.search.suffix", NULL};
	char *options[] = {"ndots:2", "edns0", NULL};
	const struct pod_dns dns = {.nameservers = nameservers, .searches = searches, .options = options};
	(void)state;
	resolvconf_add_search(&r, "default.svc.cluster.local");
	resolvconf_add_search(&r, "cluster.local");
	resolvconf_add_nameserver(&r, "10.0.0.10");
	resolvconf_add_option(&r, "ndots:5");
	resolvconf_add_pod(&r, &dns);
	assert_true(r.cut); /* the fourth nameserver */
	expect(&r, "search default.svc.cluster.local cluster.local my.dns.search.suffix\n"
	           "nameserver 10.0.0.10\nnameserver 1.2.3.4\nnameserver fd00::1\n"
	           "options ndots:2 edns0\n");
}

static void test_pod_without_dns_config(void **state)
{
	struct resolvconf r = {0};
	const struct pod_dns dns = {0};
	(void)state;
	resolvconf_add_pod(&r, &dns);
	expect(&r, "");
}

static void test_search_domains_by_count(void **state)
{
	struct resolvconf r = {0};
	char names[RESOLVCONF_SEARCHES_MAX + 1][8];
	(void)state;
	for (unsigned i = 0; i <= RESOLVCONF_SEARCHES_MAX; i++) {
		snprintf(names[i], sizeof names[i], "d%u", i);
		resolvconf_add_search(&r, names[i]);
		assert_int_equal(r.cut, i == RESOLVCONF_SEARCHES_MAX);
	}
	assert_int_equal(r.search_count, RESOLVCONF_SEARCHES_MAX);
}

/* 8 domains of 255 characters and 7 blanks are 2,047; one more character would fit with no blank. */
static void test_search_domains_by_length(void **state)
{
	struct resolvconf r = {0};
	char names[8][256];
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		memset(names[i], 'a' + (int)i, 255);
		names[i][255] = 0;
		resolvconf_add_search(&r, names[i]);
	}
	assert_int_equal(r.search_chars, 2047);
	assert_false(r.cut);
	resolvconf_add_search(&r, "x");
	assert_true(r.cut);
	assert_int_equal(r.search_count, 8);
}

static void test_options_by_count(void **state)
{
	struct resolvconf r = {0};
	char names[RESOLVCONF_OPTIONS_MAX + 1][8];
	(void)state;
	for (unsigned i = 0; i <= RESOLVCONF_OPTIONS_MAX; i++) {
		snprintf(names[i], sizeof names[i], "o%u:1", i);
		resolvconf_add_option(&r, names[i]);
	}
	assert_true(r.cut);
	resolvconf_add_option(&r, "o0:7"); /* has its place already */
	assert_string_equal(r.options[0], "o0:7");
	assert_int_equal(r.option_count, RESOLVCONF_OPTIONS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse),
	        cmocka_unit_test(test_pod_adds_and_overrides),
	        cmocka_unit_test(test_pod_without_dns_config),
	        cmocka_unit_test(test_search_domains_by_count),
	        cmocka_unit_test(test_search_domains_by_length),
	        cmocka_unit_test(test_options_by_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
