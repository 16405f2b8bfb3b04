#include "describe.h"
#include "dns/response_copy.h"
#include "dns/wire.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Two octets as a number of records. */
#define HEADER "1234 8180 0001 "
#define ASK_A  "www.Example.com. 0001 0001 "
#define OPT    "00 0029 04d0 00000000 0000 "
#define SOA    "0016 00 00 00000001 00000002 00000003 00000004 00000009 "

/* Owners are written in full, so that the copy differs from what it was made of. */
static const struct {
	const char *what, *message, *records;
	const char *found; /* "answered soa ttl_min addresses" */
} copies[] = {
        {"addresses",
         HEADER "0002 0000 0000 " ASK_A "www.example.com. 0001 0001 00000005 0004 01020304 "
                "www.example.com. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 1 1 5 01020304\n0 www.Example.com. 1 1 7 01020305\n", "1 - 5 2 from 0"},
        {"a stranger in answer",
         HEADER "0002 0000 0000 " ASK_A "www.example.org. 0001 0001 00000001 0004 01020304 "
                "www.example.com. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 1 1 7 01020305\n", "1 - 7 -"},
        {"another class", HEADER "0001 0000 0000 " ASK_A "www.example.com. 0001 0003 00000001 0004 01020304 ", "", "0 - 4294967295 -"},
        {"OPT and what nobody spoke of",
         HEADER "0001 0000 0002 " ASK_A "www.example.com. 0001 0001 00000007 0004 01020305 " OPT
                "bank.example. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 1 1 7 01020305\n", "1 - 7 -"},
        {"a name below in additional",
         HEADER "0001 0000 0001 " ASK_A "www.example.com. 0001 0001 00000007 0004 01020305 "
                "example.com. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 1 1 7 01020305\n", "1 - 7 -"},
        {"TTLs beyond 2^31",
         HEADER "0002 0000 0000 " ASK_A "www.example.com. 0001 0001 80000000 0004 01020304 "
                "www.example.com. 0001 0001 7fffffff 0004 01020305 ",
         "0 www.Example.com. 1 1 0 01020304\n0 www.Example.com. 1 1 2147483647 01020305\n", "1 - 0 2 from 0"},

        {"a chain",
         HEADER "0003 0000 0000 " ASK_A "www.example.com. 0005 0001 00000009 0008 b.test. b.test. 0005 0001 00000008 0009 c.other. "
                "c.other. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 5 1 9 b.test.\n0 b.test. 5 1 8 c.other.\n0 c.other. 1 1 7 01020305\n", "1 - 7 -"},
        {"a chain in disorder",
         HEADER "0003 0000 0000 " ASK_A "c.other. 0001 0001 00000007 0004 01020305 b.test. 0005 0001 00000008 0009 c.other. "
                "www.example.com. 0005 0001 00000009 0008 b.test. ",
         "0 c.other. 1 1 7 01020305\n0 b.test. 5 1 8 c.other.\n0 www.Example.com. 5 1 9 b.test.\n", "1 - 7 -"},
        {"a chain that ends elsewhere",
         HEADER "0002 0000 0000 " ASK_A "www.example.com. 0005 0001 00000009 0008 b.test. "
                "c.test. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 5 1 9 b.test.\n", "0 - 9 -"},
        {"a chain in a circle",
         HEADER "0003 0000 0000 " ASK_A "www.example.com. 0005 0001 00000009 0008 b.test. "
                "b.test. 0005 0001 00000008 0011 www.example.com. b.test. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 5 1 9 b.test.\n0 b.test. 5 1 8 www.Example.com.\n0 b.test. 1 1 7 01020305\n", "1 - 7 -"},
        {"two CNAMEs at one name",
         HEADER "0003 0000 0000 " ASK_A "www.example.com. 0005 0001 00000009 0008 b.test. "
                "www.example.com. 0005 0001 00000009 0008 d.test. d.test. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 5 1 9 b.test.\n", "0 - 9 -"},
        {"CNAME asked for",
         HEADER "0002 0000 0000 www.Example.com. 0005 0001 www.example.com. 0005 0001 00000009 0008 b.test. "
                "b.test. 0005 0001 00000008 0009 c.other. ",
         "0 www.Example.com. 5 1 9 b.test.\n", "1 - 9 -"},
        {"DNAME and the CNAME made of it",
         HEADER "0003 0000 0000 " ASK_A "example.com. 0027 0001 00000009 0006 test. "
                "www.example.com. 0005 0001 00000009 000a www.test. www.test. 0001 0001 00000007 0004 01020305 ",
         "0 Example.com. 39 1 9 test.\n0 www.Example.com. 5 1 9 www.test.\n0 www.test. 1 1 7 01020305\n", "1 - 7 -"},
        {"DNAME alone",
         HEADER "0002 0000 0000 " ASK_A "com. 0027 0001 00000009 0006 test. "
                "www.example.test. 0001 0001 00000007 0004 01020305 ",
         "0 com. 39 1 9 test.\n0 www.example.test. 1 1 7 01020305\n", "1 - 7 -"},
        {"DNAME beside the name",
         HEADER "0002 0000 0000 " ASK_A "w.example.com. 0027 0001 00000009 0006 test. "
                "www.example.com. 0001 0001 00000007 0004 01020305 ",
         "0 www.Example.com. 1 1 7 01020305\n", "1 - 7 -"},

        {"no such name", "1234 8183 0001 0000 0001 0000 " ASK_A "example.com. 0006 0001 00000011 " SOA,
         "1 Example.com. 6 1 17 00000000000100000002000000030000000400000009\n", "0 17/9 17 -"},
        {"SOA of a name beside",
         "1234 8183 0001 0000 0002 0000 " ASK_A "example.org. 0006 0001 00000011 " SOA "ww.example.com. 0006 0001 00000011 " SOA, "",
         "0 - 4294967295 -"},
        {"a referral",
         HEADER "0000 0002 0003 " ASK_A "com. 0002 0001 00000011 000a ns1.test. example.org. 0002 0001 00000010 000a ns2.test. "
                "ns1.test. 0001 0001 00000012 0004 01020304 ns2.test. 0001 0001 00000012 0004 01020304 "
                "NS1.test. 001c 0001 00000012 0010 000102030405060708090a0b0c0d0e0f ",
         "1 com. 2 1 17 ns1.test.\n2 ns1.test. 1 1 18 01020304\n2 ns1.test. 28 1 18 000102030405060708090a0b0c0d0e0f\n", "0 - 17 -"},
        {"MX with its addresses",
         HEADER "0001 0000 0001 example.com. 000f 0001 example.com. 000f 0001 00000009 0009 000a mx.xx. "
                "mx.xx. 0001 0001 00000012 0004 01020304 ",
         "0 example.com. 15 1 9 mx.xx.\n2 mx.xx. 1 1 18 01020304\n", "1 - 9 -"},
        {"SRV with its addresses",
         HEADER "0001 0000 0001 example.com. 0021 0001 example.com. 0021 0001 00000009 0015 0001 0002 0003 e.example.com. "
                "e.example.com. 0001 0001 00000012 0004 01020304 ",
         "0 example.com. 33 1 9 e.example.com.\n2 e.example.com. 1 1 18 01020304\n", "1 - 9 -"},
        {"signatures",
         HEADER "0002 0003 0000 " ASK_A "www.example.com. 0001 0001 00000007 0004 01020304 "
                "www.example.com. 002e 0001 00000007 0013 0001 0d 03 00000007 00000000 00000000 0001 00 "
                "x.example.com. 002f 0001 00000008 0004 00 000140 "
                "x.example.com. 002e 0001 00000008 0013 002f 0d 03 00000007 00000000 00000000 0001 00 "
                "x.example.com. 002e 0001 00000008 0013 0006 0d 03 00000007 00000000 00000000 0001 00 ",
         "0 www.Example.com. 1 1 7 01020304\n0 www.Example.com. 46 1 7 00010d030000000700000000000000000001"
         "00\n"
         "1 x.Example.com. 47 1 8 00000140\n1 x.Example.com. 46 1 8 002f0d03000000070000000000000000000100\n",
         "1 - 7 -"},
        {"a run of addresses among others",
         HEADER "0005 0000 0000 www.Example.com. 00ff 0001 www.example.com. 0001 0001 00000007 0004 01020304 "
                "www.example.com. 0010 0001 00000007 0001 00 "
                "www.example.com. 001c 0001 00000007 0010 000102030405060708090a0b0c0d0e0f "
                "www.example.com. 001c 0001 00000007 0010 010102030405060708090a0b0c0d0e0f "
                "www.example.com. 0001 0001 00000007 0004 01020304 ",
         "0 www.Example.com. 1 1 7 01020304\n0 www.Example.com. 16 1 7 00\n0 www.Example.com. 28 1 7 000102030405060708090a0b0c0d0e0f\n"
         "0 www.Example.com. 28 1 7 010102030405060708090a0b0c0d0e0f\n0 www.Example.com. 1 1 7 01020304\n",
         "1 - 7 2 from 2"},
};

