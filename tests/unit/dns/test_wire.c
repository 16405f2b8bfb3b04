#include "dns/wire.h"
#include "packet.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void test_get(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text("01 fffe 80000001 616263", &len);
	struct wire_reader r = {.bytes = bytes, .len = len};
	(void)state;
	assert_int_equal(wire_get_u8(&r), 1);
	assert_int_equal(wire_get_u16(&r), 0xfffe);
	assert_int_equal(wire_get_u32(&r), 0x80000001);
	assert_memory_equal(wire_get_bytes(&r, 3), "abc", 3);
	assert_non_null(wire_get_bytes(&r, 0));
	assert_false(r.failed);
	assert_int_equal(r.at, len);
	free(bytes);
}

/* Nothing is read past the end, nor after a failure what would still fit. */
static void test_get_sticks(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct wire_reader r = {.bytes = bytes, .len = sizeof bytes};
	struct name n;
	(void)state;
	assert_int_equal(wire_get_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(wire_get_u16(&r), 0);
	assert_int_equal(wire_get_u8(&r), 0);
	assert_null(wire_get_bytes(&r, 0));
	assert_null(wire_get_bytes(&r, SIZE_MAX));
	wire_get_name(&r, &n);
	assert_int_equal(n.len, 1);
	assert_true(r.failed);
}

#define POINTER_CHAIN "00 c000 c001 c003 c005 c007 c009 c00b c00d c00f c011 c013"

static const struct {
	const char *what, *packet;
	size_t at;
	const char *want; /* NULL: fails */
	size_t end;
} names[] = {
        {"uncompressed", "ff Web-0.nginx. ff", 1, "Web-0.nginx.", 14},
        {"root", "00", 0, ".", 1},
        {"pointer alone", "nginx. c000", 7, "nginx.", 9},
        {"label and pointer", "nginx. 01 61 c000", 7, "a.nginx.", 11},
        {"pointer into a name", "a.nginx. c002", 9, "nginx.", 11},
        {"pointer to the root of a name", "a. 0162 c002", 3, "b.", 7},
        {"pointer to a pointer", "nginx. 0161 c000 0162 c007", 11, "b.a.nginx.", 15},
        {"many pointers", POINTER_CHAIN, 21, ".", 23},
        {"no octets", "ff", 1, NULL, 0},
        {"no root", "0161", 0, NULL, 0},
        {"cut label", "0361", 0, NULL, 0},
        {"cut pointer", "00 c0", 1, NULL, 0},
        {"pointer to itself", "c000", 0, NULL, 0},
        {"pointer to its own labels", "0161 c000", 0, NULL, 0},
        {"pointer into its own labels", "00 0161 c002", 1, NULL, 0},
        {"pointer forward", "c002 nginx.", 0, NULL, 0},
        {"pointer past the end", "c0ff", 0, NULL, 0},
        {"two pointers at each other", "c002 c000", 2, NULL, 0},
        {"loop over labels", "0161 c004 0162 c000", 4, NULL, 0},
        {"pointer back to what runs into it", "0161 0162 c000", 2, NULL, 0},
        {"pointer to one that points at itself", "c000 c000", 2, NULL, 0},
        {"reserved kind 01", "00 4000", 1, NULL, 0},
        {"reserved kind 10", "00 8000", 1, NULL, 0},
        {"target is cut", "3f61 c000", 2, NULL, 0},
};

static void test_get_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		size_t len;
		uint8_t *bytes = packet_from_text(names[i].packet, &len);
		struct wire_reader r = {.bytes = bytes, .len = len, .at = names[i].at};
		struct name n;
		char text[NAME_TEXT_MAX];
		wire_get_name(&r, &n);
		name_to_text(&n, text);
		if (r.failed != !names[i].want || strcmp(text, names[i].want ? names[i].want : ".") != 0)
			fail_msg("%s: failed %d, name %s", names[i].what, r.failed, text);
		if (!r.failed)
			assert_int_equal(r.at, names[i].end);
		free(bytes);
	}
}

/* RFC 1035 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64 and the root at 92. */
static void test_get_name_of_rfc_1035(void **state)
{
	static const struct {
		size_t at;
		const char *want;
		size_t end;
	} places[] = {{20, "F.ISI.ARPA.", 32}, {40, "FOO.F.ISI.ARPA.", 46}, {64, "ARPA.", 66}, {92, ".", 93}};
	uint8_t bytes[93] = {0};
	(void)state;
	memcpy(bytes + 20, "\1F\3ISI\4ARPA", 12);
	memcpy(bytes + 40, "\3FOO\300\24", 6);
	memcpy(bytes + 64, "\300\32", 2);
	for (size_t i = 0; i < COUNT(places); i++) {
		struct wire_reader r = {.bytes = bytes, .len = sizeof bytes, .at = places[i].at};
		struct name n;
		char text[NAME_TEXT_MAX];
		wire_get_name(&r, &n);
		name_to_text(&n, text);
		assert_string_equal(text, places[i].want);
		assert_int_equal(r.at, places[i].end);
	}
}

