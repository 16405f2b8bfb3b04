#include "dns/compression.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

/* Names one after the other, those with a '!' before them in full, and what is written. */
static const struct {
	const char *what, *names[5], *want;
} cases[] = {
        {"the root", {".", "."}, "00 00"},
        {"the same twice", {"a.bc.", "a.bc."}, "ff a.bc. c001"},
        {"another case", {"A.bC.", "a.Bc."}, "ff A.bC. c001"},
        {"a common end", {"a.bc.", "d.bc.", "bc."}, "ff a.bc. 0164 c003 c003"},
        {"an end that is no label", {"a.bc.", "c."}, "ff a.bc. c."},
        {"below one before", {"bc.", "a.bc.", "x.a.bc."}, "ff bc. 0161 c001 0178 c005"},
        {"in full", {"a.bc.", "!d.bc.", "e.d.bc."}, "ff a.bc. d.bc. 0165 c007"},
        {"in full, and the first", {"!a.bc.", "a.bc."}, "ff a.bc. c001"},
        {"octets like a label", {"\\001a.bc.", "a.bc."}, "ff 02016102626300 0161 c004"},
};

static void test_put(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[256] = {0xff};
		struct compression c = {0};
		struct wire_writer w = {.bytes = bytes, .len = 1, .limit = sizeof bytes};
		for (size_t k = 0; k < COUNT(cases[i].names) && cases[i].names[k]; k++) {
			bool plain = cases[i].names[k][0] == '!';
			struct name n = name_of(cases[i].names[k] + plain);
			(plain ? compression_put_plain : compression_put)(&c, &w, &n);
		}
		if (i == 0)
			packet_assert_equal(cases[i].what, bytes + 1, w.len - 1, cases[i].want);
		else
			packet_assert_equal(cases[i].what, bytes, w.len, cases[i].want);
	}
}

/* Of what does not fit nothing is written, and nothing remembered. */
static void test_put_overflow(void **state)
{
	struct name n = name_of("a.bc.");
	(void)state;
	for (size_t limit = 1; limit <= 7; limit++) {
		uint8_t bytes[16] = {0};
		struct compression c = {0};
		struct wire_writer w = {.bytes = bytes, .len = 1, .limit = limit};
		compression_put(&c, &w, &n);
		assert_int_equal(w.overflow, limit < 7);
		assert_int_equal(w.len, limit < 7 ? 1 : 7);
		assert_int_equal(compression_has(&c, &w, &n), limit == 7);
	}
}

static void test_has(void **state)
{
	uint8_t bytes[64] = {0};
	struct compression c = {0};
	struct wire_writer w = {.bytes = bytes, .len = 1, .limit = sizeof bytes};
	struct name whole = name_of("a.bc."), end = name_of("bc."), other = name_of("b.bc."), root = name_of(".");
	(void)state;
	compression_put(&c, &w, &whole);
	assert_true(compression_has(&c, &w, &whole));
	assert_false(compression_has(&c, &w, &end));
	assert_false(compression_has(&c, &w, &other));
	assert_false(compression_has(&c, &w, &root));
	compression_put(&c, &w, &end); /* a pointer */
	assert_true(compression_has(&c, &w, &end));
}

static void test_cut(void **state)
{
	uint8_t bytes[64] = {0};
	struct compression c = {0};
	struct wire_writer w = {.bytes = bytes, .len = 1, .limit = sizeof bytes};
	struct name a = name_of("a.bc."), b = name_of("b.bc.");
	(void)state;
	compression_put(&c, &w, &a);
	size_t len = w.len;
	compression_put(&c, &w, &b);
	w.len = len;
	compression_cut(&c, len);
	assert_true(compression_has(&c, &w, &a));
	assert_false(compression_has(&c, &w, &b));
	compression_put(&c, &w, &b);
	packet_assert_equal("cut", bytes, w.len, "00 a.bc. 0162 c003");
}

/* No pointer leads beyond 2^14, and more names than there are slots are still written right. */
static void test_many_names(void **state)
{
	static uint8_t bytes[65536];
	struct compression c = {0};
	struct wire_writer w = {.bytes = bytes, .len = 1, .limit = sizeof bytes};
	char text[64];
	(void)state;
	for (unsigned i = 0; i < 2500; i++) {
		struct name n, read;
		sprintf(text, "n%u.in.%u.example.", i, i % 700);
		n = name_of(text);
		struct wire_reader r = {.bytes = bytes, .at = w.len};
		compression_put(&c, &w, &n);
		r.len = w.len;
		wire_get_name(&r, &read);
		assert_true(!r.failed && r.at == w.len && name_equal(&n, &read));
	}
	assert_true(w.len > 0x4000 + 256);
	struct name late = name_of("n2499.in.399.example.");
	assert_false(compression_has(&c, &w, &late));
}

/* A name of 127 labels, each of which points on: as many pointers as a reader of ours follows. */
static void test_longest_chain(void **state)
{
	uint8_t bytes[1024] = {0};
	struct compression c = {0};
	struct wire_writer w = {.bytes = bytes, .len = 1, .limit = sizeof bytes};
	struct name n, read;
	size_t at = 0;
	(void)state;
	name_root(&n);
	for (unsigned i = 0; i < NAME_LABELS_MAX; i++) {
		assert_int_equal(name_prepend(&n, "a", 1), OK);
		at = w.len;
		compression_put(&c, &w, &n);
	}
	struct wire_reader r = {.bytes = bytes, .len = w.len, .at = at};
	wire_get_name(&r, &read);
	assert_true(!r.failed && name_equal(&n, &read));
	assert_int_equal(w.len - at, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_put), cmocka_unit_test(test_put_overflow), cmocka_unit_test(test_has),
	        cmocka_unit_test(test_cut), cmocka_unit_test(test_many_names),   cmocka_unit_test(test_longest_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
