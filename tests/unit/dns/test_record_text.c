/* Lines of zone files, and what becomes of them: rdata in hexadecimal digits. */
#include "dns/record.h"
#include "dns/record_text.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text, *want; /* OWNER TTL CLASS TYPE RDATA */
} good[] = {
        {"a.test. 60 IN A 192.0.2.1", "a.test. 60 1 1 c0000201"},
        {"a.test 60 IN A 192.0.2.1", "a.test. 60 1 1 c0000201"},
        {"a.test. IN 60 A 192.0.2.1", "a.test. 60 1 1 c0000201"},
        {"  a.test. A 192.0.2.1 ; a comment", "a.test. 3600 1 1 c0000201"},
        {"a.test. in a 192.0.2.1\n", "a.test. 3600 1 1 c0000201"},
        {"a.test.\tCH\tTXT\tx\r\n ; nothing\n\n", "a.test. 3600 3 16 0178"},
        {"a.test. 1h30m A 192.0.2.1", "a.test. 5400 1 1 c0000201"},
        {"a.test. 1W2D3s A 192.0.2.1", "a.test. 777603 1 1 c0000201"},
        {"a.test. 4294967295 A 192.0.2.1", "a.test. 4294967295 1 1 c0000201"},
        {"@ A 192.0.2.1", ". 3600 1 1 c0000201"},
        {"A\\.b\\065.Test. A 192.0.2.1", "A\\.bA.Test. 3600 1 1 c0000201"},
        {"a. CLASS77 A 192.0.2.1", "a. 3600 77 1 c0000201"},
        {"a. AAAA fd00::1", "a. 3600 1 28 fd000000000000000000000000000001"},
        {"a. AAAA ::ffff:192.0.2.1", "a. 3600 1 28 00000000000000000000ffffc0000201"},
        {"a. CNAME b.c", "a. 3600 1 5 0162016300"},
        {"a. CNAME @", "a. 3600 1 5 00"},
        {"a. NS B.", "a. 3600 1 2 014200"},
        {"a. PTR b.", "a. 3600 1 12 016200"},
        {"a. DNAME b.", "a. 3600 1 39 016200"},
        {"a. MX 10 b.", "a. 3600 1 15 000a016200"},
        {"a. AFSDB 1 b.", "a. 3600 1 18 0001016200"},
        {"a. KX 1 b.", "a. 3600 1 36 0001016200"},
        {"a. RP b. c.", "a. 3600 1 17 016200016300"},
        {"a. SRV 1 2 65535 b.", "a. 3600 1 33 00010002ffff016200"},
        {"a. TXT one \"two words\" \"\"", "a. 3600 1 16 036f6e650974776f20776f72647300"},
        {"a. TXT \"a;b(c)\" d;e", "a. 3600 1 16 06613b62286329"
                                  "0164"},
        {"a. TXT \"\\\"\\\\\\009\\255\"", "a. 3600 1 16 04225c09ff"},
        {"a. TXT a\\ b", "a. 3600 1 16 03612062"},
        {"a. TXT \"x\"\"y\"", "a. 3600 1 16 01780179"},
        {"a. SPF x", "a. 3600 1 99 0178"},
        {"a. HINFO \"ANY obsoleted\" x", "a. 3600 1 13 0d414e59206f62736f6c657465640178"},
        {"a. SOA b. c. 1 2h 3 4 5", "a. 3600 1 6 0162000163000000000100001c20000000030000000400000005"},
        {"a. SOA b. c. (1 ; serial\n 2\n3 4\n 5 )", "a. 3600 1 6 0162000163000000000100000002000000030000000400000005"},
        {"a. CAA 128 issue \"x.y\"", "a. 3600 1 257 80056973737565782e79"},
        {"a. CAA 0 iodef \"\"", "a. 3600 1 257 0005696f646566"},
        {"a. NAPTR 1 2 u \"x\" \"\" .", "a. 3600 1 35 0001000201750178"
                                        "0000"},
        {"a. TYPE65280 \\# 3 00 0aF f", "a. 3600 1 65280 000aff"},
        {"a. TYPE65280 \\# 0", "a. 3600 1 65280 "},
        {"a. HTTPS \\# 3 000100", "a. 3600 1 65 000100"},
        {"a. A \\# 4 c0000201", "a. 3600 1 1 c0000201"},
        {"a. TYPE1 192.0.2.1", "a. 3600 1 1 c0000201"},
        {"a. TXT \\# 4 01780179", "a. 3600 1 16 01780179"},
        {"a. CAA \\# 4 00017878", "a. 3600 1 257 00017878"},
        {"a. SOA \\# 26 0162000163000000000100000002000000030000000400000005",
         "a. 3600 1 6 0162000163000000000100000002000000030000000400000005"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct record_text r;
		struct diag d;
		char got[NAME_TEXT_MAX + 1024];
		size_t len;
		if (record_from_text(good[i].text, strlen(good[i].text), &r, &d))
			fail_msg("%s: %s", good[i].text, d.text);
		len = name_to_text(&r.owner, got);
		len += (size_t)sprintf(got + len, " %u %u %u ", r.ttl_s, r.rclass, r.type);
		for (unsigned k = 0; k < r.rdata_len; k++)
			len += (size_t)sprintf(got + len, "%02x", r.rdata[k]);
		assert_string_equal(got, good[i].want);
	}
}

