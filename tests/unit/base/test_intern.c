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

static const char *intern_numbered(struct intern *pool, unsigned i)
{
	char text[16];
	const char *interned;
	snprintf(text, sizeof text, "pod-%u", i);
	interned = intern_str(pool, text);
	if (interned)
		assert_string_equal(interned, text);
	return interned;
}

static void test_many(void **state)
{
	enum { MANY = 1000 };
	const char *first[MANY];
	struct intern *pool = intern_new();
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		first[i] = intern_numbered(pool, i);
	for (unsigned i = 0; i < MANY; i += 2)
		assert_true(intern_unref(pool, first[i]));
	for (unsigned i = 1; i < MANY; i += 2) {
		assert_ptr_equal(intern_numbered(pool, i), first[i]);
		assert_false(intern_unref(pool, first[i]));
		assert_true(intern_unref(pool, first[i]));
	}
	intern_free(pool);
}

/* What comes and goes over and over leaves nothing behind: the pool holds a few strings at a time, found wherever they are. */
static void test_few_at_a_time(void **state)
{
	enum { ALIVE = 40, ROUNDS = 20000 };
	const char *alive[ALIVE] = {0};
	struct intern *pool = intern_new();
	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned at = i * 7 % ALIVE;
		intern_unref(pool, alive[at]);
		alive[at] = intern_numbered(pool, i);
		for (unsigned k = 0; k < ALIVE; k += 13) {
			if (!alive[k])
				continue;
			assert_ptr_equal(intern_str(pool, alive[k]), alive[k]);
			assert_false(intern_unref(pool, alive[k]));
		}
	}
	for (unsigned k = 0; k < ALIVE; k++)
		intern_unref(pool, alive[k]);
	intern_free(pool);
}

/* There is no memory for more cells: those that are there are filled up, then no more strings are taken, until there is. */
static void test_growth_fails(void **state)
{
	enum { CELLS = 64 };
	const char *held[CELLS];
	struct intern *pool = intern_new();
	(void)state;
	for (unsigned i = 0; i < CELLS; i++) {
		fail_alloc_at(2); /* the first is the string */
		held[i] = intern_numbered(pool, i);
		assert_int_equal(held[i] != NULL, i < CELLS - 1);
	}
	fail_alloc_at(0);
	held[CELLS - 1] = intern_numbered(pool, CELLS - 1);
	assert_non_null(held[CELLS - 1]);
	for (unsigned i = 0; i < CELLS; i++) {
		assert_ptr_equal(intern_numbered(pool, i), held[i]);
		intern_unref(pool, held[i]);
		assert_true(intern_unref(pool, held[i]));
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
	        cmocka_unit_test(test_few_at_a_time),
	        cmocka_unit_test(test_growth_fails),
	        cmocka_unit_test(test_allocation_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