static void describe_copy(const struct response_copy *c, char *text)
{
	text += sprintf(text, "%d ", c->answered);
	text += c->has_soa ? sprintf(text, "%u/%u", (unsigned)c->soa_ttl_s, (unsigned)c->soa_minimum_s) : sprintf(text, "-");
	text += sprintf(text, " %u ", (unsigned)c->ttl_min_s);
	if (c->addresses)
		sprintf(text, "%u from %u", c->addresses, c->first_address);
	else
		strcpy(text, "-");
}

/* The TTLs stand where the copy says. */
static void check_places(const char *what, const struct response *r, const struct response_copy *c)
{
	unsigned n = 0;
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor cursor = response_section(r, (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &cursor, &record)) {
			if (n == c->ttl_count || record.ttl_at != c->ttl_at[n])
				fail_msg("%s: record %u has its TTL at %u", what, n, record.ttl_at);
			n++;
		}
	}
	assert_int_equal(n, c->ttl_count);
}

static void test_rewrite(void **state)
{
	static uint8_t room[DNS_TCP_SIZE_MAX];
	static uint16_t ttl_at[RESPONSE_RECORDS_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(copies); i++) {
		struct response_copy c = {.bytes = room, .cap = sizeof room, .ttl_at = ttl_at, .ttl_cap = COUNT(ttl_at)};
		struct response r, again;
		char records[4096], found[64];
		size_t len;
		uint8_t *bytes = packet_from_text(copies[i].message, &len);
		if (response_parse(&r, bytes, len) != RESPONSE_OK)
			fail_msg("%s: the message is wrong", copies[i].what);
		assert_int_equal(response_rewrite(&r, &c), OK);
		assert_int_equal(response_parse(&again, room, c.len), RESPONSE_OK);
		describe_records(&again, records);
		describe_copy(&c, found);
		if (strcmp(records, copies[i].records) != 0 || strcmp(found, copies[i].found) != 0)
			fail_msg("%s: %s\n%s", copies[i].what, found, records);
		check_places(copies[i].what, &again, &c);
		assert_int_equal(again.id, 0);
		assert_int_equal(again.flags, r.flags);
		assert_int_equal(again.question_len, r.question_len);
		assert_memory_equal(room + DNS_HEADER_LEN, bytes + DNS_HEADER_LEN, r.question_len);
		assert_memory_equal(again.counts, c.counts, sizeof c.counts);
		free(bytes);
	}
}