static const struct {
	const char *text, *why; /* how what is said begins */
} bad[] = {
        {"", "a record is wanted"},
        {" ; nothing", "a record is wanted"},
        {"a.", "a type of record is wanted at"},
        {"a. 60 IN", "a type of record is wanted at"},
        {"a. 60 IN 60 A 192.0.2.1", "a type of record is wanted, not \"60\""},
        {"a. IN CH A 192.0.2.1", "a type of record is wanted, not \"CH\""},
        {"a. 60x A 192.0.2.1", "a type of record is wanted, not \"60x\""},
        {"a. 4294967296 A 192.0.2.1", "a type of record is wanted"},
        {"a. 9999999999w A 192.0.2.1", "a type of record is wanted"},
        {"a. 99999999w A 192.0.2.1", "a type of record is wanted"},
        {"a. h A 192.0.2.1", "a type of record is wanted"},
        {"a. CLASS A 192.0.2.1", "a type of record is wanted"},
        {"a. CLASS65536 A 192.0.2.1", "a type of record is wanted"},
        {"a. NONSENSE x", "a type of record is wanted"},
        {"a. TYPE65536 \\# 0", "a type of record is wanted"},
        {"a. \"A\" 192.0.2.1", "a type of record is wanted"},
        {"a. A", "an address is wanted at"},
        {"a. A fd00::1", "an IPv4 address is wanted, not \"fd00::1\""},
        {"a. A ::ffff:192.0.2.1", "an IPv4 address is wanted"},
        {"a. A 192.0.2.256", "an IPv4 address is wanted"},
        {"a. A 192.0.2.1 192.0.2.2", "the end of the line is wanted"},
        {"a. A 192.0.2.1\na. A 192.0.2.2", "there is more than one line"},
        {"a. AAAA 192.0.2.1", "an IPv6 address is wanted"},
        {"a. AAAA x:y", "an IPv6 address is wanted"},
        {"a..b A 192.0.2.1", "a name is wanted, not \"a..b\""},
        {"<no value> A 192.0.2.1", "a type of record is wanted"},
        {"\"a\" A 192.0.2.1", "a name is wanted"},
        {"a\\300. A 192.0.2.1", "a name is wanted"},
        {"a. CNAME b..c", "a name is wanted"},
        {"a. CNAME b\\", "a name is wanted"},
        {"a. MX b.", "a number up to 65535 is wanted"},
        {"a. MX 65536 b.", "a number up to 65535 is wanted"},
        {"a. MX -1 b.", "a number up to 65535 is wanted"},
        {"a. MX 1", "a name is wanted at"},
        {"a. SRV 1 2 3", "a name is wanted at"},
        {"a. SOA b. c. 1 2 3 4", "a number is wanted at"},
        {"a. SOA b. c. 1 2 3 4 x", "a number of seconds is wanted"},
        {"a. SOA b. c. 4294967296 2 3 4 5", "a number up to 4294967295"},
        {"a. SOA b. c. (1 2 3 4 5", "a parenthesis is not closed"},
        {"a. SOA b. c. 1 2 3 4 5)", "parentheses don't match"},
        {"a. SOA b. c. ((1 2 3 4 5))", "parentheses don't match"},
        {"a. TXT", "a text is wanted at"},
        {"a. TXT \"x", "a quote is not closed"},
        {"a. TXT \"x\\\"", "a quote is not closed"},
        {"a. TXT x y\"", "a quote is not closed"},
        {"a. TXT \\256", "an escape as in"},
        {"a. TXT \\1", "an escape as in"},
        {"a. TXT \\12x", "an escape as in"},
        {"a. TXT \\", "an escape as in"},
        {"a. CAA 256 issue x", "a number up to 255"},
        {"a. CAA 0 a-b x", "a tag of letters"},
        {"a. CAA 0 \"\" x", "a tag of letters"},
        {"a. CAA 0 issue \\", "an escape as in"},
        {"a. CAA 0 issue", "a text is wanted at"},
        {"a. HINFO x", "a text is wanted at"},
        {"a. HTTPS 1 .", "rdata of HTTPS is read as"},
        {"a. TYPE65280 x", "rdata of TYPE65280 is read as"},
        {"a. TYPE65280", "\\# LENGTH HEX is wanted at"},
        {"a. TYPE65280 \\#", "the number of octets is wanted at"},
        {"a. TYPE65280 \\# x", "the number of octets is wanted, not"},
        {"a. TYPE65280 \\# 65536", "the number of octets is wanted, not"},
        {"a. TYPE65280 \\# 2 00", "there are 2 hexadecimal digits, and should be 4"},
        {"a. TYPE65280 \\# 1 000", "there are 3 hexadecimal digits, and should be 2"},
        {"a. TYPE65280 \\# 1 0g", "an even number of hexadecimal"},
        {"a. A \\# 3 000000", "these octets are no rdata of A"},
        {"a. A \\# 5 0000000000", "these octets are no rdata of A"},
        {"a. CNAME \\# 2 c00c", "these octets are no rdata of CNAME"},
        {"a. TXT \\# 2 0278", "these octets are no rdata of TXT"},
        {"a. TXT \\# 0", "these octets are no rdata of TXT"},
        {"a. MX \\# 2 0001", "these octets are no rdata of MX"},
        {"a. MX \\# 1 00", "these octets are no rdata of MX"},
        {"a. SOA \\# 2 0000", "these octets are no rdata of SOA"},
        {"a. IN ANY \\# 0", "there are no records of this type"},
        {"a. OPT \\# 0", "there are no records of this type"},
        {"a. TSIG \\# 0", "there are no records of this type"},
        {"a. AXFR \\# 0", "there are no records of this type"},
        {"a. TYPE0 \\# 0", "there are no records of this type"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct record_text r;
		struct diag d = {0};
		if (!record_from_text(bad[i].text, strlen(bad[i].text), &r, &d))
			fail_msg("%s: is taken", bad[i].text);
		if (strncmp(d.text, bad[i].why, strlen(bad[i].why)) != 0)
			fail_msg("%s: \"%s\"", bad[i].text, d.text);
		assert_int_not_equal(record_from_text(bad[i].text, strlen(bad[i].text), &r, NULL), OK);
	}
}

