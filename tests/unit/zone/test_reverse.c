/* The map of addresses against a model: a sorted array. */
#include "../../../src/zone/reverse.h"
#include "base/hash.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS 3
#define STEPS 20000
#define SPACE 300 /* distinct addresses in play, of each family */

static struct slot *slots[SLOTS];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SLOTS; i++) {
		slots[i] = calloc(1, sizeof *slots[i] + 2);
		if (!slots[i])
			return -1;
		slots[i]->key_len = 2;
		slots[i]->key[0] = 1;
		slots[i]->key[1] = (uint8_t)('c' - i); /* so that their order is not that of the array */
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rcu_free_all();
	for (unsigned i = 0; i < SLOTS; i++)
		free(slots[i]);
	return 0;
}

static struct addr address(unsigned n)
{
	struct addr a = {.family = n < SPACE ? ADDR_V4 : ADDR_V6};
	a.octets[0] = (uint8_t)(n % 7);
	a.octets[3] = (uint8_t)n;
	a.octets[2] = (uint8_t)(n >> 8);
	return a;
}

struct expected {
	struct addr addr;
	const struct slot *slot;
};

static int by_addr_and_slot(const void *a, const void *b)
{
	const struct expected *x = a, *y = b;
	int difference = addr_compare(&x->addr, &y->addr);
	return difference ? difference : slot_compare(x->slot, y->slot);
}

static size_t sort_model(bool model[2 * SPACE][SLOTS], struct expected *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < 2 * SPACE; i++)
		for (unsigned s = 0; s < SLOTS; s++)
			if (model[i][s])
				out[n++] = (struct expected){.addr = address(i), .slot = slots[s]};
	qsort(out, n, sizeof *out, by_addr_and_slot);
	return n;
}

static void check_order(const struct reverse_map *m, bool model[2 * SPACE][SLOTS])
{
	static struct expected expected[2 * SPACE * SLOTS];
	size_t n = sort_model(model, expected);
	const struct reverse *r = reverse_from(m, &(struct addr){0});
	for (size_t i = 0; i < n; i++, r = reverse_next(r)) {
		assert_non_null(r);
		assert_true(addr_equal(&r->addr, &expected[i].addr));
		assert_ptr_equal(r->slot, expected[i].slot);
	}
	assert_null(r);
}

static void check_addr(const struct reverse_map *m, unsigned number, const bool has[SLOTS])
{
	struct addr a = address(number);
	bool alone;
	unsigned want = 0, got = 0;
	for (unsigned s = 0; s < SLOTS; s++)
		want += has[s];
	const struct reverse *r = reverse_find(m, &a, generation_addr_hash(&a), &alone);
	assert_true(!r == !want);
	assert_true(alone == (want < 2));
	for (; r && addr_equal(&r->addr, &a); r = reverse_next(r))
		got++;
	assert_int_equal(got, want);
}

static size_t distinct(bool model[2 * SPACE][SLOTS])
{
	size_t n = 0;
	for (unsigned i = 0; i < 2 * SPACE; i++)
		n += model[i][0] || model[i][1] || model[i][2];
	return n;
}

static void test_against_a_model(void **state)
{
	static bool model[2 * SPACE][SLOTS];
	struct reverse_map m;
	(void)state;
	assert_int_equal(reverse_init(&m), OK);
	srandom(1);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned number = (unsigned)random() % (2 * SPACE), s = (unsigned)random() % SLOTS;
		struct addr a = address(number);
		uint64_t hash = generation_addr_hash(&a);
		bool add = !model[number][s] && random() % 2;
		if (add)
			assert_int_equal(reverse_add(&m, &a, hash, slots[s]), OK);
		else
			reverse_remove(&m, &a, hash, slots[s]); /* also where it is not there */
		model[number][s] = add;
		check_addr(&m, number, model[number]);
		if (step % 500 == 0)
			check_order(&m, model);
	}
	check_order(&m, model);
	assert_int_equal(m.addresses, distinct(model));
	reverse_destroy(&m);
}

static void test_first_from(void **state)
{
	static const struct {
		unsigned from;
		int first; /* number of the address that comes first; -1: none */
	} cases[] = {{0, 0}, {7, 70}, {70, 70}, {77, -1}};
	struct reverse_map m;
	(void)state;
	assert_int_equal(reverse_init(&m), OK);
	for (unsigned n = 0; n <= 70; n += 70) {
		struct addr a = address(n);
		assert_int_equal(reverse_add(&m, &a, generation_addr_hash(&a), slots[0]), OK);
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct addr from = address(cases[i].from), first = address((unsigned)cases[i].first);
		const struct reverse *r = reverse_from(&m, &from);
		assert_true(cases[i].first < 0 ? !r : r && addr_equal(&r->addr, &first));
	}
	reverse_destroy(&m);
}

static void test_out_of_memory(void **state)
{
	struct reverse_map m;
	(void)state;
	for (unsigned n = 1;; n++) {
		fail_alloc_at(n);
		enum err err = reverse_init(&m);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		if (!hit)
			break;
	}
	/* Until the table has to grow, whose memory fails too. */
	for (unsigned i = 0; i < 50; i++) {
		struct addr a = address(i);
		bool alone;
		for (unsigned n = 1;; n++) {
			fail_alloc_at(n);
			enum err err = reverse_add(&m, &a, generation_addr_hash(&a), slots[0]);
			bool hit = fail_alloc_hit();
			fail_alloc_at(0);
			assert_int_equal(err, hit ? ERR_NOMEM : OK);
			assert_true(!reverse_find(&m, &a, generation_addr_hash(&a), &alone) == hit);
			assert_int_equal(m.addresses, i + !hit);
			if (!hit)
				break;
		}
	}
	reverse_destroy(&m);
}

int main(void)
{
	hash_seed_init();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_against_a_model),
	        cmocka_unit_test(test_first_from),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
