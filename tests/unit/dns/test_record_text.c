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
        /* what dnspython makes of them */
        {"a. 5 IN DS 60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )",
         "a. 5 1 43 ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
        {"a. 5 IN DS 60485 RSASHA1 1 2bb183af5f22588179a53b0a98631fad1a292118",
         "a. 5 1 43 ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
        {"a. 5 IN DNSKEY 256 3 5 ( AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BBZH4b/0PY1kxkmvHjcZc8no )",
         "a. 5 1 48 010003050103d22a6ca77f35b893206fd35e4c506d8378843709b97e041647e1bff43d8d64c649af1e371973c9e8"},
        {"a. 5 IN CDNSKEY 257 3 13 AQID", "a. 5 1 60 0101030d010203"},
        {"a. 5 IN CDS 0 0 0 00", "a. 5 1 59 0000000000"},
        {"a. 5 IN RRSIG A 5 3 86400 20030322173103 ( 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr )",
         "a. 5 1 46 00010503000151803e7c9dd73e5510d70a52076578616d706c6503636f6d00a090755ba58d1affa576f4375831b4310920e481218d18a9f164eb"},
        {"a. 5 IN RRSIG TYPE65280 13 2 3600 1893456000 1577836800 1 . AQ==", "a. 5 1 46 ff000d0200000e1070dbd8805e0be10000010001"},
        {"a. 5 IN NSEC host.example.com. ( A MX RRSIG NSEC TYPE1234 )",
         "a. 5 1 47 04686f7374076578616d706c6503636f6d000006400100000003041b000000000000000000000000000000000000000000000000000020"},
        {"a. 5 IN NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
         "a. 5 1 50 0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b000722010000000290"},
        {"a. 5 IN NSEC3PARAM 1 0 12 -", "a. 5 1 51 0100000c00"},
        {"a. 5 IN TLSA 3 1 1 ( 92003ba34942dc74152e2f2c408d29ec a5a520e7f2e06bb944f4dca346baf63c )",
         "a. 5 1 52 03010192003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63c"},
        {"a. 5 IN SMIMEA 3 0 0 0102", "a. 5 1 53 0300000102"},
        {"a. 5 IN SSHFP 2 1 123456789abcdef67890123456789abcdef67890", "a. 5 1 44 0201123456789abcdef67890123456789abcdef67890"},
        {"a. 5 IN CERT PKIX 1 RSASHA256 AQIDBAU=", "a. 5 1 37 00010001080102030405"},
        {"a. 5 IN OPENPGPKEY AQIDBA==", "a. 5 1 61 01020304"},
        {"a. 5 IN DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
         "a. 5 1 49 000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40"},
        {"a. 5 IN CSYNC 66 3 A NS AAAA", "a. 5 1 62 000000420003000460000008"},
        {"a. 5 IN ZONEMD 2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE",
         "a. 5 1 63 7848b78c0101febe3d4ce2ec2ffa4ba99d46cd69d6d29711e55217057bee7eb1a7b641a47ba7fed2dd5b97ae499fafa4f22c6bd647de"},
        {"a. 5 IN URI 10 1 \"ftp://ftp1.example.com/public\"",
         "a. 5 1 256 000a00016674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963"},
        {"a. 5 IN EUI48 00-00-5e-00-53-2a", "a. 5 1 108 00005e00532a"},
        {"a. 5 IN EUI64 00-00-5E-ef-10-00-00-2a", "a. 5 1 109 00005eef1000002a"},
        {"a. 5 IN NID 10 0014:4fff:ff20:ee64", "a. 5 1 104 000a00144fffff20ee64"},
        {"a. 5 IN L32 10 10.1.2.0", "a. 5 1 105 000a0a010200"},
        {"a. 5 IN L64 10 2001:0DB8:1140:1000", "a. 5 1 106 000a20010db811401000"},
        {"a. 5 IN LP 10 l64-subnet1.example.com.", "a. 5 1 107 000a0b6c36342d7375626e657431076578616d706c6503636f6d00"},
        {"a. 5 IN LOC 60 9 0.000 N 24 39 0.000 E 10.00m 20.00m 2000.00m 20.00m", "a. 5 1 29 002325238ce82360854a10a000989a68"},
        {"a. 5 IN LOC 42 21 54 N 71 06 18 W -24m 30m", "a. 5 1 29 0033161389172dd070be15f000988d20"},
        {"a. 5 IN LOC 52 N 4 E 0.5", "a. 5 1 29 001216138b28720080dbba00009896b2"},
        {"a. 5 IN PX 50 ma.net-it. o-ab.prmd-net-it.", "a. 5 1 26 0032026d61066e65742d697400046f2d61620b70726d642d6e65742d697400"},
        {"a. 5 IN RT 0 relay.example.", "a. 5 1 21 00000572656c6179076578616d706c6500"},
        {"a. 5 IN X25 311061700956", "a. 5 1 19 0c333131303631373030393536"},
        {"a. 5 IN GPOS -32.6882 116.8652 10.0", "a. 5 1 27 082d33322e36383832083131362e383635320431302e30"},
        {"a. 5 IN KX 10 kx.example.", "a. 5 1 36 000a026b78076578616d706c6500"},
        {"a. 5 IN MINFO a. b.", "a. 5 1 14 016100016200"},
        {"a. 5 IN NINFO \"a\" \"b c\"", "a. 5 1 56 016103622063"},
        {"a. 5 IN SVCB 0 foo.example.com.", "a. 5 1 64 000003666f6f076578616d706c6503636f6d00"},
        {"a. 5 IN SVCB 16 foo.example.com. port=53", "a. 5 1 64 001003666f6f076578616d706c6503636f6d00000300020035"},
        {"a. 5 IN SVCB 1 foo.example.com. key667=hello", "a. 5 1 64 000103666f6f076578616d706c6503636f6d00029b000568656c6c6f"},
        {"a. 5 IN SVCB 1 foo.example.com. key667=\"hello\\210qoo\"",
         "a. 5 1 64 000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f"},
        {"a. 5 IN SVCB 1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
         "a. 5 1 64 000103666f6f076578616d706c6503636f6d000006002020010db800000000000000000000000120010db8000000000000000000530001"},
        {"a. 5 IN SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
         "a. 5 1 64 001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201"},
        {"a. 5 IN HTTPS 1 . alpn=\"h2,h3\" no-default-alpn ech=\"AQID\" dohpath=/dns-query{?dns}",
         "a. 5 1 65 000100000100060268320268330002000000050003010203000700102f646e732d71756572797b3f646e737d"},
        {"a. 5 IN HTTPS 1 .", "a. 5 1 65 000100"},
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
        {"a. APL 1:10.0.0.0/8", "rdata of APL is read as"},
        {"a. DS 1 2 3 0", "an even number of hexadecimal digits is wanted at"},
        {"a. DS 1 x 3 00", "an algorithm is wanted, not"},
        {"a. DNSKEY 1 2 3 AQI", "base 64 is cut"},
        {"a. DNSKEY 1 2 3 AQ==AQ==", "base 64 is wanted, not"},
        {"a. DNSKEY 1 2 3 A*==", "base 64 is wanted, not"},
        {"a. DNSKEY 1 2 3 ====", "base 64 is wanted, not"},
        {"a. RRSIG A 1 1 1 20261301000000 1 1 . AQID", "a time as in"},
        {"a. RRSIG A 1 1 1 20260101000060 1 1 . AQID", "a time as in"},
        {"a. NSEC b. XYZ", "a type is wanted, not"},
        {"a. EUI48 00-00-5e-00-53", "an address as in"},
        {"a. EUI48 00-00-5e-00-53.2a", "an address as in"},
        {"a. L64 1 2001:db8:1140:1000", "an address as in"},
        {"a. NSEC3PARAM 1 0 1 a", "a salt,"},
        {"a. LOC 91 N 4 E 0", "degrees, minutes and seconds"},
        {"a. LOC 90 1 N 4 E 0", "N or S is wanted"},
        {"a. LOC 52 60 N 4 E 0", "degrees, minutes and seconds"},
        {"a. LOC 52 1 60 N 4 E 0", "degrees, minutes and seconds"},
        {"a. LOC 52 X 4 E 0", "degrees, minutes and seconds"},
        {"a. LOC 52 N 4 E", "an altitude is wanted"},
        {"a. LOC 52 N 4 E -100001", "an altitude is wanted"},
        {"a. LOC 52 N 4 E 1 90000001", "a size in metres"},
        {"a. LOC 52 N 4 E 1 1 1 1 1", "the end of the line"},
        {"a. HTTPS 1 . alpn=", "a value as its parameter has it"},
        {"a. HTTPS 1 . alpn=,h2", "a value as its parameter has it"},
        {"a. HTTPS 1 . alpn=h2 alpn=h3", "each parameter once"},
        {"a. HTTPS 1 . port=65536", "a value as its parameter has it"},
        {"a. HTTPS 1 . ipv4hint=::1", "a value as its parameter has it"},
        {"a. HTTPS 1 . ipv4hint=1.2.3.4,", "a value as its parameter has it"},
        {"a. HTTPS 1 . no-default-alpn=x", "a value as its parameter has it"},
        {"a. HTTPS 1 . mandatory=x", "a value as its parameter has it"},
        {"a. HTTPS 1 . ech=AQI", "a value as its parameter has it"},
        {"a. HTTPS 1 . key65535=x", "a parameter such as"},
        {"a. HTTPS 1 . x=y", "a parameter such as"},
        {"a. HTTPS 1 . \"x\"", "a parameter such as"},
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
