#include "dns/name.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define LABEL_63    "a23456789012345678901234567890123456789012345678901234567890123"
#define LABEL_61    "a234567890123456789012345678901234567890123456789012345678901"
#define NAME_255    LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "."
#define NAME_256    LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "x."
#define TIMES_10(s) s s s s s s s s s s
#define LABELS_127  TIMES_10(TIMES_10("a.")) "a.a.a.a.a.a.a." TIMES_10("a.a.")
#define ESCAPED_63  TIMES_10("\\001\\002\\003\\004\\005\\006") "\\007\\008\\255"
#define ESCAPED_61  TIMES_10("\\001\\002\\003\\004\\005\\006") "\\007"

static struct name name_of(const char *text)
{
	struct name n;
	if (name_from_text(&n, text, strlen(text)))
		fail_msg("not a name: %s", text);
	return n;
}

/* The offsets are what the wire says they are. */
static void assert_consistent(const struct name *n)
{
	size_t at = 0;
	for (unsigned i = 0; i < n->labels; i++) {
		assert_int_equal(n->offset[i], at);
		assert_in_range(n->wire[at], 1, NAME_LABEL_MAX);
		at += 1u + n->wire[at];
	}
	assert_int_equal(n->wire[at], 0);
	assert_int_equal(n->len, at + 1);
}

static void assert_name(const struct name *n, const char *want)
{
	char text[NAME_TEXT_MAX];
	assert_consistent(n);
	assert_int_equal(name_to_text(n, text), strlen(want));
	assert_string_equal(text, want);
}

static const struct {
	const char *text;
	enum err err;
	const char *want; /* canonical text; NULL: as text */
	unsigned len, labels;
} texts[] = {
        {".", OK, NULL, 1, 0},
        {"a", OK, "a.", 3, 1},
        {"web-0.nginx.default.svc.cluster.local", OK, "web-0.nginx.default.svc.cluster.local.", 39, 6},
        {"Web-0.NGINX.", OK, NULL, 13, 2},
        {"_web._tcp.nginx.", OK, NULL, 17, 3},
        {"a\\.b.c.", OK, NULL, 7, 2},
        {"a\\\\b.", OK, NULL, 5, 1},
        {"\\097\\.b.", OK, "a\\.b.", 5, 1},
        {"\\x.", OK, "x.", 3, 1},
        {"\\000\\255\\032.", OK, NULL, 5, 1},
        {"a b\t\x7f\x80.", OK, "a\\032b\\009\\127\\128.", 8, 1},
        {"\\\"\\(\\)\\;\\@\\$.", OK, NULL, 8, 1},
        {"\"();@$.", OK, "\\\"\\(\\)\\;\\@\\$.", 8, 1},
        {LABEL_63 ".", OK, NULL, 65, 1},
        {ESCAPED_63 ".", OK, NULL, 65, 1},
        {NAME_255, OK, NULL, 255, 4},
        {LABELS_127, OK, NULL, 255, 127},
        {"", ERR_SYNTAX, NULL, 0, 0},
        {"..", ERR_SYNTAX, NULL, 0, 0},
        {".a", ERR_SYNTAX, NULL, 0, 0},
        {"a..b", ERR_SYNTAX, NULL, 0, 0},
        {"a..", ERR_SYNTAX, NULL, 0, 0},
        {"a\\", ERR_SYNTAX, NULL, 0, 0},
        {"a\\1", ERR_SYNTAX, NULL, 0, 0},
        {"a\\12", ERR_SYNTAX, NULL, 0, 0},
        {"a\\12.b", ERR_SYNTAX, NULL, 0, 0},
        {"a\\1x2.b", ERR_SYNTAX, NULL, 0, 0},
        {"a\\256.", ERR_SYNTAX, NULL, 0, 0},
        {LABEL_63 "4.", ERR_RANGE, NULL, 0, 0},
        {"a." ESCAPED_63 "\\001.b.", ERR_RANGE, NULL, 0, 0},
        {NAME_256, ERR_RANGE, NULL, 0, 0},
        {LABELS_127 "a.", ERR_RANGE, NULL, 0, 0},
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct name n;
		const char *text = texts[i].text;
		enum err err = name_from_text(&n, text, strlen(text));
		if (err != texts[i].err)
			fail_msg("%s: %s", text, err_str(err));
		if (err) {
			assert_name(&n, ".");
			continue;
		}
		assert_name(&n, texts[i].want ? texts[i].want : text);
		assert_int_equal(n.len, texts[i].len);
		assert_int_equal(n.labels, texts[i].labels);
	}
}

