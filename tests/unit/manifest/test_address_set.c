#include "address_set.h"
#include "fail_alloc.h"
#include "name_hash.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static struct cidr cidr(const char *text)
{
	struct cidr c;
	assert_int_equal(cidr_parse(text, &c), OK);
	return c;
}

static bool is_of(const struct cidr *c, const struct addr *a)
{
	size_t whole = c->prefix / 8, bits = c->prefix % 8;
	if (a->family != c->base.family || memcmp(a->octets, c->base.octets, whole) != 0)
		return false;
	return !bits || (a->octets[whole] ^ c->base.octets[whole]) >> (8 - bits) == 0;
}

static const char *pick(struct address_set *s, const char *range, uint64_t reserved, const char *name)
{
	static char text[ADDR_TEXT_MAX];
	struct cidr c = cidr(range);
	struct addr a;
	enum err err = address_set_pick(s, &c, reserved, "default", name, &a);
	if (err)
		return err_str(err);
	assert_true(is_of(&c, &a));
	addr_format(&a, text);
	return text;
}

/* These must stay as they are: people write such addresses down. */
static void test_addresses_stay_the_same(void **state)
{
	struct address_set s = {0};
	(void)state;
	assert_string_equal(pick(&s, "10.244.0.0/16", 0, "web-0"), "10.244.45.10");
	assert_string_equal(pick(&s, "10.244.0.0/16", 0, "web-1"), "10.244.243.207");
	address_set_free(&s);
}

/* How many of a range can be had, and which are not. */
static void test_whole_ranges(void **state)
{
	static const struct {
		const char *range;
		uint64_t reserved;
		unsigned count;
		const char *never[2], *last;
	} cases[] = {
	        {"10.0.0.0/28", 0, 14, {"10.0.0.0", "10.0.0.15"}, NULL},
	        {"10.0.0.0/30", 0, 2, {"10.0.0.0", "10.0.0.3"}, NULL},
	        {"10.0.0.0/30", 1, 2, {"10.0.0.0", "10.0.0.3"}, "10.0.0.1"},
	        {"10.0.0.0/31", 0, 2, {"10.0.0.2", "10.0.0.3"}, NULL},
	        {"10.0.0.7/32", 16, 1, {"10.0.0.6", "10.0.0.8"}, "10.0.0.7"},
	        {"fd00::/125", 0, 7, {"fd00::", "fd00::8"}, NULL},
	        {"fd00::/126", 2, 3, {"fd00::", "fd00::4"}, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address_set s = {0};
		char name[16];
		const char *got = NULL;
		for (unsigned n = 0; n < cases[i].count; n++) {
			snprintf(name, sizeof name, "p-%u", n);
			got = pick(&s, cases[i].range, cases[i].reserved, name);
			assert_string_not_equal(got, err_str(ERR_RANGE));
			assert_string_not_equal(got, cases[i].never[0]);
			assert_string_not_equal(got, cases[i].never[1]);
		}
		if (cases[i].last)
			assert_string_equal(got, cases[i].last);
		assert_string_equal(pick(&s, cases[i].range, cases[i].reserved, "more"), err_str(ERR_RANGE));
		assert_int_equal(s.count, cases[i].count);
		address_set_free(&s);
	}
}

static void test_used_ones_are_not_given(void **state)
{
	struct address_set s = {0};
	struct addr a;
	(void)state;
	assert_int_equal(addr_parse("10.244.45.10", 12, &a), OK);
	assert_false(address_set_has(&s, &a));
	assert_int_equal(address_set_add(&s, &a), OK);
	assert_int_equal(address_set_add(&s, &a), OK);
	assert_int_equal(s.count, 1);
	assert_true(address_set_has(&s, &a));
	assert_string_equal(pick(&s, "10.244.0.0/16", 0, "web-0"), "10.244.45.11");
	address_set_free(&s);
}

/* The largest range there is has 2^128: none is lost to an overflow. */
static void test_wide_ranges(void **state)
{
	struct address_set s = {0};
	(void)state;
	assert_string_not_equal(pick(&s, "::/0", 256, "a"), err_str(ERR_RANGE));
	assert_string_not_equal(pick(&s, "fd00::/64", 256, "a"), err_str(ERR_RANGE));
	assert_string_not_equal(pick(&s, "0.0.0.0/0", 256, "a"), err_str(ERR_RANGE));
	address_set_free(&s);
}

static void test_name_hash_is_xxh64(void **state)
{
	(void)state;
	assert_true(name_hash("default", "web-0", 0) == XXH64("default/web-0", 13, 0));
	assert_true(name_hash("default", "web-0", 1) != name_hash("default", "web-0", 0));
	assert_true(name_hash("a", "b/c", 0) == name_hash("a/b", "c", 0));
}

static void test_allocation_failure(void **state)
{
	struct cidr c = cidr("10.0.0.0/24");
	(void)state;
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct address_set s = {0};
		enum err err = OK;
		fail_alloc_at(n);
		for (unsigned i = 0; i < 100 && !err; i++) {
			struct addr a;
			char name[16];
			snprintf(name, sizeof name, "p-%u", i);
			err = address_set_pick(&s, &c, 0, "default", name, &a);
		}
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		address_set_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_addresses_stay_the_same), cmocka_unit_test(test_whole_ranges),
	        cmocka_unit_test(test_used_ones_are_not_given), cmocka_unit_test(test_wide_ranges),
	        cmocka_unit_test(test_name_hash_is_xxh64),      cmocka_unit_test(test_allocation_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
