#include "base/rcu.h"
#include "fail_alloc.h"
#include "kube/object.h"
#include "unit.h"
#include <string.h>

static const struct label nginx[] = {{"tier", "web"}, {"app", "nginx"}, {"", ""}};
static const struct label nginx_again[] = {{"", ""}, {"app", "nginx"}, {"tier", "web"}};

static void test_equal_sets_are_one(void **state)
{
	struct intern *pool = intern_new();
	const struct label_set *a = label_set_intern(pool, nginx, 3), *b = label_set_intern(pool, nginx_again, 3);
	const struct label_set *other = label_set_intern(pool, nginx, 2);
	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, other);
	assert_int_equal(a->count, 3);
	assert_string_equal(a->labels[1].key, "app");
	assert_string_equal(a->labels[1].value, "nginx");
	assert_string_equal(a->labels[2].key, "tier");
	label_set_unref(pool, a);
	assert_string_equal(b->labels[2].value, "web");
	label_set_unref(pool, b);
	label_set_unref(pool, other);
	label_set_unref(pool, NULL);
	intern_free(pool); /* asserts that the strings are gone, too */
	rcu_free_all();
}

static void test_one_pair_per_key(void **state)
{
	static const struct label twice[] = {{"app", "nginx"}, {"zone", "a"}, {"app", "apache"}};
	struct intern *pool = intern_new();
	const struct label_set *set = label_set_intern(pool, twice, 3);
	(void)state;
	assert_int_equal(set->count, 2);
	assert_string_equal(set->labels[0].value, "nginx");
	assert_string_equal(set->labels[1].key, "zone");
	label_set_unref(pool, set);
	assert_null(label_set_intern(pool, twice, 0));
	intern_free(pool);
	rcu_free_all();
}

static void test_selector_matches(void **state)
{
	static const struct label labels[] = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", ""}};
	static const struct {
		const char *what;
		struct label selector[2];
		size_t n;
		bool want;
	} cases[] = {
	        {"nothing selects nothing", {{0}}, 0, false},
	        {"one pair", {{"b", "2"}}, 1, true},
	        {"two pairs, not neighbours", {{"c", "3"}, {"a", "1"}}, 2, true},
	        {"the last", {{"d", ""}}, 1, true},
	        {"other value", {{"b", "3"}}, 1, false},
	        {"one of two", {{"a", "1"}, {"b", "1"}}, 2, false},
	        {"absent key", {{"bb", "2"}}, 1, false},
	        {"absent key with empty value", {{"e", ""}}, 1, false},
	};
	struct intern *pool = intern_new();
	const struct label_set *set = label_set_intern(pool, labels, 4);
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct label_set *selector = label_set_intern(pool, cases[i].selector, cases[i].n);
		if (selector_matches(selector, set) != cases[i].want)
			fail_msg("%s", cases[i].what);
		assert_false(selector_matches(selector, NULL));
		label_set_unref(pool, selector);
	}
	label_set_unref(pool, set);
	intern_free(pool);
	rcu_free_all();
}

static void test_allocation_failure(void **state)
{
	(void)state;
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool = intern_new();
		const struct label_set *set;
		fail_alloc_at(n);
		set = label_set_intern(pool, nginx, 3);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(set != NULL, whole);
		label_set_unref(pool, set);
		intern_free(pool);
	}
	rcu_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_equal_sets_are_one),
	        cmocka_unit_test(test_one_pair_per_key),
	        cmocka_unit_test(test_selector_matches),
	        cmocka_unit_test(test_allocation_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
