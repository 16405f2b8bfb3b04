#include "../unit.h"
#include "forward/upstream.h"
#include <string.h>

static const struct {
	const char *text;
	enum err err;
	const char *want;
} texts[] = {
        {"10.0.0.10", OK, "10.0.0.10:53"},
        {"10.0.0.10:5353", OK, "10.0.0.10:5353"},
        {"dns://10.0.0.10", OK, "10.0.0.10:53"},
        {"2001:db8::1", OK, "[2001:db8::1]:53"},
        {"[2001:db8::1]", OK, "[2001:db8::1]:53"},
        {"[2001:DB8:0::1]:5353", OK, "[2001:db8::1]:5353"},
        {"dns://[::1]:1", OK, "[::1]:1"},
        {"::ffff:10.0.0.10", OK, "10.0.0.10:53"},
        {"fe80::1%1", OK, "[fe80::1%1]:53"},
        {"[fe80::1%lo]:65535", OK, "[fe80::1%1]:65535"},
        {"fe80::1%no-such-if", ERR_MISSING, NULL},
        {"fe80::1%", ERR_MISSING, NULL},
        {"10.0.0.10%lo", ERR_SYNTAX, NULL},
        {"tls://10.0.0.10", OK, "10.0.0.10:853"},
        {"tls://10.0.0.10%dns.example", OK, "10.0.0.10:853"},
        {"tls://10.0.0.10%dns.example:8853", OK, "10.0.0.10:8853"},
        {"tls://[fe80::1%dns.example]:8853", OK, "[fe80::1]:8853"},
        {"tls://2001:db8::1%dns.example", OK, "[2001:db8::1]:853"},
        {"tls://10.0.0.10%", ERR_RANGE, NULL},
        {"tls://", ERR_SYNTAX, NULL},
        {"", ERR_SYNTAX, NULL},
        {"dns://", ERR_SYNTAX, NULL},
        {":53", ERR_SYNTAX, NULL},
        {"example.com", ERR_SYNTAX, NULL},
        {"10.0.0.10:", ERR_SYNTAX, NULL},
        {"10.0.0.10:53x", ERR_SYNTAX, NULL},
        {"10.0.0.10:-1", ERR_SYNTAX, NULL},
        {"10.0.0.10:0", ERR_RANGE, NULL},
        {"10.0.0.10:65536", ERR_RANGE, NULL},
        {"[::1", ERR_SYNTAX, NULL},
        {"[::1]53", ERR_SYNTAX, NULL},
        {"[]:53", ERR_SYNTAX, NULL},
};

static void parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct upstream u;
		struct diag d = {0};
		char text[UPSTREAM_TEXT_MAX];
		enum err err = upstream_parse(texts[i].text, &u, &d);
		if (err != texts[i].err)
			fail_msg("\"%s\": %s", texts[i].text, err_str(err));
		if (err) {
			assert_non_null(strstr(d.text, texts[i].text));
			continue;
		}
		upstream_format(&u, text);
		assert_string_equal(text, texts[i].want);
	}
}

static void over_tls(void **state)
{
	struct upstream u;
	(void)state;
	assert_int_equal(upstream_parse("10.0.0.10", &u, NULL), OK);
	assert_int_equal(u.transport, UPSTREAM_PLAIN);
	assert_string_equal(u.server_name, "");
	assert_int_equal(upstream_parse("tls://[2001:db8::1%dns.example]:8853", &u, NULL), OK);
	assert_int_equal(u.transport, UPSTREAM_TLS);
	assert_string_equal(u.server_name, "dns.example");
}

static void listed_once(void **state)
{
	static const char *const words[] = {"10.0.0.1", "[::1]:53", "10.0.0.1:53", "10.0.0.1:54", "::1"};
	static const struct forward_options none;
	struct upstream list[UPSTREAMS_MAX + 1];
	struct upstreams *u;
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(upstream_parse(words[i], &list[i], NULL), OK);
	assert_int_equal(upstreams_new(list, 5, &none, &u), OK);
	assert_int_equal(u->count, 3);
	assert_int_equal(u->options.max_fails, 2);
	assert_false(upstream_is_down(u, 0));
	atomic_store(&u->health[0].fails, 2);
	assert_false(upstream_is_down(u, 0));
	atomic_store(&u->health[0].fails, 3);
	assert_true(upstream_is_down(u, 0));
	upstreams_free(u);
	assert_int_equal(upstreams_new(list, 0, &none, &u), ERR_RANGE);
	assert_int_equal(upstreams_new(list, UPSTREAMS_MAX + 1, &none, &u), ERR_RANGE);
}

/* For good, whatever the options say; said once. */
static void leading_back(void **state)
{
	static const struct forward_options steadfast = {.never_down = true};
	struct upstream list[2];
	struct upstreams *u;
	(void)state;
	assert_int_equal(upstream_parse("10.0.0.1", &list[0], NULL), OK);
	assert_int_equal(upstream_parse("10.0.0.2", &list[1], NULL), OK);
	assert_int_equal(upstreams_new(list, 2, &steadfast, &u), OK);
	assert_true(upstream_mark_leads_back(u, 1));
	assert_false(upstream_mark_leads_back(u, 1));
	assert_true(upstream_leads_back(u, 1));
	assert_true(upstream_is_down(u, 1));
	assert_false(upstream_leads_back(u, 0));
	assert_false(upstream_is_down(u, 0));
	upstreams_free(u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(parsed), cmocka_unit_test(over_tls), cmocka_unit_test(listed_once),
	                                          cmocka_unit_test(leading_back)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