#define BEFORE                                                                                                                             \
	"1234 8180 0001 0002 0001 0002 " ASK_A "www.example.com. 0005 0001 00000009 0011 a.b.example.com. "                                \
	"a.b.example.com. 0001 0001 00000007 0004 01020304 "                                                                               \
	"example.com. 0002 0001 00000006 0011 ns1.example.com. ns1.example.com. 0001 0001 00000008 0004 01020305 " OPT
#define AFTER                                                                                                                              \
	"0000 8180 0001 0002 0001 0001 " ASK_A "c00c 0005 0001 00000009 0006 0161 0162 c010 "                                              \
	"c02d 0001 0001 00000007 0004 01020304 c010 0002 0001 00000006 0006 036e7331 c010 c04f 0001 0001 00000008 0004 01020305 "

/* Octet for octet, and with each room that is too small. */
static void test_rewrite_octets(void **state)
{
	size_t len, want_len;
	uint8_t *bytes = packet_from_text(BEFORE, &len), *want = packet_from_text(AFTER, &want_len);
	struct response r;
	uint16_t ttl_at[4];
	(void)state;
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	for (size_t cap = 0; cap <= want_len; cap++) {
		struct response_copy c = {.bytes = malloc(cap + 1), .cap = cap, .ttl_at = ttl_at, .ttl_cap = 4};
		assert_non_null(c.bytes);
		assert_int_equal(response_rewrite(&r, &c), cap < want_len ? ERR_RANGE : OK);
		if (cap == want_len)
			packet_assert_equal("copy", c.bytes, c.len, AFTER);
		free(c.bytes);
	}
	for (unsigned n = 0; n < 4; n++) {
		struct response_copy c = {.bytes = want, .cap = want_len, .ttl_at = ttl_at, .ttl_cap = n};
		assert_int_equal(response_rewrite(&r, &c), ERR_RANGE);
	}
	free(want);
	free(bytes);
}