/* Longer texts are several strings, as CoreDNS's library has it; those of HINFO are not. */
static void test_long_texts(void **state)
{
	char text[6000] = "a. TXT ";
	struct record_text r;
	struct diag d;
	size_t head = strlen(text);
	(void)state;
	memset(text + head, 'x', 5000);
	assert_int_equal(record_from_text(text, head + 255, &r, &d), OK);
	assert_int_equal(r.rdata_len, 256);
	assert_int_equal(record_from_text(text, head + 256, &r, &d), OK);
	assert_int_equal(r.rdata_len, 258);
	assert_int_equal(r.rdata[0], 255);
	assert_int_equal(r.rdata[256], 1);
	assert_int_equal(record_from_text(text, head + 4080, &r, &d), OK);
	assert_int_equal(r.rdata_len, 4096);
	assert_int_equal(record_from_text(text, head + 4081, &r, &d), ERR_RANGE);
	memcpy(text, "a. HINFO x ", strlen("a. HINFO x "));
	assert_int_equal(record_from_text(text, head + 5000, &r, &d), ERR_SYNTAX);
}

/* No text, cut anywhere, is read past its end: the sanitizers see to that. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		for (size_t len = 0; len < strlen(good[i].text); len++) {
			char *copy = test_malloc(len + 1);
			struct record_text r;
			memcpy(copy, good[i].text, len);
			record_from_text(copy, len, &r, NULL);
			test_free(copy);
		}
	}
}

/* An octet that ends C strings is one like others. */
static void test_nul(void **state)
{
	static const char txt[] = "a. TXT x\0y", type[] = "a. A\0 192.0.2.1";
	struct record_text r;
	(void)state;
	assert_int_equal(record_from_text(txt, sizeof txt - 1, &r, NULL), OK);
	assert_int_equal(r.rdata_len, 4);
	assert_int_equal(record_from_text(type, sizeof type - 1, &r, NULL), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_long_texts),
	        cmocka_unit_test(test_cut),  cmocka_unit_test(test_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
