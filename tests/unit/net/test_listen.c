#include "net/listen.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	const char *v4, *v6; /* NULL: no such address; both: refused */
} cases[] = {
        {":53", "0.0.0.0:53", "[::]:53"},
        {"*:53", "0.0.0.0:53", "[::]:53"},
        {":0", "0.0.0.0:0", "[::]:0"},
        {"localhost:53", "127.0.0.1:53", "[::1]:53"},
        {"localhost", "127.0.0.1:53", "[::1]:53"},
        {"*", "0.0.0.0:53", "[::]:53"},
        {"127.0.0.1:1053", "127.0.0.1:1053", NULL},
        {"::", NULL, "[::]:53"},
        {"::1", NULL, "[::1]:53"},
        {"[::]:5", NULL, "[::]:5"},
        {"", NULL, NULL},
        {":", NULL, NULL},
        {"53", NULL, NULL},
        {":65536", NULL, NULL},
        {"localhost:", NULL, NULL},
        {"localhost:dns", NULL, NULL},
        {"localhost:53:1", NULL, NULL},
        {"localhost6:53", NULL, NULL},
        {":0000000000000000000000000000000000000000000000000000000000000000000000000000000053", NULL, NULL},
};

/* "A B", as they are listened on. */
static void describe(const struct net_address *addresses, unsigned count, char text[160])
{
	*text = '\0';
	for (unsigned i = 0; i < count; i++) {
		char one[64];
		net_address_format(&addresses[i], one);
		snprintf(text + strlen(text), 160 - strlen(text), "%s%s", i ? " " : "", one);
	}
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool both = cases[i].v4 && cases[i].v6, v6 = cases[i].v6 && (!both || listen_ipv6_usable());
		struct net_address addresses[LISTEN_DEFAULTS];
		unsigned count = 0;
		struct diag d = {0};
		char text[160], want[160];
		enum err err = listen_parse(cases[i].text, addresses, &count, &d);
		if (!cases[i].v4 && !cases[i].v6) {
			assert_int_equal(err, ERR_SYNTAX);
			assert_true(*d.text);
			continue;
		}
		assert_int_equal(err, OK);
		describe(addresses, count, text);
		snprintf(want, sizeof want, "%s%s%s", cases[i].v4 ? cases[i].v4 : "", cases[i].v4 && v6 ? " " : "", v6 ? cases[i].v6 : "");
		assert_string_equal(text, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