static void test_text_stops_at_len(void **state)
{
	struct name n;
	(void)state;
	assert_int_equal(name_from_text(&n, "a.bcd", 3), OK);
	assert_name(&n, "a.b.");
	assert_int_equal(name_from_text(&n, "a\\065", 3), ERR_SYNTAX);
	assert_int_equal(name_from_text(&n, "a\0b", 3), OK);
	assert_name(&n, "a\\000b.");
}

static void test_longest_text_fits(void **state)
{
	struct name n = name_of(ESCAPED_63 "." ESCAPED_63 "." ESCAPED_63 "." ESCAPED_61 ".");
	char text[NAME_TEXT_MAX];
	(void)state;
	assert_int_equal(n.len, NAME_WIRE_MAX);
	assert_int_equal(name_to_text(&n, text), NAME_TEXT_MAX - 1);
}

static const struct {
	const char *what, *bytes;
	size_t len, taken;
	const char *want;
} wires[] = {
        {"root", "\0", 1, 1, "."},
        {"one label, and octets after it", "\1a\0xyz", 6, 3, "a."},
        {"label of letters that could be lengths", "\3\1a\0\0", 5, 5, "\\001a\\000."},
        {"nothing", "", 0, 0, "."},
        {"no root", "\1a", 2, 0, "."},
        {"cut label", "\3ab", 3, 0, "."},
        {"label that ends the octets", "\2ab", 3, 0, "."},
        {"label of 64", "\100" LABEL_63 "4", 66, 0, "."},
        {"pointer", "\1a\300\0", 4, 0, "."},
        {"reserved kind of label", "\200a", 3, 0, "."},
};

static void test_from_wire(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wires); i++) {
		struct name n;
		size_t taken = name_from_wire(&n, (const uint8_t *)wires[i].bytes, wires[i].len);
		if (taken != wires[i].taken)
			fail_msg("%s: %zu", wires[i].what, taken);
		assert_name(&n, wires[i].want);
	}
}

static void test_from_wire_at_the_limit(void **state)
{
	struct name most = name_of(LABELS_127), longest = name_of(NAME_255), n;
	uint8_t bytes[300];
	(void)state;
	assert_int_equal(name_from_wire(&n, most.wire, most.len), 255);
	assert_memory_equal(&n, &most, sizeof n);
	assert_int_equal(name_from_wire(&n, longest.wire, longest.len), 255);
	assert_name(&n, NAME_255);
	assert_int_equal(name_from_wire(&n, longest.wire, 254), 0);

	memcpy(bytes, "\1b", 2); /* 257 octets */
	memcpy(bytes + 2, longest.wire, longest.len);
	assert_int_equal(name_from_wire(&n, bytes, sizeof bytes), 0);
	memcpy(bytes, most.wire, 254); /* a label of 1 more: no room for the root */
	memcpy(bytes + 254, "\1a", 3);
	assert_int_equal(name_from_wire(&n, bytes, sizeof bytes), 0);
}