/* c0.xx. CNAME c1.xx. and so on, the first RESPONSE_CHAIN_MAX of which are followed. */
static void test_rewrite_long_chain(void **state)
{
	static uint8_t room[4096];
	char text[4096] = HEADER "0014 0000 0000 c00.xx. 0001 0001 ", *to = text + strlen(text);
	uint16_t ttl_at[32];
	size_t len;
	struct response r;
	struct response_copy c = {.bytes = room, .cap = sizeof room, .ttl_at = ttl_at, .ttl_cap = 32};
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		to += sprintf(to, "c%02u.xx. 0005 0001 00000009 0008 c%02u.xx. ", i, i + 1);
	uint8_t *bytes = packet_from_text(text, &len);
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	assert_int_equal(response_rewrite(&r, &c), OK);
	assert_int_equal(c.counts[DNS_ANSWER], RESPONSE_CHAIN_MAX + 1);
	free(bytes);
}

/* --- mapping --- */

/* Names in old.test. become names in example.com., and every place is told. */
struct renaming {
	struct name from, to;
	char places[256];
};

static void rename_name(void *arg, const struct response_place *place, struct name *n)
{
	struct renaming *m = arg;
	sprintf(m->places + strlen(m->places),
	        place->question ? "q "
	        : place->rdata  ? "%u:%u "
	                        : "%u/%u ",
	        (unsigned)place->section, place->type);
	if (!name_in(n, &m->from))
		return;
	struct name out;
	name_root(&out);
	for (unsigned i = 0; i + m->from.labels < n->labels; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		assert_int_equal(name_append(&out, label, len), OK);
	}
	assert_int_equal(name_append_name(&out, &m->to), OK);
	*n = out;
}

static void make_renaming(struct renaming *m)
{
	assert_int_equal(name_from_text(&m->from, "old.test.", 9), OK);
	assert_int_equal(name_from_text(&m->to, "example.com.", 12), OK);
	m->places[0] = '\0';
}

#define MAPPED_BEFORE                                                                                                                      \
	"1234 8580 0001 0002 0001 0003 a.old.test. 0021 0001 c00c 0021 0001 00000009 0012 0000 0000 0050 b.old.test. "                     \
	"c00c 0010 0001 00000009 0002 0161 c00e 0006 0001 00000005 0018 c00e c00e 0000000100000002000000030000000400000005 "               \
	"b.old.test. 0001 0001 00000009 0004 0a000001 00 0029 04d0 01008000 0004 0003 0000 key. 00fa 00ff 00000000 0000"
#define MAPPED_AFTER                                                                                                                       \
	"1234 8580 0001 0002 0001 0002 a.example.com. 0021 0001 c00c 0021 0001 00000009 0015 0000 0000 0050 b.example.com. "               \
	"c00c 0010 0001 00000009 0002 0161 c00e 0006 0001 00000005 0018 c00e c00e 0000000100000002000000030000000400000005 "               \
	"c031 0001 0001 00000009 0004 0a000001 00 0029 04d0 01008000 0004 0003 0000 "

static void test_map(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text(MAPPED_BEFORE, &len), out[512];
	struct response r;
	struct renaming m;
	(void)state;
	make_renaming(&m);
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	size_t out_len = response_map_names(&r, rename_name, &m, out, sizeof out);
	packet_assert_equal("mapped", out, out_len, MAPPED_AFTER);
	assert_string_equal(m.places, "q 0/33 0:33 0/16 1/6 1:6 1:6 2/1 ");
	free(bytes);
}

/* Names that grow: records are cut whole, OPT stays. */
static void test_map_cut(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text(MAPPED_BEFORE, &len), out[512];
	struct response r, mapped;
	struct renaming m;
	(void)state;
	make_renaming(&m);
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	size_t full = response_map_names(&r, rename_name, &m, out, sizeof out);
	for (size_t cap = 0; cap < full; cap++) {
		make_renaming(&m);
		size_t cut = response_map_names(&r, rename_name, &m, out, cap);
		assert_true(cut <= cap);
		if (!cut) {
			assert_true(cap < DNS_HEADER_LEN + 15 + 4 + 11 + 4);
			continue;
		}
		assert_int_equal(response_parse(&mapped, out, cut), RESPONSE_OK);
		assert_true(mapped.edns && mapped.rcode == 16 && mapped.options.len == 4);
		assert_int_equal(mapped.flags & DNS_TC, mapped.counts[DNS_AUTHORITY] == 1 ? 0 : DNS_TC);
	}
	free(bytes);
}

static void test_map_without_a_question(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text("1234 8001 0000 0000 0000 0000", &len), out[512];
	struct response r;
	struct renaming m;
	(void)state;
	make_renaming(&m);
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	packet_assert_equal("no question", out, response_map_names(&r, rename_name, &m, out, sizeof out), "1234 8001 0000 0000 0000 0000");
	assert_string_equal(m.places, "");
	free(bytes);
}

/* --- a hostile one --- */

