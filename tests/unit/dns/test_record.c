#include "dns/message.h"
#include "dns/record.h"
#include "packet.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

static const struct {
	const char *owner;
	uint16_t type;
	const char *rdata, *want;
} texts[] = {
        {"Web-0.nginx.", DNS_TYPE_A, "0a000007", "Web-0.nginx. 5 IN A 10.0.0.7\n"},
        {"a\\.b.c.", DNS_TYPE_AAAA, "fd000000000000000000000000000001", "a\\.b.c. 5 IN AAAA fd00::1\n"},
        {".", DNS_TYPE_NS, "ns.dns.", ". 5 IN NS ns.dns.\n"},
        {"a.", DNS_TYPE_CNAME, "b\\;.c.", "a. 5 IN CNAME b\\;.c.\n"},
        {"a.", DNS_TYPE_PTR, "b.", "a. 5 IN PTR b.\n"},
        {"_x._tcp.a.", DNS_TYPE_SRV, "0000 0014 0050 b.", "_x._tcp.a. 5 IN SRV 0 20 80 b.\n"},
        {"a.", DNS_TYPE_SOA, "m. r. 00000001 00000002 00000003 00000004 ffffffff", "a. 5 IN SOA m. r. 1 2 3 4 4294967295\n"},
        {"a.", DNS_TYPE_TXT, "03612262 015c 0207ff", "a. 5 IN TXT \"a\\\"b\" \"\\\\\" \"\\007\\255\"\n"},
        {"a.", 65, "0001 00", "a. 5 IN TYPE65 \\# 3 000100\n"},
        {"a.", 65, "", "a. 5 IN TYPE65 \\# 0\n"},
        {"too short", DNS_TYPE_A, "0a0000", "too\\032short. 5 IN TYPE1 \\# 3 0A0000\n"},
        {"too.long.", DNS_TYPE_A, "0a00000701", "too.long. 5 IN TYPE1 \\# 5 0A00000701\n"},
        {"no.root.", DNS_TYPE_NS, "0161", "no.root. 5 IN TYPE2 \\# 2 0161\n"},
        {"cut.", DNS_TYPE_SOA, "m. r. 00000001", "cut. 5 IN TYPE6 \\# 10 016D0001720000000001\n"},
        {"cut.", DNS_TYPE_TXT, "0361", "cut. 5 IN TYPE16 \\# 2 0361\n"},
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct name owner = name_of(texts[i].owner);
		struct buffer out = {0};
		size_t len = 0;
		uint8_t *rdata = packet_from_text(texts[i].rdata, &len);
		record_to_text(&(struct record){&owner, texts[i].type, 5, rdata, len}, &out);
		buffer_append(&out, "", 1);
		assert_string_equal(out.data, texts[i].want);
		buffer_free(&out);
		free(rdata);
	}
}

/* In their order (RFC 4034 6.1 has most of these names). */
static const struct {
	const char *owner;
	uint16_t type;
} sorted[] = {
        {"example.", DNS_TYPE_SOA},
        {"example.", DNS_TYPE_A},
        {"example.", DNS_TYPE_NS},
        {"a.example.", DNS_TYPE_AAAA},
        {"yljkjljk.a.example.", DNS_TYPE_A},
        {"Z.a.example.", DNS_TYPE_A},
        {"zABC.a.EXAMPLE.", DNS_TYPE_A},
        {"aa.example.", DNS_TYPE_A},
        {"z.example.", DNS_TYPE_A},
        {"\\000.z.example.", DNS_TYPE_A},
        {"a.\\000.z.example.", DNS_TYPE_A},
        {"\\001.z.example.", DNS_TYPE_A},
        {"\\001\\000.z.example.", DNS_TYPE_A},
        {"\\002.z.example.", DNS_TYPE_A},
        {"*.z.example.", DNS_TYPE_A},
        {"\\200.z.example.", DNS_TYPE_A},
};

static void test_order(void **state)
{
	struct buffer last = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		struct name owner = name_of(sorted[i].owner);
		struct buffer key = {0};
		record_sort_key(&(struct record){.owner = &owner, .type = sorted[i].type}, &key);
		size_t len = key.len < last.len ? key.len : last.len;
		if (i && (memcmp(last.data, key.data, len) > 0 || (memcmp(last.data, key.data, len) == 0 && last.len >= key.len)))
			fail_msg("%s stands too late", sorted[i].owner);
		buffer_free(&last);
		last = key;
	}
	buffer_free(&last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_order)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