static const struct {
	const char *to, *label;
	size_t len;
	enum err err;
	const char *prepended, *appended;
} labels[] = {
        {".", "a", 1, OK, "a.", "a."},
        {"b.c.", "a.x", 3, OK, "a\\.x.b.c.", "b.c.a\\.x."},
        {"b.c.", LABEL_63, 63, OK, LABEL_63 ".b.c.", "b.c." LABEL_63 "."},
        {"b.c.", "", 0, ERR_SYNTAX, "b.c.", "b.c."},
        {"b.c.", LABEL_63 "4", 64, ERR_RANGE, "b.c.", "b.c."},
        {LABEL_63 "." LABEL_63 "." LABEL_63 ".", LABEL_61, 61, OK, LABEL_61 "." LABEL_63 "." LABEL_63 "." LABEL_63 ".", NAME_255},
        {LABEL_63 "." LABEL_63 "." LABEL_63 ".", LABEL_63, 62, ERR_RANGE, LABEL_63 "." LABEL_63 "." LABEL_63 ".",
         LABEL_63 "." LABEL_63 "." LABEL_63 "."},
        {LABELS_127, "a", 1, ERR_RANGE, LABELS_127, LABELS_127},
};

static void test_add_label(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(labels); i++) {
		struct name left = name_of(labels[i].to), right = left;
		assert_int_equal(name_prepend(&left, labels[i].label, labels[i].len), labels[i].err);
		assert_int_equal(name_append(&right, labels[i].label, labels[i].len), labels[i].err);
		assert_name(&left, labels[i].prepended);
		assert_name(&right, labels[i].appended);
	}
}

static const struct {
	const char *left, *right;
	enum err err;
	const char *want;
} sums[] = {
        {"web-0.nginx.", "default.svc.cluster.local.", OK, "web-0.nginx.default.svc.cluster.local."},
        {".", "a.b.", OK, "a.b."},
        {"a.b.", ".", OK, "a.b."},
        {".", NAME_255, OK, NAME_255},
        {LABEL_63 "." LABEL_63 ".", LABEL_63 "." LABEL_61 ".", OK, NAME_255},
        {LABEL_63 "." LABEL_63 ".", LABEL_63 "." LABEL_61 "x.", ERR_RANGE, LABEL_63 "." LABEL_63 "."},
        {"a.", NAME_255, ERR_RANGE, "a."},
};

static void test_append_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sums); i++) {
		struct name n = name_of(sums[i].left), suffix = name_of(sums[i].right);
		assert_int_equal(name_append_name(&n, &suffix), sums[i].err);
		assert_name(&n, sums[i].want);
	}
}

static uint8_t small(unsigned octet)
{
	return (uint8_t)(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet);
}

/* Every octet at every place of labels shorter and longer than a machine word. */
static void test_lower(void **state)
{
	uint8_t label[20], want[20];
	(void)state;
	for (size_t len = 1; len <= sizeof label; len++)
		for (unsigned first = 0; first < 256; first++) {
			struct name n;
			size_t got;
			for (unsigned i = 0; i < len; i++) {
				label[i] = (uint8_t)(first + i * 31);
				want[i] = small(label[i]);
			}
			name_root(&n);
			assert_int_equal(name_append(&n, label, len), OK);
			name_lower(&n);
			assert_memory_equal(name_label(&n, 0, &got), want, len);
			assert_int_equal(got, len);
			assert_consistent(&n);
		}
}

/* Only letters have a case: '@' and '`', '[' and '{', and 0xc1 and 0xe1 differ by the same bit. */
static void test_equal_every_pair_of_octets(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			uint8_t left[9] = "12345678", right[9] = "12345678";
			struct name l, r;
			left[b % 9] = (uint8_t)a;
			right[b % 9] = (uint8_t)b;
			name_root(&l);
			name_root(&r);
			assert_int_equal(name_append(&l, left, sizeof left), OK);
			assert_int_equal(name_append(&r, right, sizeof right), OK);
			assert_int_equal(name_equal(&l, &r), small(a) == small(b));
		}
}

