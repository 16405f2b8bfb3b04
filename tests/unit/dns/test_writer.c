#include "dns/writer.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define QUESTION "www.example.com. 0001 0001 " /* ends at 33 */
#define A1       "c00c 0001 0001 00000005 0004 0a000001 "
#define A2       "c00c 0001 0001 00000005 0004 0a000002 "
#define MX       "c010 000f 0001 00000007 0009 000a 046d61696c c010 " /* at 65, its target at 79 */
#define GLUE1    "c04f 0001 0001 00000005 0004 0a000001 "
#define GLUE2    "c04f 0001 0001 00000005 0004 0a000002 "
#define OPT      "00 0029 04d0 01008000 0004 0003 0000 "

static const uint8_t addresses[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
static const struct rdata pair[2] = {{addresses[0], 4}, {addresses[1], 4}};

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

/* Two addresses, an MX in authority, its two addresses in additional, and OPT with an option. */
static size_t write_all(uint8_t *bytes, size_t limit)
{
	static const uint8_t mx[] = "\0\12\4mail\7example\3com";
	const struct rdata target = {mx, sizeof mx};
	struct name www = name_of("www.example.com."), apex = name_of("Example.com."), mail = name_of("mail.example.com.");
	const struct rrset set = {&www, DNS_TYPE_A, DNS_CLASS_IN, 5, pair, 2}, glue = {&mail, DNS_TYPE_A, DNS_CLASS_IN, 5, pair, 2};
	const struct opt opt = {.udp_size = 1232, .dnssec_ok = true, .rcode = 16, .data = (const uint8_t[]){0, 3, 0, 0}, .len = 4};
	struct writer w;
	writer_begin(&w, bytes, limit, 0x1234, DNS_QR | DNS_AA);
	if (!writer_put_question(&w, &www, DNS_TYPE_A, DNS_CLASS_IN) || !writer_reserve_opt(&w, opt.len))
		return 0;
	writer_put_rrset(&w, DNS_ANSWER, &set);
	writer_put(&w, DNS_AUTHORITY, &apex, DNS_TYPE_MX, DNS_CLASS_IN, 7, &target);
	writer_put_rrset(&w, DNS_ADDITIONAL, &glue);
	return writer_end(&w, &opt);
}

/* What there is for each room: records are cut whole, OPT stays, and only answer and authority make it truncated. */
static const struct {
	size_t from;
	const char *want;
} rooms[] = {
        {33 + 15, "1234 8600 0001 0000 0000 0001 " QUESTION OPT},
        {33 + 15 + 16, "1234 8600 0001 0001 0000 0001 " QUESTION A1 OPT},
        {33 + 15 + 32, "1234 8600 0001 0002 0000 0001 " QUESTION A1 A2 OPT},
        {33 + 15 + 32 + 21, "1234 8400 0001 0002 0001 0001 " QUESTION A1 A2 MX OPT},
        {33 + 15 + 32 + 21 + 32, "1234 8400 0001 0002 0001 0003 " QUESTION A1 A2 MX GLUE1 GLUE2 OPT},
};

static void test_each_room(void **state)
{
	(void)state;
	for (size_t limit = DNS_HEADER_LEN, i = 0; limit <= rooms[COUNT(rooms) - 1].from + 1; limit++) {
		uint8_t *bytes = malloc(limit);
		assert_non_null(bytes);
		size_t len = write_all(bytes, limit);
		i += i + 1 < COUNT(rooms) && limit >= rooms[i + 1].from;
		if (limit < rooms[0].from)
			assert_int_equal(len, 0);
		else
			packet_assert_equal("room", bytes, len, rooms[i].want);
		free(bytes);
	}
}

/* A set that is put record by record is one set, too. */
static void test_cut_set_of_single_records(void **state)
{
	uint8_t bytes[DNS_HEADER_LEN + 3 + 14 + 14 + 13];
	struct name a = name_of("a."), b = name_of("b.");
	struct writer w;
	(void)state;
	writer_begin(&w, bytes, sizeof bytes, 0, DNS_QR);
	assert_true(writer_put(&w, DNS_ADDITIONAL, &a, DNS_TYPE_TXT, DNS_CLASS_IN, 1, &(struct rdata){(const uint8_t[]){0}, 1}));
	size_t before = w.w.len;
	assert_true(writer_put(&w, DNS_ADDITIONAL, &b, DNS_TYPE_TXT, DNS_CLASS_IN, 1, &(struct rdata){(const uint8_t[]){0}, 1}));
	assert_true(writer_put(&w, DNS_ADDITIONAL, &b, DNS_TYPE_TXT, DNS_CLASS_IN, 1, &(struct rdata){(const uint8_t[]){0}, 1}));
	assert_false(writer_put(&w, DNS_ADDITIONAL, &b, DNS_TYPE_TXT, DNS_CLASS_IN, 1, &(struct rdata){(const uint8_t[]){0}, 1}));
	assert_false(writer_put(&w, DNS_ADDITIONAL, &a, DNS_TYPE_TXT, DNS_CLASS_IN, 1, &(struct rdata){(const uint8_t[]){0}, 1}));
	assert_int_equal(writer_end(&w, NULL), before);
	packet_assert_equal("set", bytes, before, "0000 8000 0000 0000 0000 0001 a. 0010 0001 00000001 0001 00");
}

/* Names in rdata by type: RFC 1035's are compressed, others not; rdata that is wrong is put as it is, and names of it forgotten. */
static const struct {
	const char *what, *rdata;
	uint16_t type;
	const char *want;
} kinds[] = {
        {"CNAME", "b.nginx.", DNS_TYPE_CNAME, "0004 0162 c00e"},
        {"SOA", "a.nginx. nginx. 0102030405060708090a0b0c0d0e0f1011121314", DNS_TYPE_SOA,
         "0018 c00c c00e 0102030405060708090a0b0c0d0e0f1011121314"},
        {"SRV", "0001 0002 0003 b.nginx.", DNS_TYPE_SRV, "000f 0001 0002 0003 b.nginx."},
        {"DNAME", "b.nginx.", DNS_TYPE_DNAME, "0009 b.nginx."},
        {"TXT that looks like a name", "b.nginx.", DNS_TYPE_TXT, "0009 b.nginx."},
        {"MX, too long", "000a b.nginx. 00", DNS_TYPE_MX, "000c 000a b.nginx. 00"},
        {"empty", "", DNS_TYPE_NS, "0000"},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		uint8_t bytes[512];
		char want[256] = "0000 8000 0001 0001 0000 0000 a.nginx. 0001 0001 c00c ";
		struct name owner = name_of("a.nginx.");
		size_t len;
		uint8_t *rdata = packet_from_text(kinds[i].rdata, &len);
		struct writer w;
		writer_begin(&w, bytes, sizeof bytes, 0, DNS_QR);
		assert_true(writer_put_question(&w, &owner, DNS_TYPE_A, DNS_CLASS_IN));
		assert_true(writer_put(&w, DNS_ANSWER, &owner, kinds[i].type, DNS_CLASS_IN, 1, &(struct rdata){rdata, (uint16_t)len}));
		snprintf(want + strlen(want), 100, "%04x 0001 00000001 %s", kinds[i].type, kinds[i].want);
		packet_assert_equal(kinds[i].what, bytes, writer_end(&w, NULL), want);
		free(rdata);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_room),
	        cmocka_unit_test(test_cut_set_of_single_records),
	        cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
