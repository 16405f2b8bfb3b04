/* Keys of server blocks. The ranges are CoreDNS's own examples, and some more. */
#include "key.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIXTY "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789x"

static const struct {
	const char *text, *want; /* scheme, port, zones */
} good[] = {
        {"cluster.local", "dns cluster.local."},
        {"Cluster.LOCAL.", "dns cluster.local."},
        {".", "dns ."},
        {".:53", "dns :53 ."},
        {"dns://.:1053", "dns :1053 ."},
        {"tls://example.org", "tls example.org."},
        {"https3://example.org:443", "https3 :443 example.org."},
        {"a:0", "dns :0 a."},
        {"10.0.0.0/8", "dns 10.in-addr.arpa."},
        {"10.0.0.0/15", "dns 0.10.in-addr.arpa. 1.10.in-addr.arpa."},
        {"10.0.0.0/16:1053", "dns :1053 0.10.in-addr.arpa."},
        {"192.168.1.1/23", "dns 0.168.192.in-addr.arpa. 1.168.192.in-addr.arpa."},
        {"10.129.60.0/22", "dns 60.129.10.in-addr.arpa. 61.129.10.in-addr.arpa. 62.129.10.in-addr.arpa. 63.129.10.in-addr.arpa."},
        {"10.1.2.3/32", "dns 3.2.1.10.in-addr.arpa."},
        {"10.1.2.3/31", "dns 2.2.1.10.in-addr.arpa. 3.2.1.10.in-addr.arpa."},
        {"0.0.0.0/0", "dns in-addr.arpa."},
        {"2001:db8::/32", "dns 8.b.d.0.1.0.0.2.ip6.arpa."},
        {"2001:db8::/31", "dns 8.b.d.0.1.0.0.2.ip6.arpa. 9.b.d.0.1.0.0.2.ip6.arpa."},
        {"fd00:10:96::/112:53", "dns :53 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa."},
        {"10.0.0.0/33", "dns 10.0.0.0/33."},
        {"10.0.0/8", "dns 10.0.0/8."},
        {"x/y", "dns x/y."},
};

static void describe(const struct key *key, const struct name_list *zones, char *text, size_t cap)
{
	size_t len = (size_t)snprintf(text, cap, "%s", key_scheme_name(key->scheme));
	if (key->has_port)
		len += (size_t)snprintf(text + len, cap - len, " :%u", key->port);
	for (unsigned i = 0; i < zones->count; i++) {
		char zone[NAME_TEXT_MAX];
		name_to_text(&zones->names[i], zone);
		len += (size_t)snprintf(text + len, cap - len, " %s", zone);
	}
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct name_list zones = {0};
		struct key key;
		struct diag d;
		char text[512];
		if (key_parse(good[i].text, &key, &zones, &d))
			fail_msg("%s: %s", good[i].text, d.text);
		describe(&key, &zones, text, sizeof text);
		assert_string_equal(text, good[i].want);
		free(zones.names);
	}
}

static void test_widest_range(void **state)
{
	struct name_list zones = {0};
	struct key key;
	char text[NAME_TEXT_MAX];
	(void)state;
	assert_int_equal(key_parse("10.0.0.0/25", &key, &zones, NULL), OK);
	assert_int_equal(zones.count, 128);
	name_to_text(&zones.names[127], text);
	assert_string_equal(text, "127.0.0.10.in-addr.arpa.");
	free(zones.names);
}

static const struct {
	const char *text, *want; /* how the message begins */
} bad[] = {
        {"", "\"\" is no zone"},
        {"a:", "\"a:\": a port is wanted after the colon"},
        {":53", "\"\" is no zone"},
        {"a:65536", "\"a:65536\": a port is a number from 0 to 65535"},
        {"a:99999999999999999999", "\"a:99999999999999999999\": a port"},
        {"a..b", "\"a..b\" is no zone"},
        {"a\\", "\"a\\\" is no zone"},
        {SIXTY "1234", "\"" SIXTY "1234\": a label has at most 63"},
        {SIXTY "." SIXTY "." SIXTY "." SIXTY "." SIXTY, "a zone of 304 characters"},
        {"::/0", "\"::/0\": CoreDNS takes no range"},
        {"0::/8", "\"0::/8\": CoreDNS takes no range"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct name_list zones = {0};
		struct key key;
		struct diag d;
		assert_int_not_equal(key_parse(bad[i].text, &key, &zones, &d), OK);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		assert_int_equal(zones.count, 0);
		free(zones.names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_widest_range),
	        cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
