#include "flow.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* version 4, five words, … protocol at 8, addresses at 12 and 16 */
#define V4_HEAD(ihl, protocol) "4" ihl "000028 00004000 40" protocol "0000 0af40107 0a000050"
#define V6_HEAD(next)          "60000000 0014" next "40 fd000000000000000000000000000001 fd000000000000000000000000000050"

static const struct {
	const char *what, *packet, *want;
} cases[] = {
        {"TCP", V4_HEAD("5", "06") "c000 0050", "10.244.1.7:49152 10.0.0.80:80 6"},
        {"UDP", V4_HEAD("5", "11") "c000 0035 0000", "10.244.1.7:49152 10.0.0.80:53 17"},
        {"with options", V4_HEAD("6", "06") "01010101 c000 0050", "10.244.1.7:49152 10.0.0.80:80 6"},
        {"a ping", V4_HEAD("5", "01") "0800", "10.244.1.7:0 10.0.0.80:0 1"},
        {"cut in the ports", V4_HEAD("5", "06") "c000 00", NULL},
        {"cut in the options", V4_HEAD("f", "06") "c000 0050", NULL},
        {"cut in the header", "45000028 00004000 40060000 0af40107 0a0000", NULL},
        {"IPv6", V6_HEAD("06") "c000 0050", "fd00::1:49152 fd00::50:80 6"},
        {"IPv6, cut in the ports", V6_HEAD("11") "c000 00", NULL},
        {"IPv6, cut in the header", "60000000 00140640 fd000000000000000000000000000001 fd0000000000", NULL},
        {"IPv6 with a header between", V6_HEAD("3c") "0600", "fd00::1:0 fd00::50:0 60"},
        {"neither", "75000028 00004000 40060000 0af40107 0a000050 c000 0050", NULL},
        {"nothing", "", NULL},
};

static size_t read_hex(const char *text, uint8_t *octets)
{
	size_t n = 0;
	for (; *text; text++) {
		char pair[3] = {text[0], 0, 0};
		if (*text == ' ')
			continue;
		pair[1] = *++text;
		octets[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* From a block as long as the packet, so that a sanitizer sees what is read beyond. */
static void test_packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t octets[128], *exact;
		size_t len = read_hex(cases[i].packet, octets);
		struct flow f;
		char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], text[128];
		exact = malloc(len + !len);
		memcpy(exact, octets, len);
		assert_int_equal(flow_read(&f, exact, len), cases[i].want != NULL);
		free(exact);
		if (!cases[i].want)
			continue;
		addr_format(&f.from, from);
		addr_format(&f.to, to);
		snprintf(text, sizeof text, "%s:%u %s:%u %u", from, f.from_port, to, f.to_port, f.protocol);
		assert_string_equal(text, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_packets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
