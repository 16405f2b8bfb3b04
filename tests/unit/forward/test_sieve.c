#include "sieve.h"
#include "unit.h"
#include <stdlib.h>

#define NODES 8

struct fixture {
	struct sieve sieve;
	struct sieve_node nodes[NODES];
};

static void fill(struct fixture *f, unsigned count)
{
	*f = (struct fixture){0};
	for (unsigned i = 0; i < count; i++)
		sieve_insert(&f->sieve, &f->nodes[i]);
}

/* Gives up the next one; its number, or -1. */
static int give_up(struct fixture *f)
{
	struct sieve_node *n = sieve_victim(&f->sieve);
	if (!n)
		return -1;
	sieve_remove(&f->sieve, n);
	return (int)(n - f->nodes);
}

static void test_oldest_goes_first(void **state)
{
	struct fixture f;
	(void)state;
	fill(&f, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(give_up(&f), i);
	assert_int_equal(give_up(&f), -1);
	assert_null(f.sieve.newest);
	assert_null(f.sieve.oldest);
}

/* The hand passes those that were hit, and takes their bit; it goes on from where it stopped. */
static void test_hits_are_passed_once(void **state)
{
	struct fixture f;
	(void)state;
	fill(&f, 4);
	sieve_visit(&f.nodes[0]);
	sieve_visit(&f.nodes[2]);
	assert_int_equal(give_up(&f), 1);
	assert_int_equal(give_up(&f), 3);
	assert_int_equal(give_up(&f), 0);
	assert_int_equal(give_up(&f), 2);
	assert_int_equal(give_up(&f), -1);
}

static void test_all_hit(void **state)
{
	struct fixture f;
	(void)state;
	fill(&f, 3);
	for (unsigned i = 0; i < 3; i++)
		sieve_visit(&f.nodes[i]);
	assert_int_equal(give_up(&f), 0);
	assert_int_equal(give_up(&f), 1);
}

/* What is new comes before the hand only after a round. */
static void test_newcomers_are_met_by_the_hand(void **state)
{
	struct fixture f;
	(void)state;
	fill(&f, 3);
	sieve_visit(&f.nodes[0]);
	assert_int_equal(give_up(&f), 1);
	sieve_insert(&f.sieve, &f.nodes[3]);
	assert_int_equal(give_up(&f), 2);
	assert_int_equal(give_up(&f), 3);
	assert_int_equal(give_up(&f), 0);
}

static void test_removing_where_the_hand_is(void **state)
{
	struct fixture f;
	(void)state;
	fill(&f, 4);
	sieve_visit(&f.nodes[0]);
	assert_ptr_equal(sieve_victim(&f.sieve), &f.nodes[1]);
	sieve_remove(&f.sieve, &f.nodes[1]);
	assert_int_equal(give_up(&f), 2);
	sieve_remove(&f.sieve, &f.nodes[3]); /* the hand was there: it begins anew at the oldest */
	assert_int_equal(give_up(&f), 0);
	assert_int_equal(give_up(&f), -1);
}

static void assert_consistent(const struct sieve *s, unsigned count)
{
	unsigned seen = 0;
	bool hand = s->hand == NULL;
	const struct sieve_node *older = NULL;
	for (const struct sieve_node *n = s->oldest; n; n = n->newer) {
		assert_ptr_equal(n->older, older);
		hand |= n == s->hand;
		older = n;
		seen++;
	}
	assert_ptr_equal(s->newest, older);
	assert_int_equal(seen, count);
	assert_true(hand);
}

static void test_random_steps_keep_the_list_whole(void **state)
{
	struct fixture f;
	bool in[NODES] = {false};
	unsigned count = 0, seed = 7;
	(void)state;
	fill(&f, 0);
	for (unsigned step = 0; step < 100000; step++) {
		seed = seed * 1103515245u + 12345u;
		unsigned i = seed >> 16 & (NODES - 1), what = seed >> 24 & 3;
		if (!in[i] && what < 2) {
			sieve_insert(&f.sieve, &f.nodes[i]);
			in[i] = true;
			count++;
		} else if (in[i] && what == 0) {
			sieve_visit(&f.nodes[i]);
		} else if (in[i] && what == 1) {
			sieve_remove(&f.sieve, &f.nodes[i]);
			in[i] = false;
			count--;
		} else if (count) {
			int gone = give_up(&f);
			assert_true(gone >= 0 && in[gone] && !f.nodes[gone].visited);
			in[gone] = false;
			count--;
		}
		assert_consistent(&f.sieve, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_oldest_goes_first),
	        cmocka_unit_test(test_hits_are_passed_once),
	        cmocka_unit_test(test_all_hit),
	        cmocka_unit_test(test_newcomers_are_met_by_the_hand),
	        cmocka_unit_test(test_removing_where_the_hand_is),
	        cmocka_unit_test(test_random_steps_keep_the_list_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
