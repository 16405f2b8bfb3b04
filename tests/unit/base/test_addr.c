#include "base/addr.h"
#include "unit.h"
#include <string.h>

static const struct {
	const char *text, *want; /* want NULL: refused */
} addresses[] = {
        {"10.244.1.7", "10.244.1.7"},
        {"0.0.0.0", "0.0.0.0"},
        {"010.0.0.1", NULL},
        {"10.0.0.256", NULL},
        {"10.0.0", NULL},
        {" 10.0.0.1", NULL},
        {"10.0.0.1 ", NULL},
        {"", NULL},
        {"FD00:0:0:0:0:0:0:1", "fd00::1"},
        {"::", "::"},
        {"::1:0", "::1:0"},
        {"::a00:1", "::a00:1"},
        {"::10.0.0.1", "::a00:1"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"fd00::", "fd00::"},
        {"0:0:1:0:0:0:1:0", "0:0:1::1:0"},
        {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
        {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
        {"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"2001:db8:000f:0010:0100:1000:0:00ab", "2001:db8:f:10:100:1000:0:ab"},
        {"255.255.255.255", "255.255.255.255"},
        {"100.20.3.0", "100.20.3.0"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"fe80::1%eth0", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
};

static void test_addr_parse_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct addr a;
		char text[ADDR_TEXT_MAX];
		enum err err = addr_parse(addresses[i].text, strlen(addresses[i].text), &a);
		if (!addresses[i].want) {
			assert_int_equal(err, ERR_SYNTAX);
			continue;
		}
		assert_int_equal(err, OK);
		addr_format(&a, text);
		assert_string_equal(text, addresses[i].want);
	}
}

static void test_addr_parse_stops_at_len(void **state)
{
	struct addr a;
	(void)state;
	assert_int_equal(addr_parse("10.0.0.12", 8, &a), OK);
	assert_int_equal(a.octets[3], 1);
	assert_int_equal(addr_parse("10.0.0.1\0x", 10, &a), ERR_SYNTAX);
}

/* As Kubernetes reads them: what was taken before is taken, and leading zeros. */
static const struct {
	const char *text, *want; /* want NULL: refused */
} legacy[] = {
        {"10.244.1.7", "10.244.1.7"},
        {"010.000.0000.08", "10.0.0.8"},
        {"0.0.0.0", "0.0.0.0"},
        {"000000000000000000000000000000000000000000010.0.0.1", "10.0.0.1"},
        {"010.0.0.0256", NULL},
        {"0x10.0.0.1", NULL},
        {"00.0.0", NULL},
        {"0a.0.0.1", NULL},
        {"10.0.0.1 ", NULL},
        {"", NULL},
        {"0", NULL},
        {"0FD00:0000000::00001", "fd00::1"},
        {"000::0", "::"},
        {"::ffff:010.0.0.01", "10.0.0.1"},
        {"00fd00::1%0", NULL},
        {"11111::1", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"11111111111111111111111111111111111111111111111111", NULL},
};

static void test_addr_parse_legacy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
		struct addr a;
		char text[ADDR_TEXT_MAX];
		enum err err = addr_parse_legacy(legacy[i].text, strlen(legacy[i].text), &a);
		assert_int_equal(err, legacy[i].want ? OK : ERR_SYNTAX);
		if (!legacy[i].want)
			continue;
		addr_format(&a, text);
		assert_string_equal(text, legacy[i].want);
	}
}

static const struct {
	const char *text;
	enum err want;
	uint64_t size;
	uint64_t n;
	const char *nth; /* NULL: beyond */
} ranges[] = {
        {"10.244.0.0/16", OK, 65536, 259, "10.244.1.3"},
        {"10.0.0.0/24", OK, 256, 256, NULL},
        {"0.0.0.0/0", OK, (uint64_t)1 << 32, 0xffffffff, "255.255.255.255"},
        {"10.0.0.1/32", OK, 1, 0, "10.0.0.1"},
        {"fd00::/56", OK, UINT64_MAX, 65536, "fd00::1:0"},
        {"fd00::/112", OK, 65536, 65536, NULL},
        {"10.0.0.1/24", ERR_SYNTAX, 0, 0, NULL},
        {"10.0.0.0/33", ERR_SYNTAX, 0, 0, NULL},
        {"10.0.0.0/", ERR_SYNTAX, 0, 0, NULL},
        {"10.0.0.0/08", ERR_SYNTAX, 0, 0, NULL},
        {"10.0.0.0/-1", ERR_SYNTAX, 0, 0, NULL},
        {"10.0.0.0", ERR_SYNTAX, 0, 0, NULL},
        {"x/8", ERR_SYNTAX, 0, 0, NULL},
};

static void test_cidr(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct cidr c;
		struct addr a;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(cidr_parse(ranges[i].text, &c), ranges[i].want);
		if (ranges[i].want)
			continue;
		assert_true(cidr_size(&c) == ranges[i].size);
		assert_int_equal(cidr_nth(&c, ranges[i].n, &a), ranges[i].nth != NULL);
		if (!ranges[i].nth)
			continue;
		addr_format(&a, text);
		assert_string_equal(text, ranges[i].nth);
	}
}

static void test_lists(void **state)
{
	struct addr a[2] = {0}, b[2] = {0};
	(void)state;
	for (int i = 0; i < 2; i++)
		a[i] = b[i] = (struct addr){.family = ADDR_V4, .octets = {10, 0, 0, (uint8_t)i}};
	assert_true(addrs_equal(NULL, 0, NULL, 0));
	assert_true(addrs_equal(a, 2, b, 2));
	assert_false(addrs_equal(a, 2, b, 1));
	b[1].octets[3] = 9;
	assert_true(addrs_equal(a, 1, b, 1));
	assert_false(addrs_equal(a, 2, b, 2));
}

static const struct {
	const char *range, *addr;
	bool has;
} members[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::", false},
        {"10.0.0.128/25", "10.0.0.128", true},
        {"10.0.0.128/25", "10.0.0.127", false},
        {"10.0.0.1/32", "10.0.0.1", true},
        {"10.0.0.1/32", "10.0.0.0", false},
        {"10.0.0.0/31", "10.0.0.1", true},
        {"fc00::/7", "fdff::1", true},
        {"fd00::/8", "fc00::1", false},
        {"fd00::1/128", "fd00::1", true},
        {"fd00::1/128", "fd00::2", false},
        {"::/0", "10.0.0.1", false},
        {"::/0", "fd00::1", true},
};

static void test_range_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct cidr c;
		struct addr a;
		assert_int_equal(cidr_parse(members[i].range, &c), OK);
		assert_int_equal(addr_parse(members[i].addr, strlen(members[i].addr), &a), OK);
		if (cidr_has(&c, &a) != members[i].has)
			fail_msg("%s %s", members[i].range, members[i].addr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_addr_parse_format),
	        cmocka_unit_test(test_addr_parse_legacy),
	        cmocka_unit_test(test_addr_parse_stops_at_len),
	        cmocka_unit_test(test_cidr),
	        cmocka_unit_test(test_range_has),
	        cmocka_unit_test(test_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
