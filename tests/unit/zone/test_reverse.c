/* The map of addresses against a model: which Service has which. */
#include "../../../src/zone/builder.h"
#include "../../../src/zone/reverse.h"
#include "base/hash.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define SLOTS 3
#define STEPS 20000
#define SPACE 300 /* distinct addresses in play, of each family */

static bool model[2 * SPACE][SLOTS];
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
	for (unsigned i = 0; i < SLOTS; i++) {
		free(slot_generation(slots[i]));
		free(slots[i]);
	}
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

/* What the slot holds becomes what the model says. */
static void publish(unsigned s)
{
	struct builder *b = builder_new(&(struct builder_bounds){.addrs = 2 * SPACE}, "ns", "a", ABSENCE_NONE);
	struct generation *old = slot_generation(slots[s]);
	assert_non_null(b);
	for (unsigned i = 0; i < 2 * SPACE; i++) {
		struct addr a = address(i);
		if (model[i][s])
			builder_addr(b, 0, &a);
	}
	atomic_store(&slots[s]->current, builder_finish(b));
	builder_free(b);
	free(old);
}

/* In the order in which a zone does it. */
static void set(struct reverse_map *m, unsigned number, unsigned s, bool there)
{
	struct addr a = address(number);
	uint64_t hash = generation_addr_hash(&a);
	if (there)
		assert_int_equal(reverse_add(m, &a, hash, slots[s]), OK);
	model[number][s] = there;
	publish(s);
	if (!there)
		reverse_remove(m, &a, hash, slots[s]);
}

static void check_addr(const struct reverse_map *m, unsigned number)
{
	struct addr a = address(number);
	struct holder_walk w = reverse_begin(m, &a, generation_addr_hash(&a));
	bool seen[SLOTS] = {false};
	for (struct holder o; reverse_next_holder(&w, &o);)
		for (unsigned s = 0; s < SLOTS; s++)
			if (o.slot == slots[s]) {
				assert_false(seen[s]);
				assert_true(o.node == slot_generation(o.slot)->nodes);
				seen[s] = true;
			}
	assert_memory_equal(seen, model[number], sizeof seen);
}

static bool is_there(unsigned number)
{
	return model[number][0] || model[number][1] || model[number][2];
}

static bool begins_alike(const struct addr *a, const struct addr *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i += 4)
		if ((a->octets[i / 8] ^ b->octets[i / 8]) & (i % 8 ? 0x0f : 0xf0))
			return false;
	return a->family == b->family;
}

/* Every incomplete name above this address. */
static void check_above(const struct reverse_map *m, unsigned number)
{
	struct addr prefix = address(number), whole = prefix;
	unsigned step = prefix.family == ADDR_V4 ? 8 : 4;
	for (unsigned bits = 8 * (unsigned)addr_len(&whole); bits;) {
		bool want = false;
		bits -= step;
		prefix.octets[bits / 8] &= bits % 8 ? 0xf0 : 0;
		for (unsigned i = 0; i < 2 * SPACE; i++) {
			struct addr a = address(i);
			want = want || (is_there(i) && begins_alike(&a, &whole, bits));
		}
		assert_int_equal(reverse_has_below(m, &prefix, bits), want);
	}
}

static size_t distinct(void)
{
	size_t n = 0;
	for (unsigned i = 0; i < 2 * SPACE; i++)
		n += is_there(i);
	return n;
}

static void test_against_the_model(void **state)
{
	struct reverse_map m;
	(void)state;
	assert_int_equal(reverse_init(&m), OK);
	srandom(1);
	for (unsigned step = 0; step < STEPS; step++) {
		/* Fuller and emptier by turns, so that networks come and go. */
		unsigned number = (unsigned)random() % (2 * SPACE), s = (unsigned)random() % SLOTS;
		bool there = (unsigned)random() % STEPS < (step % 5000) * 4;
		if (there != model[number][s])
			set(&m, number, s, there);
		check_addr(&m, number);
		if (step % 50 == 0)
			check_above(&m, number);
		assert_int_equal(m.addresses, distinct());
	}
	for (unsigned i = 0; i < 2 * SPACE * SLOTS; i++)
		if (model[i / SLOTS][i % SLOTS])
			set(&m, i / SLOTS, i % SLOTS, false);
	assert_int_equal(m.addresses, 0);
	assert_false(reverse_has_below(&m, &(struct addr){.family = ADDR_V4}, 0));
	assert_false(reverse_has_below(&m, &(struct addr){.family = ADDR_V6}, 0));
	reverse_destroy(&m);
}

/* What is not there is not removed. */
static void test_remove_of_none(void **state)
{
	struct addr a = address(1);
	struct reverse_map m;
	(void)state;
	assert_int_equal(reverse_init(&m), OK);
	reverse_remove(&m, &a, generation_addr_hash(&a), slots[0]);
	assert_int_equal(m.addresses, 0);
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
		for (unsigned n = 1;; n++) {
			fail_alloc_at(n);
			enum err err = reverse_add(&m, &a, generation_addr_hash(&a), slots[0]);
			bool hit = fail_alloc_hit();
			fail_alloc_at(0);
			assert_int_equal(err, hit ? ERR_NOMEM : OK);
			model[i][0] = !hit;
			publish(0);
			check_addr(&m, i);
			check_above(&m, i);
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
	        cmocka_unit_test(test_against_the_model),
	        cmocka_unit_test(test_remove_of_none),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
