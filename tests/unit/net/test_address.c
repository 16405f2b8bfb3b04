#include <string.h>

#include "net/net.h"
#include "unit.h"

static const struct {
	const char *text, *want; /* want NULL: refused */
} cases[] = {
        {"127.0.0.1:1053", "127.0.0.1:1053"},
        {"127.0.0.1", "127.0.0.1:53"},
        {"0.0.0.0:53", "0.0.0.0:53"},
        {"[::1]:1053", "[::1]:1053"},
        {"[::1]", "[::1]:53"},
        {"::1", "[::1]:53"},
        {"[::]:0", "[::]:0"},
        {"[FD00::0:1]:65535", "[fd00::1]:65535"},
        {"::ffff:10.0.0.1", "10.0.0.1:53"},
        {"[fe80::1%lo]:53", "[fe80::1%lo]:53"},
        {"fe80::1%lo", "[fe80::1%lo]:53"},
        {"", NULL},
        {":53", NULL},
        {"localhost:53", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:100000", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1: 53", NULL},
        {"127.0.0.1:53x", NULL},
        {"127.1:53", NULL},
        {"127.0.0.1:53:53", NULL},
        {"127.0.0.1%lo", NULL},
        {"::1:1053:", NULL},
        {"[::1", NULL},
        {"[::1]1053", NULL},
        {"[]:53", NULL},
        {"[fe80::1%]:53", NULL},
        {"[fe80::1%nosuchinterface0]:53", NULL},
        {"[fe80::1%an-interface-name-beyond-every-limit]:53", NULL},
};

static void test_parse_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_address a;
		struct diag d = {.text = ""};
		char text[64];
		enum err err = net_address_parse(cases[i].text, &a, &d);
		if (!cases[i].want) {
			if (!err)
				fail_msg("'%s' was taken", cases[i].text);
			assert_int_equal(err, ERR_SYNTAX);
			assert_non_null(strstr(d.text, cases[i].text)); /* says which */
			continue;
		}
		if (err)
			fail_msg("%s", d.text);
		net_address_format(&a, text);
		assert_string_equal(text, cases[i].want);
	}
}

static void test_longest_text_fits(void **state)
{
	(void)state;
	struct net_address a;
	char text[64];
	assert_int_equal(net_address_parse("[fe80:1234:1234:1234:1234:1234:1234:1234]:65535", &a, NULL), OK);
	net_address_format(&a, text);
	assert_string_equal(text, "[fe80:1234:1234:1234:1234:1234:1234:1234]:65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse_format),
	        cmocka_unit_test(test_longest_text_fits),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
