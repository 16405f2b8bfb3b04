#include "base/intern.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static void test_equal_strings_are_one(void **state)
{
	struct intern *pool = intern_new();
	char copy[] = "default";
	const char *a = intern_str(pool, "default"), *b = intern_str(pool, copy);
	(void)state;
	assert_ptr_equal(a, b);
	assert_string_equal(a, "default");
	assert_int_equal(intern_len(a), 7);
	assert_int_equal(intern_refs(a), 2);
	assert_ptr_equal(intern_ref(a), a);
	assert_false(intern_unref(pool, a));
	assert_false(intern_unref(pool, a));
	assert_true(intern_unref(pool, a));
	assert_false(intern_unref(pool, NULL));
	intern_free(pool);
}

static void test_octets_with_nul_differ(void **state)
{
	struct intern *pool = intern_new();
	const void *a = intern_bytes(pool, "a\0b", 3), *b = intern_bytes(pool, "a\0c", 3), *c = intern_str(pool, "a");
	(void)state;
	assert_true(a != b && a != c && b != c);
	intern_unref(pool, a);
	intern_unref(pool, b);
	intern_unref(pool, c);
	intern_free(pool);
}

/* Also where the pool can't grow. */
static void test_many(void **state)
{
	enum { MANY = 1000 };
	const char *first[MANY];
	struct intern *pool = intern_new();
	char text[16];
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "pod-%u", i);
		fail_alloc_at(i < 200 ? 0 : 2); /* the second is that for more buckets, if it wants them */
		first[i] = intern_str(pool, text);
		assert_string_equal(first[i], text);
	}
	fail_alloc_at(0);
	for (unsigned i = 0; i < MANY; i += 2)
		assert_true(intern_unref(pool, first[i]));
	for (unsigned i = 1; i < MANY; i += 2) {
		snprintf(text, sizeof text, "pod-%u", i);
		assert_ptr_equal(intern_str(pool, text), first[i]);
		assert_false(intern_unref(pool, first[i]));
		assert_true(intern_unref(pool, first[i]));
	}
	intern_free(pool);
}

static void test_allocation_failure(void **state)
{
	(void)state;
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool;
		const char *text;
		fail_alloc_at(n);
		pool = intern_new();
		text = pool ? intern_str(pool, "nginx") : NULL;
		whole = !fail_alloc_hit();
		assert_int_equal(text != NULL, whole);
		if (text)
			intern_unref(pool, text);
		intern_free(pool);
	}
	fail_alloc_at(0);
	rcu_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_equal_strings_are_one),
	        cmocka_unit_test(test_octets_with_nul_differ),
	        cmocka_unit_test(test_many),
	        cmocka_unit_test(test_allocation_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
