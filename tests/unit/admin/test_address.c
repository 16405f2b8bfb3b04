#include "admin/address.h"
#include "unit.h"

static const struct {
	const char *text, *want; /* want NULL: refused */
} addresses[] = {
        {":9153", "[::]:9153"},
        {"[::]:9153", "[::]:9153"},
        {"0.0.0.0:8080", "0.0.0.0:8080"},
        {"127.0.0.1:0", "127.0.0.1:0"},
        {"localhost:9153", "127.0.0.1:9153"},
        {"[::1]:8181", "[::1]:8181"},
        {"[2001:db8::53]:65535", "[2001:db8::53]:65535"},
        {"[fe80::1%lo]:1", "[fe80::1%1]:1"},
        {"", NULL},
        {"9153", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:99999999999999999999", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:http", NULL},
        {"::1:8080", NULL},
        {"[::1]", NULL},
        {"[127.0.0.1]:80", NULL},
        {"[]:80", NULL},
        {"[::1%nosuchinterface]:80", NULL},
        {"[::1%]:80", NULL},
        {"metrics.example.org:80", NULL},
        {"*:80", NULL},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct admin_address a;
		struct diag d = {0};
		char text[ADMIN_ADDRESS_TEXT_MAX];
		enum err err = admin_address_parse(addresses[i].text, &a, &d);
		if (!addresses[i].want) {
			assert_int_not_equal(err, OK);
			assert_string_not_equal(d.text, "");
			continue;
		}
		assert_int_equal(err, OK);
		admin_address_format(&a, text);
		assert_string_equal(text, addresses[i].want);
	}
}

static void test_equal(void **state)
{
	struct admin_address a, b, c;
	struct diag d;
	(void)state;
	assert_int_equal(admin_address_parse(":8080", &a, &d), OK);
	assert_int_equal(admin_address_parse("[::]:8080", &b, &d), OK);
	assert_int_equal(admin_address_parse("0.0.0.0:8080", &c, &d), OK);
	assert_true(admin_address_equal(&a, &b));
	assert_false(admin_address_equal(&a, &c));
	assert_int_equal(admin_address_port(&c), 8080);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_equal)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