/* A root, and pointers that each lead to the one before. */
static void test_get_name_pointers(void **state)
{
	uint8_t bytes[1 + 2 * (WIRE_POINTERS_MAX + 1)] = {0};
	(void)state;
	for (size_t i = 0; i <= WIRE_POINTERS_MAX; i++)
		wire_store_u16(bytes + 1 + 2 * i, (unsigned)(0xc000 | (i ? 2 * i - 1 : 0)));
	for (size_t i = 0; i <= WIRE_POINTERS_MAX; i++) {
		struct wire_reader r = {.bytes = bytes, .len = sizeof bytes, .at = 1 + 2 * i};
		struct name n;
		wire_get_name(&r, &n);
		assert_int_equal(r.failed, i == WIRE_POINTERS_MAX);
	}
}

/* Compression must not make a name longer than one may be. */
static void test_get_name_length(void **state)
{
	uint8_t bytes[300] = {0};
	struct name n;
	(void)state;
	for (uint8_t last = 58; last <= 62; last++) { /* 3 * 64 + 1 + last + 1, and 2 for the label before the pointer */
		for (size_t i = 0; i < 3; i++)
			bytes[i * 64] = 63;
		bytes[192] = last;
		bytes[193 + last] = 0; /* the last round wrote here */
		size_t at = 194u + last;
		memcpy(bytes + at, "\1a\300\0", 4);
		struct wire_reader r = {.bytes = bytes, .len = at + 4, .at = at};
		wire_get_name(&r, &n);
		assert_int_equal(r.failed, 3 * 64 + 1 + last + 1 + 2 > NAME_WIRE_MAX);
		assert_int_equal(n.len, r.failed ? 1 : 3 * 64 + 1 + last + 1 + 2);
	}
}

static void test_put(void **state)
{
	uint8_t bytes[64];
	struct wire_writer w = {.bytes = bytes, .limit = sizeof bytes};
	struct name n;
	(void)state;
	assert_int_equal(name_from_text(&n, "Web-0.nginx", 11), OK);
	wire_put_u16(&w, 0xfffe);
	wire_put_u32(&w, 0x80000001);
	wire_put_bytes(&w, "abc", 3);
	wire_put_bytes(&w, NULL, 0);
	wire_put_name(&w, &n);
	assert_false(w.overflow);
	packet_assert_equal("put", bytes, w.len, "fffe 80000001 616263 Web-0.nginx.");
}

static void put_one(struct wire_writer *w, int kind)
{
	static const struct name a = {.len = 3, .labels = 1, .wire = "\1a"};
	switch (kind) {
	case 0:
		wire_put_u16(w, 0xeeee);
		return;
	case 1:
		wire_put_u32(w, 0xeeeeeeee);
		return;
	case 2:
		wire_put_bytes(w, "123456789", 9);
		return;
	default:
		wire_put_name(w, &a);
	}
}

static void test_put_stops_at_the_limit(void **state)
{
	static const size_t sizes[] = {2, 4, 9, 3};
	(void)state;
	for (int kind = 0; kind < (int)COUNT(sizes); kind++)
		for (size_t limit = 4; limit <= 4 + 10; limit++) {
			uint8_t bytes[20] = {0};
			struct wire_writer w = {.bytes = bytes, .len = 4, .limit = limit};
			bool fits = limit - 4 >= sizes[kind];
			put_one(&w, kind);
			assert_int_equal(w.overflow, !fits);
			assert_int_equal(w.len, fits ? 4 + sizes[kind] : 4);
			for (size_t i = w.len; i < sizeof bytes; i++)
				assert_int_equal(bytes[i], 0);
		}
}

static void test_put_sticks(void **state)
{
	uint8_t bytes[8];
	struct wire_writer w = {.bytes = bytes, .limit = 4};
	(void)state;
	wire_put_u16(&w, 0x0102);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, 3); /* would fit */
	assert_true(w.overflow);
	assert_int_equal(w.len, 2);
}

static void test_put_past_a_lowered_limit(void **state)
{
	uint8_t bytes[8];
	struct wire_writer w = {.bytes = bytes, .limit = 8};
	(void)state;
	wire_put_u32(&w, 0);
	w.limit = 3;
	wire_put_bytes(&w, "", 1);
	assert_true(w.overflow);
	assert_int_equal(w.len, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_get),
	        cmocka_unit_test(test_get_sticks),
	        cmocka_unit_test(test_get_name),
	        cmocka_unit_test(test_get_name_length),
	        cmocka_unit_test(test_get_name_of_rfc_1035),
	        cmocka_unit_test(test_get_name_pointers),
	        cmocka_unit_test(test_put),
	        cmocka_unit_test(test_put_stops_at_the_limit),
	        cmocka_unit_test(test_put_sticks),
	        cmocka_unit_test(test_put_past_a_lowered_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
