#include "describe.h"
#include "dns/response.h"
#include "dns/wire.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define QUESTION "Web-0.nginx. 0001 0001 " /* its name ends at 25, and nginx stands at 18 */
#define OPT      "00 0029 04d0 00000000 0000 "
#define A        "c00c 0001 0001 00000005 0004 0a000001 "
#define TSIG     "key. 00fa 00ff 00000000 0000 "

/* What came of a message: "id flags opcode rcode | question | EDNS | TSIG", then a line for each record: section, owner, type, class, TTL
 * and the names and other octets of its rdata. */
static const struct {
	const char *what, *message;
	enum response_verdict verdict;
	const char *want;
} cases[] = {
        {"an answer", "1234 8180 0001 0001 0000 0000 " QUESTION A, RESPONSE_OK,
         "1234 8180 0 0 | Web-0.nginx. 1 1 | - | -\n0 Web-0.nginx. 1 1 5 0a000001\n"},
        {"nothing but a header", "1234 8001 0000 0000 0000 0000", RESPONSE_OK, "1234 8001 0 1 | - | - | -\n"},
        {"NOTIFY's response", "1234 a404 0001 0000 0000 0000 " QUESTION, RESPONSE_OK, "1234 a404 4 4 | Web-0.nginx. 1 1 | - | -\n"},
        {"EDNS, the rcode's upper bits, DO", "1234 8000 0001 0000 0000 0001 " QUESTION "00 0029 1000 01008000 0000", RESPONSE_OK,
         "1234 8000 0 16 | Web-0.nginx. 1 1 | 4096 0 do | -\n"},
        {"an option", "1234 8000 0001 0000 0000 0001 " QUESTION "00 0029 01ff 00000000 0006 000f 0002 0016", RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | 511 0 - 15 | -\n"},
        {"options of a version that we don't know", "1234 8000 0001 0000 0000 0001 " QUESTION "00 0029 01ff 00010000 0001 00", RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | 511 1 - | -\n"},
        {"OPT between others, TSIG at the end", "1234 8000 0001 0000 0000 0004 " QUESTION A OPT A TSIG, RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | 1232 0 - | 72\n2 Web-0.nginx. 1 1 5 0a000001\n2 Web-0.nginx. 1 1 5 0a000001\n"},
        {"all sections",
         "1234 8000 0001 0001 0001 0001 " QUESTION "c00c 0005 0001 0000003c 0004 0161 c012 "
         "c012 0002 0001 ffffffff 0002 c012 "
         "c012 001c 0001 00000000 0010 00000000000000000000000000000001",
         RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n0 Web-0.nginx. 5 1 60 a.nginx.\n1 nginx. 2 1 4294967295 nginx.\n"
         "2 nginx. 28 1 0 00000000000000000000000000000001\n"},

        {"a query", "1234 0100 0001 0000 0000 0000 " QUESTION, RESPONSE_NONE, "0000 0000 0 0 | - | - | -\n"},
        {"a short header", "1234 8100 0001 0000 0000 00", RESPONSE_NONE, "0000 0000 0 0 | - | - | -\n"},
        {"two questions", "1234 8000 0002 0000 0000 0000 " QUESTION QUESTION, RESPONSE_MALFORMED, "1234 8000 0 0 | - | - | -\n"},
        {"a compressed question", "1234 8000 0001 0000 0000 0000 0161 c00c 0001 0001", RESPONSE_MALFORMED, "1234 8000 0 0 | - | - | -\n"},
        {"truncated in a record", "1234 8200 0001 0002 0000 0000 " QUESTION A "c00c 0001 0001", RESPONSE_MALFORMED,
         "1234 8200 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"octets after the end", "1234 8000 0001 0001 0000 0000 " QUESTION A "00", RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n0 Web-0.nginx. 1 1 5 0a000001\n"},
        {"one record less than counted", "1234 8000 0001 0002 0000 0000 " QUESTION A, RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"one more", "1234 8000 0001 0001 0000 0000 " QUESTION A A, RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n0 Web-0.nginx. 1 1 5 0a000001\n"},
        {"65535 counted", "1234 8000 0001 ffff ffff ffff " QUESTION A, RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"an owner that points forward", "1234 8000 0001 0001 0000 0000 " QUESTION "c0ff 0001 0001 00000005 0004 0a000001",
         RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"an owner that points at itself", "1234 8000 0001 0001 0000 0000 " QUESTION "c01d 0001 0001 00000005 0004 0a000001",
         RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"a target that points at itself", "1234 8000 0001 0001 0000 0000 " QUESTION "c00c 0005 0001 00000005 0002 c029",
         RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"a target that reaches beyond its rdata", "1234 8000 0001 0001 0000 0000 " QUESTION "c00c 0005 0001 00000005 0002 0161 00",
         RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"a target, and more", "1234 8000 0001 0001 0000 0000 " QUESTION "c00c 0005 0001 00000005 0003 c00c 00", RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"three octets of an address", "1234 8000 0001 0001 0000 0000 " QUESTION "c00c 0001 0001 00000005 0003 0a0000", RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"A of class CH has another form", "1234 8000 0001 0001 0000 0000 " QUESTION "c00c 0001 0003 00000005 0003 0a0000", RESPONSE_OK,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n0 Web-0.nginx. 1 3 5 0a0000\n"},
        {"OPT in answer", "1234 8000 0001 0001 0000 0000 " QUESTION OPT, RESPONSE_MALFORMED, "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"OPT twice", "1234 8000 0001 0000 0000 0002 " QUESTION OPT OPT, RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | 1232 0 - | -\n"},
        {"OPT not at the root", "1234 8000 0001 0000 0000 0001 " QUESTION "c00c 0029 04d0 00000000 0000 ", RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | -\n"},
        {"an option that is cut", "1234 8000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0003 000300", RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | 1232 0 - | -\n"},
        {"something after TSIG", "1234 8000 0001 0000 0000 0002 " QUESTION TSIG A, RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | 29\n"},
        {"TSIG in authority", "1234 8000 0001 0000 0001 0000 " QUESTION TSIG, RESPONSE_MALFORMED,
         "1234 8000 0 0 | Web-0.nginx. 1 1 | - | 29\n"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct response r;
		char text[4096];
		size_t len;
		uint8_t *bytes = packet_from_text(cases[i].message, &len);
		enum response_verdict verdict = response_parse(&r, bytes, len);
		describe_response(&r, text);
		if (verdict == RESPONSE_OK)
			describe_records(&r, text + strlen(text));
		if (verdict != cases[i].verdict || strcmp(text, cases[i].want) != 0)
			fail_msg("%s: verdict %d, %s", cases[i].what, (int)verdict, text);
		free(bytes);
	}
}

/* Every beginning of a valid message is malformed, each in a block of its own, so that the sanitizer guards its end; one with an
 * octet more is not: it ends where it ended. */
static void test_cut(void **state)
{
	size_t full;
	uint8_t *all = packet_from_text("1234 8380 0001 0002 0001 0002 " QUESTION "c00c 0005 0001 0000003c 0004 0161 c012 " A
	                                "c012 0006 0001 00000005 0018 c012 c012 00000001 00000002 00000003 00000004 00000005 " OPT TSIG,
	                                &full);
	(void)state;
	for (size_t len = 0; len <= full + 1; len++) {
		uint8_t *bytes = malloc(len ? len : 1);
		struct response r;
		assert_non_null(bytes);
		memcpy(bytes, all, len < full ? len : full);
		if (len > full)
			bytes[full] = 0;
		enum response_verdict want = len < DNS_HEADER_LEN ? RESPONSE_NONE : len >= full ? RESPONSE_OK : RESPONSE_MALFORMED;
		assert_int_equal(response_parse(&r, bytes, len), want);
		assert_true(want != RESPONSE_OK || r.len == full);
		assert_int_equal(r.has_question, len >= DNS_HEADER_LEN + 17);
		assert_int_equal(r.flags & DNS_TC, want == RESPONSE_NONE ? 0 : DNS_TC);
		free(bytes);
	}
	free(all);
}

/* Rdata that has names, each compressed to a pointer to nginx. */
static const struct {
	uint16_t type;
	const char *rdata;
} forms[] = {
        {DNS_TYPE_NS, "c012"},
        {DNS_TYPE_MD, "c012"},
        {DNS_TYPE_MF, "c012"},
        {DNS_TYPE_CNAME, "c012"},
        {DNS_TYPE_SOA, "c012 c012 0102030405060708090a0b0c0d0e0f1011121314"},
        {DNS_TYPE_MB, "c012"},
        {DNS_TYPE_MG, "c012"},
        {DNS_TYPE_MR, "c012"},
        {DNS_TYPE_PTR, "c012"},
        {DNS_TYPE_MINFO, "c012 c012"},
        {DNS_TYPE_MX, "000a c012"},
        {DNS_TYPE_RP, "c012 c012"},
        {DNS_TYPE_AFSDB, "0001 c012"},
        {DNS_TYPE_RT, "0001 c012"},
        {DNS_TYPE_NSAP_PTR, "c012"},
        {DNS_TYPE_SIG, "0001 05 02 00000005 00000006 00000007 0008 c012"},
        {DNS_TYPE_PX, "0001 c012 c012"},
        {DNS_TYPE_NXT, "c012"},
        {DNS_TYPE_SRV, "0001 0002 0003 c012"},
        {DNS_TYPE_NAPTR, "0001 0002 0173 02e1e2 00 c012"},
        {DNS_TYPE_KX, "0001 c012"},
        {DNS_TYPE_A6, "40 0102030405060708 c012"},
        {DNS_TYPE_A6, "7f 01 c012"},
        {DNS_TYPE_A6, "80 c012"},
        {DNS_TYPE_A6, "00 000102030405060708090a0b0c0d0e0f"},
        {DNS_TYPE_DNAME, "c012"},
        {DNS_TYPE_RRSIG, "0001 05 02 00000005 00000006 00000007 0008 c012"},
        {DNS_TYPE_NSEC, "c012"},
        {DNS_TYPE_TALINK, "c012 c012"},
        {DNS_TYPE_SVCB, "0001 c012"},
        {DNS_TYPE_HTTPS, "0001 c012"},
        {DNS_TYPE_LP, "0001 c012"},
        {DNS_TYPE_A, "01020304"},
        {DNS_TYPE_AAAA, "0102030405060708090a0b0c0d0e0f10"},
};

static bool has_rest(uint16_t type)
{
	return type == DNS_TYPE_SIG || type == DNS_TYPE_RRSIG || type == DNS_TYPE_NXT || type == DNS_TYPE_NSEC || type == DNS_TYPE_SVCB ||
	       type == DNS_TYPE_HTTPS;
}

/* The verdict on a message of one record with that rdata, or as much of it as len says. */
static enum response_verdict judge(uint16_t type, const uint8_t *rdata, size_t len)
{
	size_t start;
	uint8_t *bytes = packet_from_text("1234 8000 0001 0001 0000 0000 " QUESTION "c00c ffff 0001 00000005 0000 ", &start);
	struct response r;
	bytes = realloc(bytes, start + len);
	assert_non_null(bytes);
	wire_store_u16(bytes + start - 10, type);
	wire_store_u16(bytes + start - 2, (unsigned)len);
	memcpy(bytes + start, rdata, len);
	enum response_verdict verdict = response_parse(&r, bytes, start + len);
	free(bytes);
	return verdict;
}

static void test_rdata(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		size_t len;
		uint8_t *rdata = packet_from_text(forms[i].rdata, &len);
		uint8_t *longer = calloc(1, len + 1);
		assert_non_null(longer);
		memcpy(longer, rdata, len);
		for (size_t cut = 0; cut <= len; cut++)
			if (judge(forms[i].type, rdata, cut) != (cut == len ? RESPONSE_OK : RESPONSE_MALFORMED))
				fail_msg("type %u, %zu of %zu octets", forms[i].type, cut, len);
		assert_int_equal(judge(forms[i].type, longer, len + 1), has_rest(forms[i].type) ? RESPONSE_OK : RESPONSE_MALFORMED);
		free(longer);
		free(rdata);
	}
	assert_int_equal(judge(DNS_TYPE_A6, (const uint8_t[]){129, 0}, 2), RESPONSE_MALFORMED);
	assert_int_equal(judge(DNS_TYPE_TXT, (const uint8_t[]){9}, 1), RESPONSE_OK); /* not looked into */
}

static void test_rdata_names(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text("1234 8000 0001 0003 0000 0000 " QUESTION "c00c 0021 0001 00000005 000a 0001 0002 0003 0161 c012 "
	                                  "c00c 000f 0001 00000005 0004 000a c012 " A,
	                                  &len);
	static const struct {
		size_t at;
		const char *want;
	} names[3] = {{6, "a.nginx."}, {2, "nginx."}, {0, "."}};
	struct response r;
	struct response_record record;
	(void)state;
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	struct response_cursor c = response_section(&r, DNS_ANSWER);
	for (size_t i = 0; i < 3; i++) {
		struct name n;
		char text[NAME_TEXT_MAX];
		assert_true(response_next(&r, &c, &record));
		response_rdata_name(&r, &record, names[i].at, &n);
		name_to_text(&n, text);
		assert_string_equal(text, names[i].want);
		response_rdata_name(&r, &record, 1, &n);
		assert_int_equal(n.len, 1);
	}
	assert_false(response_next(&r, &c, &record));
	free(bytes);
}

/* A header, whose last octets are the count of answers; the caller frees it. */
static uint8_t *message_of(size_t len, unsigned answers)
{
	uint8_t *bytes = calloc(1, len);
	assert_non_null(bytes);
	bytes[2] = 0x80;
	wire_store_u16(bytes + 6, answers);
	return bytes;
}

/* As many records as fit: 5956 at the root, with three octets of rdata more than 0 in the last. */
static void test_64_kib(void **state)
{
	size_t records = (DNS_TCP_SIZE_MAX - DNS_HEADER_LEN) / 11, seen = 0, rest = (DNS_TCP_SIZE_MAX - DNS_HEADER_LEN) % 11;
	uint8_t *bytes = message_of(DNS_TCP_SIZE_MAX + 1, (unsigned)records);
	struct response r;
	struct response_record record;
	(void)state;
	wire_store_u16(bytes + DNS_TCP_SIZE_MAX - rest - 2, (unsigned)rest);
	assert_int_equal(response_parse(&r, bytes, DNS_TCP_SIZE_MAX + 1), RESPONSE_MALFORMED);
	assert_int_equal(response_parse(&r, bytes, DNS_TCP_SIZE_MAX - 1), RESPONSE_MALFORMED);
	assert_int_equal(response_parse(&r, bytes, DNS_TCP_SIZE_MAX), RESPONSE_OK);
	for (struct response_cursor c = response_section(&r, DNS_ANSWER); response_next(&r, &c, &record);)
		seen++;
	assert_int_equal(seen, records);
	assert_int_equal(record.rdata_len, rest);
	free(bytes);
}

/* A name of so many labels of one octet as an owner: 127 are a name. */
static void test_labels(void **state)
{
	(void)state;
	for (size_t labels = 126; labels <= 128; labels++) {
		size_t len = DNS_HEADER_LEN + 2 * labels + 11;
		uint8_t *bytes = message_of(len, 1);
		struct response r;
		for (size_t i = 0; i < labels; i++)
			memcpy(bytes + DNS_HEADER_LEN + 2 * i, "\1a", 2);
		assert_int_equal(response_parse(&r, bytes, len), labels <= NAME_LABELS_MAX ? RESPONSE_OK : RESPONSE_MALFORMED);
		free(bytes);
	}
}

/* As Go's dns library counts a message that it does not compress; OPT and TSIG are left out. */
static void test_uncompressed_len(void **state)
{
	static const struct {
		const char *message;
		size_t want;
	} lengths[] = {
	        {"1234 8180 0001 0000 0000 0000 " QUESTION, 12 + 17},
	        {"1234 8180 0001 0001 0000 0000 " QUESTION A, 12 + 17 + 13 + 10 + 4},
	        {"1234 8180 0001 0001 0000 0002 " QUESTION A OPT TSIG, 12 + 17 + 13 + 10 + 4},
	        {"1234 8180 0001 0001 0000 0000 " QUESTION "c00c 0005 0001 0000003c 0004 0161 c012 ", 12 + 17 + 13 + 10 + 9},
	        {"1234 8180 0001 0001 0000 0000 " QUESTION "c00c 0021 0001 0000003c 0008 0000 0000 0050 c00c", 12 + 17 + 13 + 10 + 6 + 13},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct response r;
		size_t len;
		uint8_t *bytes = packet_from_text(lengths[i].message, &len);
		assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
		assert_int_equal(response_uncompressed_len(&r), lengths[i].want);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse),       cmocka_unit_test(test_cut),    cmocka_unit_test(test_rdata),
	        cmocka_unit_test(test_rdata_names), cmocka_unit_test(test_64_kib), cmocka_unit_test(test_uncompressed_len),
	        cmocka_unit_test(test_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
