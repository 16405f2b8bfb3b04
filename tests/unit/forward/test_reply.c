/* Replies are written for clients, octet for octet. */
#include "../dns/packet.h"
#include "message.h"
#include "unit.h"
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define UP (DNS_QR | DNS_AA | DNS_RD | DNS_RA | DNS_AD) /* flags of what the upstream said */

static struct message message; /* too large for the stack */
static uint8_t out[65535];

static const struct {
	const char *what, *qname;
	unsigned flags;
	enum edns edns;
	struct reply_terms terms;
	const char *want;
} clients[] = {
        {"id, RD and spelling are the client's, the TTL is one",
         "WwW.example.",
         DNS_RD,
         NO_EDNS,
         {.ttl_s = 7},
         "1234 8580 0001 0002 0000 0000 WwW.example. 0001 0001 "
         "c00c 0001 0001 00000007 0004 0a000001 c00c 0001 0001 00000007 0004 0a000002"},
        {"RD and AD only if set",
         "www.example.",
         0,
         NO_EDNS,
         {.ttl_s = 0},
         "1234 8480 0001 0002 0000 0000 www.example. 0001 0001 "
         "c00c 0001 0001 00000000 0004 0a000001 c00c 0001 0001 00000000 0004 0a000002"},
        {"CD is the client's, AD for who sets AD",
         "www.example.",
         DNS_CD | DNS_AD,
         NO_EDNS,
         {.ttl_s = 0x01020304},
         "1234 84b0 0001 0002 0000 0000 www.example. 0001 0001 "
         "c00c 0001 0001 01020304 0004 0a000001 c00c 0001 0001 01020304 0004 0a000002"},
        {"AD for who sets DO, rotated",
         "www.example.",
         DNS_RD,
         EDNS_DO,
         {.ttl_s = 5, .rotation = 7},
         "1234 85a0 0001 0002 0000 0001 www.example. 0001 0001 "
         "c00c 0001 0001 00000005 0004 0a000002 c00c 0001 0001 00000005 0004 0a000001 00 0029 04d0 00008000 0000"},
        {"TTLs as they were, an explanation",
         "www.example.",
         DNS_RD,
         EDNS,
         {.own_ttls = true, .rotation = 2, .ede = &(const struct ede)EDE_SAYING(3, "old")},
         "1234 8580 0001 0002 0000 0001 www.example. 0001 0001 "
         "c00c 0001 0001 00000384 0004 0a000001 c00c 0001 0001 00000384 0004 0a000002 00 0029 04d0 00000000 0009 000f 0005 0003 6f6c64"},
};

static void test_clients(void **state)
{
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_A, UP);
	message_add_addresses(&message, 2, 900);
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct asked a;
		asked_begin(&a, clients[i].qname, DNS_TYPE_A, clients[i].flags, clients[i].edns);
		size_t len = reply_write(&message.reply, &a.request, &clients[i].terms, out, 512);
		packet_assert_equal(clients[i].what, out, len, clients[i].want);
	}
}

static unsigned count_at(unsigned at)
{
	return (unsigned)(out[at] << 8 | out[at + 1]);
}

static bool is_truncated(void)
{
	return out[2] & DNS_TC >> 8;
}

/* 29 octets of header and question, 16 of each address: 30 of them are 509, with OPT 520. */
static void test_cut_in_the_answers(void **state)
{
	struct asked a;
	const struct reply_terms terms = {.ttl_s = 1, .rotation = 39};
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_A, UP);
	message_add_addresses(&message, 40, 900);
	message_add(&message, 1, DNS_TYPE_NS, 900, "\0", 1);
	message_add(&message, 2, DNS_TYPE_TXT, 900, "\0", 1);
	for (enum edns edns = NO_EDNS; edns <= EDNS; edns++) {
		unsigned kept = edns ? 29 : 30;
		asked_begin(&a, "www.example.", DNS_TYPE_A, DNS_RD, edns);
		size_t len = reply_write(&message.reply, &a.request, &terms, out, 512);
		assert_int_equal(len, 29 + kept * 16 + (edns ? REPLY_OPT_LEN : 0));
		assert_true(is_truncated());
		assert_int_equal(count_at(6), kept);
		assert_int_equal(count_at(8), 0);
		assert_int_equal(count_at(10), edns ? 1 : 0);
		assert_int_equal(out[29 + 15], 40); /* the last of the whole run comes first */
		assert_int_equal(out[29 + 16 + 15], 1);
		assert_int_equal(out[29 + 16 * kept - 1], kept - 1);
	}
}

