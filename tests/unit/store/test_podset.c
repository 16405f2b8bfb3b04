#include "fail_alloc.h"
#include "podset.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PODS  3000
#define STEPS 30000

static struct pod pods[PODS];
static char names[PODS][8];

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < PODS; i++) {
		snprintf(names[i], sizeof(names[i]), "p%05zu", i);
		pods[i].object.name = names[i];
	}
	return 0;
}

/* The set holds just those of `in`, in order. */
static void check(const struct podset *set, const bool in[PODS])
{
	struct podset_cursor c = {0};
	size_t count = 0;
	for (size_t i = 0; i < PODS; i++) {
		assert_ptr_equal(podset_find(set, names[i]), in[i] ? &pods[i] : NULL);
		if (in[i])
			assert_ptr_equal(podset_each(set, &c), &pods[i]);
		count += in[i];
	}
	assert_null(podset_each(set, &c));
	assert_int_equal(set->count, count);
}

static void fill(struct podset *set, bool in[PODS], size_t first, size_t step)
{
	for (size_t i = 0, at = first; i < PODS; i++, at = (at + step) % PODS) {
		assert_int_equal(podset_insert(set, &pods[at]), OK);
		in[at] = true;
	}
}

/* In order, in reverse, and strewn: how blocks fill and split. */
static void test_orders(void **state)
{
	static const struct {
		size_t first, step;
	} orders[] = {{0, 1}, {PODS - 1, PODS - 1}, {0, 1861}, {128, 1}};
	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct podset set = {0};
		bool in[PODS] = {false};
		fill(&set, in, orders[i].first, orders[i].step);
		check(&set, in);
		for (size_t k = 0, at = 7; k < PODS; k++, at = (at + 1861) % PODS)
			podset_remove(&set, &pods[at]);
		assert_int_equal(set.block_count, 0);
		podset_clear(&set);
	}
}

static void test_random_changes(void **state)
{
	struct podset set = {0};
	bool in[PODS] = {false};
	(void)state;
	uint32_t random = 1; /* Knuth's linear congruence */
	for (size_t step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		size_t i = (random >> 8) % PODS;
		if (in[i])
			podset_remove(&set, &pods[i]);
		else
			assert_int_equal(podset_insert(&set, &pods[i]), OK);
		in[i] = !in[i];
		if (step % 3000 == 0)
			check(&set, in);
	}
	check(&set, in);
	podset_clear(&set);
}

static void test_only_that_pod_is_removed(void **state)
{
	struct podset set = {0};
	struct pod twin = {.object.name = "p00001"};
	(void)state;
	podset_remove(&set, &twin);
	assert_int_equal(podset_insert(&set, &pods[1]), OK);
	podset_remove(&set, &twin);
	assert_ptr_equal(podset_find(&set, "p00001"), &pods[1]);
	podset_remove(&set, &pods[1]);
	assert_null(podset_find(&set, "p00001"));
}

static void test_sweep(void **state)
{
	struct podset set = {0};
	struct podset_cursor c = {0};
	bool in[PODS] = {false};
	(void)state;
	fill(&set, in, 0, 1861);
	assert_null(podset_next_unseen(&set, &c));
	podset_unsee_all(&set);
	for (size_t i = 0; i < PODS; i++)
		if ((in[i] = i % 7 == 0 || (i > 1000 && i < 2000)))
			assert_ptr_equal(podset_see(&set, names[i]), &pods[i]);
	assert_null(podset_see(&set, "nobody"));
	c = (struct podset_cursor){0};
	for (const struct pod *pod; (pod = podset_next_unseen(&set, &c));)
		podset_remove(&set, pod);
	check(&set, in);
	podset_clear(&set);
}

static void test_out_of_memory(void **state)
{
	struct podset set = {0};
	bool in[PODS] = {false};
	(void)state;
	for (size_t i = 0, at = 0; i < PODS; i++, at = (at + 1861) % PODS) {
		enum err err = ERR_NOMEM;
		for (unsigned n = 1; err; n++) {
			fail_alloc_at(n);
			err = podset_insert(&set, &pods[at]);
			assert_int_equal(err, fail_alloc_hit() ? ERR_NOMEM : OK);
			fail_alloc_at(0);
			assert_int_equal(set.count, i + !err);
		}
		in[at] = true;
	}
	check(&set, in);
	podset_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_orders), cmocka_unit_test(test_random_changes), cmocka_unit_test(test_only_that_pod_is_removed),
	        cmocka_unit_test(test_sweep),  cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