static const struct {
	const char *name, *origin;
	bool in, equal;
} relations[] = {
        {"cluster.local.", "cluster.local.", true, true},
        {"Cluster.LOCAL.", "cluster.local.", true, true},
        {"svc.cluster.local.", "CLUSTER.local.", true, false},
        {"cluster.local.", "svc.cluster.local.", false, false},
        {"xcluster.local.", "cluster.local.", false, false},
        {"cluster.locale.", "cluster.local.", false, false},
        {"cluster\\.local.", "cluster.local.", false, false},
        {"x\\007cluster\\005local.", "cluster.local.", false, false}, /* looks like it inside a label */
        {"a.x\\005local.", "local.", false, false},
        {"a.", ".", true, false},
        {".", ".", true, true},
        {".", "a.", false, false},
        {"ab.c.", "a.bc.", false, false},
};

static void test_relations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(relations); i++) {
		struct name n = name_of(relations[i].name), origin = name_of(relations[i].origin);
		if (name_in(&n, &origin) != relations[i].in)
			fail_msg("%s in %s", relations[i].name, relations[i].origin);
		if (name_equal(&n, &origin) != relations[i].equal)
			fail_msg("%s equal %s", relations[i].name, relations[i].origin);
	}
}

static const struct {
	const char *addr, *name;
} reverses[] = {
        {"10.244.1.7", "7.1.244.10.in-addr.arpa."},
        {"0.0.0.0", "0.0.0.0.in-addr.arpa."},
        {"255.255.255.255", "255.255.255.255.in-addr.arpa."},
        {"192.168.100.99", "99.100.168.192.in-addr.arpa."},
        {"fd00:10:244::1:7", "7.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa."},
        {"1234:5678:9abc:def0:fed:cba9:8765:4321", "1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.0.0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.ip6.arpa."},
};

static void test_reverse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reverses); i++) {
		struct addr a, back;
		struct name n;
		assert_int_equal(addr_parse(reverses[i].addr, strlen(reverses[i].addr), &a), OK);
		name_from_addr(&n, &a);
		assert_name(&n, reverses[i].name);
		assert_true(name_to_addr(&n, &back));
		assert_true(addr_equal(&a, &back));
	}
}

static const char *const no_reverses[] = {
        ".",
        "in-addr.arpa.",
        "2.3.4.in-addr.arpa.",
        "0.1.2.3.4.in-addr.arpa.",
        "256.2.3.4.in-addr.arpa.",
        "01.2.3.4.in-addr.arpa.",
        "1111.2.3.4.in-addr.arpa.",
        "-1.2.3.4.in-addr.arpa.",
        "a.2.3.4.in-addr.arpa.",
        "1.2.3.4.in-addr.arpb.",
        "1.2.3.4.5.in-addr.",
        "1.2.3.4.example.arpa.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.ip6.arpa.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.ip6.arpa.",
        "g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
        "11.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
        "\\000.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.in-addr.arpa.",
};

static void test_no_reverse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof no_reverses / sizeof *no_reverses; i++) {
		struct addr a = {.family = 77};
		struct name n;
		assert_int_equal(name_from_text(&n, no_reverses[i], strlen(no_reverses[i])), OK);
		if (name_to_addr(&n, &a) || a.family != 77)
			fail_msg("%s is an address", no_reverses[i]);
	}
}

static void test_reverse_of_none(void **state)
{
	struct addr none = {.family = ADDR_NONE};
	struct name n;
	(void)state;
	name_from_addr(&n, &none);
	assert_name(&n, ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text),
	        cmocka_unit_test(test_text_stops_at_len),
	        cmocka_unit_test(test_longest_text_fits),
	        cmocka_unit_test(test_from_wire),
	        cmocka_unit_test(test_from_wire_at_the_limit),
	        cmocka_unit_test(test_add_label),
	        cmocka_unit_test(test_append_name),
	        cmocka_unit_test(test_lower),
	        cmocka_unit_test(test_equal_every_pair_of_octets),
	        cmocka_unit_test(test_relations),
	        cmocka_unit_test(test_reverse),
	        cmocka_unit_test(test_no_reverse),
	        cmocka_unit_test(test_reverse_of_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
