/* Octets of queries, and which messages are their replies. */
#include "../unit.h"
#include "query.h"
#include <string.h>

#define RECORD 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 2, 3

struct asked {
	struct question q;
	uint8_t octets[QUERY_LEN_MAX];
	size_t len;
};

static void ask(struct asked *a, bool edns, struct dice *dice)
{
	static const uint8_t name[] = "\3www\7example\3com";
	a->q = (struct question){.name = name, .name_len = sizeof name, .type = DNS_TYPE_A, .class = DNS_CLASS_IN, .flags = DNS_RD};
	a->len = query_write(a->octets, &a->q, 0x1234, edns, dice);
}

static void written(void **state)
{
	static const uint8_t plain[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1";
	static const uint8_t opt[] = "\0\0\x29\x04\xd0\0\0\0\0\0";
	struct asked a;
	(void)state;
	ask(&a, false, NULL);
	assert_int_equal(a.len, sizeof plain - 1);
	assert_memory_equal(a.octets, plain, a.len);
	ask(&a, true, NULL);
	assert_int_equal(a.len, sizeof plain - 1 + QUERY_EDNS_LEN);
	assert_int_equal(a.octets[11], 1);
	assert_memory_equal(a.octets + sizeof plain - 1, opt, QUERY_EDNS_LEN);
	a.q.edns_do = true;
	query_write(a.octets, &a.q, 0, true, NULL);
	assert_int_equal(a.octets[a.len - 4], 0x80);
}

/* Only letters are changed, and all spellings of a short name come up. */
static void spelt_at_random(void **state)
{
	struct dice dice = {0};
	static const uint8_t name[] = "\2a1\1b"; /* lengths and digits stay */
	struct question q = {.name = name, .name_len = sizeof name, .type = 0x4161, .class = 0x6141};
	unsigned seen[2][2] = {0};
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t bytes[QUERY_LEN_MAX];
		size_t len = query_write(bytes, &q, 0, false, &dice);
		const uint8_t *n = bytes + DNS_HEADER_LEN;
		assert_int_equal(len, DNS_HEADER_LEN + sizeof name + 4);
		assert_true(n[0] == 2 && (n[1] | 0x20) == 'a' && n[2] == '1' && n[3] == 1 && (n[4] | 0x20) == 'b' && n[5] == 0);
		assert_memory_equal(n + 6, "\x41\x61\x61\x41", 4);
		seen[n[1] == 'a'][n[4] == 'b']++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(seen[i / 2][i % 2], 150, 350);
}

/* The reply: header and question of the query, then what the row says. */
static const struct {
	const char *what;
	uint16_t flags;
	unsigned questions, answers, additional;
	bool edns; /* asked with */
	enum reply_verdict want;
	size_t len;
	uint8_t records[48];
} replies[] = {
        {"one record", 0x8180, 1, 1, 0, true, REPLY_ANSWER, 16, {RECORD}},
        {"none", 0x8183, 1, 0, 0, true, REPLY_ANSWER, 0, {0}},
        {"octets after the last record", 0x8180, 1, 1, 0, true, REPLY_ANSWER, 20, {RECORD, 1, 2, 3, 4}},
        {"a record too few", 0x8180, 1, 2, 0, true, REPLY_BROKEN, 16, {RECORD}},
        {"a record cut", 0x8180, 1, 1, 0, true, REPLY_BROKEN, 15, {RECORD}},
        {"a pointer to itself", 0x8180, 1, 1, 0, true, REPLY_BROKEN, 16, {0xc0, 33, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 2, 3}},
        {"a query", 0x0100, 1, 0, 0, true, REPLY_FOREIGN, 0, {0}},
        {"opcode NOTIFY", 0xa180, 1, 1, 0, true, REPLY_FOREIGN, 16, {RECORD}},
        {"two questions", 0x8180, 2, 1, 0, true, REPLY_FOREIGN, 16, {RECORD}},
        {"no question", 0x8180, 0, 1, 0, true, REPLY_FOREIGN, 16, {RECORD}},
        {"TC, whatever follows", 0x8380, 1, 7, 0, true, REPLY_TRUNCATED, 3, {1, 2, 3}},
        {"FORMERR", 0x8181, 1, 0, 0, true, REPLY_NO_EDNS, 0, {0}},
        {"FORMERR without the question", 0x8181, 0, 0, 0, true, REPLY_NO_EDNS, 0, {0}},
        {"NOTIMP", 0x8184, 1, 0, 0, true, REPLY_NO_EDNS, 0, {0}},
        {"BADVERS", 0x8180, 1, 0, 1, true, REPLY_NO_EDNS, 11, {0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0}},
        {"FORMERR to a plain query", 0x8181, 1, 0, 0, false, REPLY_ANSWER, 0, {0}},
        {"FORMERR to a plain query, without the question", 0x8181, 0, 0, 0, false, REPLY_FOREIGN, 0, {0}},
};

static size_t make(const struct asked *a, size_t i, uint8_t *bytes)
{
	size_t len = DNS_HEADER_LEN + question_len(&a->q);
	memcpy(bytes, a->octets, len);
	bytes[2] = (uint8_t)(replies[i].flags >> 8);
	bytes[3] = (uint8_t)replies[i].flags;
	bytes[5] = (uint8_t)replies[i].questions;
	bytes[7] = (uint8_t)replies[i].answers;
	bytes[11] = (uint8_t)replies[i].additional;
	memcpy(bytes + len, replies[i].records, replies[i].len);
	return len + replies[i].len;
}

static void told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		struct asked a;
		uint8_t bytes[512];
		ask(&a, replies[i].edns, NULL);
		size_t len = make(&a, i, bytes);
		enum reply_verdict got = query_check_reply(a.octets, question_len(&a.q), replies[i].edns, bytes, len);
		if (got != replies[i].want)
			fail_msg("%s: %d", replies[i].what, got);
	}
}

/* Cut anywhere, it is no answer. */
static void cut(void **state)
{
	struct asked a;
	uint8_t bytes[512];
	(void)state;
	ask(&a, true, NULL);
	size_t whole = make(&a, 0, bytes);
	for (size_t n = 0; n < whole; n++) {
		size_t len = n;
		enum reply_verdict got = query_check_reply(a.octets, question_len(&a.q), true, bytes, len);
		assert_int_equal(got, n < DNS_HEADER_LEN + question_len(&a.q) ? REPLY_FOREIGN : REPLY_BROKEN);
	}
}

static void compared_octet_for_octet(void **state)
{
	struct asked a;
	uint8_t bytes[512];
	(void)state;
	ask(&a, true, NULL);
	size_t end = DNS_HEADER_LEN + question_len(&a.q);
	for (size_t at = 0; at < end; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			size_t len = make(&a, 0, bytes);
			bytes[at] ^= (uint8_t)(1u << bit);
			enum reply_verdict got = query_check_reply(a.octets, question_len(&a.q), true, bytes, len);
			bool letter = at > DNS_HEADER_LEN && at < end - 4 && a.octets[at] >= 'a';
			if (at < 2 || at == 4 || at == 5)
				assert_int_equal(got, REPLY_FOREIGN);
			if (at >= DNS_HEADER_LEN)
				assert_int_equal(got, letter && bit == 5 ? REPLY_MISSPELT : REPLY_FOREIGN);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(written), cmocka_unit_test(spelt_at_random),          cmocka_unit_test(told_apart),
	        cmocka_unit_test(cut),     cmocka_unit_test(compared_octet_for_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