/* A message of hostile length: CNAMEs in the worst order, each of whose names is as slow to read as one can be. What it costs is bounded. */
static void test_rewrite_64_kib(void **state)
{
	static uint8_t bytes[DNS_TCP_SIZE_MAX], room[DNS_TCP_SIZE_MAX];
	static uint16_t ttl_at[RESPONSE_RECORDS_MAX];
	struct wire_writer w = {.bytes = bytes, .len = DNS_HEADER_LEN, .limit = sizeof bytes};
	struct response_copy c = {.bytes = room, .cap = sizeof room, .ttl_at = ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	struct response r;
	unsigned n = 0;
	(void)state;
	bytes[2] = 0x80;
	bytes[5] = 1;
	wire_put_bytes(&w, "\1q\0\0\1\0\1", 7);
	wire_put_bytes(&w, "\0\0\20\0\1\0\0\0\0\1\0", 11); /* a TXT of names, each a label and a pointer to the one before */
	for (unsigned i = 0; i < WIRE_POINTERS_MAX - 1; i++) {
		wire_put_bytes(&w, "\1x", 2);
		wire_put_u16(&w, i ? (uint16_t)(0xc000 | (w.len - 6)) : 0xc00c);
	}
	wire_store_u16(bytes + 28, (unsigned)(w.len - 30));
	size_t last = w.len - 4;
	for (n = 1; w.limit - w.len >= 14; n++) {
		wire_put_u16(&w, (uint16_t)(0xc000 | last));
		wire_put_bytes(&w, "\0\5\0\1\0\0\0\1\0\2", 10);
		wire_put_u16(&w, (uint16_t)(0xc000 | last));
	}
	wire_store_u16(bytes + 6, n);
	assert_int_equal(response_parse(&r, bytes, w.len), RESPONSE_OK);
	assert_int_equal(response_rewrite(&r, &c), OK);
	assert_int_equal(c.ttl_count, 0);
}

/* --- two in one --- */

#define FIRST "1234 8580 0001 0001 0000 0001 a.test. 0001 0001 c00c 0005 0001 00000005 0009 b.other. 00 0029 04d0 00000000 0000"
#define SECOND                                                                                                                             \
	"0000 8400 0001 0002 0001 0000 B.other. 0001 0001 c00c 0005 0001 00000009 0004 0163 c00e c025 0001 0001 00000009 0004 0a000001 "   \
	"c00e 0002 0001 00000009 0002 c00e"

static size_t append(const char *first, const char *second, uint8_t *out, size_t cap)
{
	struct response r, more;
	size_t len, more_len;
	uint8_t *bytes = packet_from_text(first, &len), *more_bytes = packet_from_text(second, &more_len);
	assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
	assert_int_equal(response_parse(&more, more_bytes, more_len), RESPONSE_OK);
	len = response_append(&r, &more, out, cap);
	free(bytes);
	free(more_bytes);
	return len;
}

/* The first one's header, question and OPT; the answers of both. */
static void test_append(void **state)
{
	uint8_t out[512];
	struct response r;
	struct response_cursor c;
	struct response_record record;
	struct name name;
	char text[NAME_TEXT_MAX];
	static const char *const owners[] = {"a.test.", "b.other.", "c.other."};
	(void)state;
	size_t len = append(FIRST, SECOND, out, sizeof out);
	assert_int_equal(response_parse(&r, out, len), RESPONSE_OK);
	assert_int_equal(r.id, 0x1234);
	assert_int_equal(r.flags, 0x8580);
	assert_true(r.edns);
	assert_int_equal(r.counts[DNS_ANSWER], 3);
	assert_int_equal(r.counts[DNS_AUTHORITY], 0);
	c = response_section(&r, DNS_ANSWER);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(response_next(&r, &c, &record));
		response_owner(&r, &record, &name);
		name_lower(&name);
		name_to_text(&name, text);
		assert_string_equal(text, owners[i]);
	}
	for (size_t cap = 0; cap < len; cap++) {
		size_t cut = append(FIRST, SECOND, out, cap);
		if (!cut)
			continue;
		assert_in_range(cut, DNS_HEADER_LEN, cap);
		assert_int_equal(response_parse(&r, out, cut), RESPONSE_OK);
		assert_true(r.flags & DNS_TC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rewrite),
	        cmocka_unit_test(test_rewrite_octets),
	        cmocka_unit_test(test_rewrite_long_chain),
	        cmocka_unit_test(test_rewrite_64_kib),
	        cmocka_unit_test(test_map),
	        cmocka_unit_test(test_map_cut),
	        cmocka_unit_test(test_map_without_a_question),
	        cmocka_unit_test(test_append),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