static void test_cut_between_sections(void **state)
{
	struct asked a;
	const struct reply_terms terms = {.ttl_s = 1};
	static const uint8_t text[100] = {99};
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_TXT, UP);
	message_add(&message, 0, DNS_TYPE_TXT, 900, text, sizeof text); /* 112 octets */
	message_add(&message, 0, DNS_TYPE_TXT, 900, text, sizeof text);
	message_add(&message, 1, DNS_TYPE_TXT, 900, text, sizeof text);
	message_add(&message, 2, DNS_TYPE_TXT, 900, text, sizeof text);
	message_add(&message, 2, DNS_TYPE_TXT, 900, text, sizeof text);
	asked_begin(&a, "www.example.", DNS_TYPE_TXT, DNS_RD, NO_EDNS);

	assert_int_equal(reply_write(&message.reply, &a.request, &terms, out, 512), 29 + 3 * 112); /* one additional record would fit */
	assert_false(is_truncated());
	assert_int_equal(count_at(6), 2);
	assert_int_equal(count_at(8), 1);
	assert_int_equal(count_at(10), 0);

	assert_int_equal(reply_copy(&message.reply, &terms, out, 29 + 3 * 112 - 1), 29 + 2 * 112); /* no authority */
	assert_true(is_truncated());
	assert_int_equal(count_at(6), 2);
	assert_int_equal(count_at(8), 0);

	assert_int_equal(reply_copy(&message.reply, &terms, out, 29 + 5 * 112), 29 + 5 * 112); /* all of it */
	assert_false(is_truncated());
	assert_int_equal(count_at(10), 2);
}

static void test_no_record_fits(void **state)
{
	struct asked a;
	static const uint8_t text[600] = {255};
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_TXT, UP);
	message_add(&message, 0, DNS_TYPE_TXT, 900, text, sizeof text);
	asked_begin(&a, "www.example.", DNS_TYPE_TXT, DNS_RD, EDNS);
	size_t len = reply_write(&message.reply, &a.request, &(struct reply_terms){.ttl_s = 1}, out, 512);
	packet_assert_equal("only the question", out, len,
	                    "1234 8780 0001 0000 0000 0001 www.example. 0010 0001 00 0029 04d0 00000000 0000");
}

/* The largest message there is has no room for OPT. */
static void test_largest(void **state)
{
	struct asked a;
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_A, UP);
	message_add_addresses(&message, (65535 - 29) / 16, 900);
	asked_begin(&a, "www.example.", DNS_TYPE_A, DNS_RD, NO_EDNS);
	assert_int_equal(reply_write(&message.reply, &a.request, &(struct reply_terms){.ttl_s = 1}, out, 65535), message.reply.len);
	assert_false(is_truncated());
	asked_begin(&a, "www.example.", DNS_TYPE_A, DNS_RD, EDNS);
	assert_in_range(reply_write(&message.reply, &a.request, &(struct reply_terms){.ttl_s = 1}, out, 65535), 65535 - 16, 65535);
	assert_true(is_truncated());
}

/* Each address comes first once. */
static void test_rotation_is_fair(void **state)
{
	struct asked a;
	unsigned first[4] = {0};
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_A, UP);
	message_add(&message, 0, DNS_TYPE_CNAME, 900, "\xc0\x0c", 2); /* the run does not begin the section */
	message_add_addresses(&message, 4, 900);
	asked_begin(&a, "www.example.", DNS_TYPE_A, DNS_RD, NO_EDNS);
	for (unsigned rotation = 0; rotation < 400; rotation++) {
		unsigned seen = 0;
		reply_write(&message.reply, &a.request, &(struct reply_terms){.ttl_s = 1, .rotation = rotation}, out, 512);
		for (unsigned i = 0; i < 4; i++)
			seen |= 1u << out[message.ttl_at[1 + i] + 9];
		assert_int_equal(seen, 0x1e);
		first[out[message.ttl_at[1] + 9] - 1]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(first[i], 100);
}

/* The upper bits of a rcode are in OPT. */
static void test_extended_rcode(void **state)
{
	struct asked a;
	(void)state;
	message_begin(&message, "www.example.", DNS_TYPE_A, UP);
	message.reply.rcode = DNS_BADVERS;
	asked_begin(&a, "www.example.", DNS_TYPE_A, 0, EDNS);
	size_t len = reply_write(&message.reply, &a.request, &(struct reply_terms){.ttl_s = 1}, out, 512);
	packet_assert_equal("BADVERS", out, len, "1234 8480 0001 0000 0000 0001 www.example. 0001 0001 00 0029 04d0 01000000 0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_clients),
	        cmocka_unit_test(test_cut_in_the_answers),
	        cmocka_unit_test(test_cut_between_sections),
	        cmocka_unit_test(test_no_record_fits),
	        cmocka_unit_test(test_largest),
	        cmocka_unit_test(test_rotation_is_fair),
	        cmocka_unit_test(test_extended_rcode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
