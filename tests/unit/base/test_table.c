#include "base/rcu.h"
#include "base/table.h"
#include "fail_alloc.h"
#include "unit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct item {
	struct rcu_garbage garbage;
	unsigned key;
};

/* Few distinct hashes, so that probing, removed cells and equal hashes are the rule. */
static uint64_t item_hash(unsigned key)
{
	return (uint64_t)key % 7 * 0x10001;
}

static bool item_matches(const void *entry, const void *key)
{
	return ((const struct item *)entry)->key == *(const unsigned *)key;
}

static struct item *find(const struct table *t, unsigned key)
{
	return table_find(t, item_hash(key), item_matches, &key);
}

static size_t entries(const struct table *t)
{
	size_t cursor = 0, n = 0;
	while (table_each(t, &cursor))
		n++;
	return n;
}

static void test_random_changes_against_an_array(void **state)
{
	enum { KEYS = 300, STEPS = 20000 };
	static struct item items[KEYS];
	bool there[KEYS] = {false};
	size_t count = 0;
	struct table *t = table_new();
	(void)state;
	assert_non_null(t);
	srand(1);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned k = (unsigned)rand() % KEYS;
		items[k].key = k;
		if (there[k]) {
			assert_true(table_remove(t, item_hash(k), &items[k]));
			assert_false(table_remove(t, item_hash(k), &items[k]));
			count--;
		} else {
			assert_int_equal(table_insert(t, item_hash(k), &items[k]), OK);
			count++;
		}
		there[k] = !there[k];
		k = (unsigned)rand() % KEYS;
		assert_ptr_equal(find(t, k), there[k] ? &items[k] : NULL);
	}
	size_t cursor = 0;
	for (struct item *i; (i = table_each(t, &cursor));)
		assert_true(there[i->key]);
	assert_int_equal(entries(t), count);
	table_free(t);
	rcu_free_all();
}

static void test_multimap(void **state)
{
	struct item a = {.key = 5}, b = {.key = 5}, other = {.key = 12};
	struct table *t = table_new();
	struct table_snapshot s;
	unsigned key = 5, seen = 0;
	(void)state;
	assert_int_equal(table_insert(t, item_hash(5), &a), OK);
	assert_int_equal(table_insert(t, item_hash(12), &other), OK);
	assert_int_equal(table_insert(t, item_hash(5), &b), OK);
	table_snapshot(t, item_hash(5), &s);
	for (struct item *i; (i = table_next_match(&s, item_hash(5), item_matches, &key)); seen++)
		assert_true(i == &a || i == &b);
	assert_int_equal(seen, 2);
	table_free(t);
	rcu_free_all();
}

/* Thousands under one hash, among others beside it, some of them removed: each is found, once. */
static void test_many_under_one_hash(void **state)
{
	enum { MANY = 3000 };
	static struct item items[MANY];
	struct table *t = table_new();
	struct table_snapshot s;
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		items[i].key = i % 3 ? 5 : i;
		assert_int_equal(table_insert(t, items[i].key, &items[i]), OK);
		if (i % 7 == 6)
			assert_true(table_remove(t, items[i].key, &items[i]));
	}
	for (unsigned key = 0; key < MANY; key++) {
		unsigned want = 0, seen = 0;
		for (unsigned i = 0; i < MANY; i++)
			want += items[i].key == key && i % 7 != 6;
		table_snapshot(t, key, &s);
		while (table_next_match(&s, key, item_matches, &key))
			seen++;
		assert_int_equal(seen, want);
	}
	table_free(t);
	rcu_free_all();
}

static void test_allocation_failure_leaves_it_as_it_was(void **state)
{
	static struct item items[100];
	(void)state;
	for (unsigned n = 1;; n++) {
		struct table *t;
		unsigned inserted = 0;
		fail_alloc_at(n);
		t = table_new();
		for (unsigned k = 0; t && k < 100; k++) {
			items[k].key = k;
			if (table_insert(t, item_hash(k), &items[k]) == OK)
				inserted++;
			else
				assert_null(find(t, k));
		}
		fail_alloc_at(0);
		if (t)
			assert_int_equal(entries(t), inserted);
		table_free(t);
		if (n > 3 && inserted == 100)
			break;
	}
	rcu_free_all();
}

struct race {
	struct table *table;
	atomic_bool done;
};

/* Keys below 8 are always there; a reader must find them whatever the writer does to the others. */
static void *read_stable_keys(void *arg)
{
	struct race *r = arg;
	size_t missed = 0;
	rcu_thread_begin();
	while (!r->done) {
		rcu_reader_lock();
		for (unsigned k = 0; k < 64; k++) {
			struct item *i = find(r->table, k);
			missed += k < 8 && (!i || i->key != k);
		}
		rcu_reader_unlock();
	}
	rcu_thread_end();
	return (void *)missed;
}

static void test_readers_beside_the_writer(void **state)
{
	struct race r = {table_new(), false};
	struct item *there[64] = {NULL};
	pthread_t readers[2];
	(void)state;
	rcu_thread_begin();
	for (unsigned k = 0; k < 8; k++) {
		there[k] = calloc(1, sizeof **there);
		there[k]->key = k;
		assert_int_equal(table_insert(r.table, item_hash(k), there[k]), OK);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_stable_keys, &r), 0);
	srand(2);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned k = 8 + (unsigned)rand() % 56;
		if (there[k]) {
			assert_true(table_remove(r.table, item_hash(k), there[k]));
			rcu_free_later(&there[k]->garbage, sizeof **there);
			there[k] = NULL;
		} else {
			there[k] = calloc(1, sizeof **there);
			there[k]->key = k;
			assert_int_equal(table_insert(r.table, item_hash(k), there[k]), OK);
		}
	}
	r.done = true;
	for (unsigned i = 0; i < 2; i++) {
		void *missed;
		pthread_join(readers[i], &missed);
		assert_null(missed);
	}
	for (unsigned k = 0; k < 64; k++)
		free(there[k]);
	table_free(r.table);
	rcu_free_all();
	rcu_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_random_changes_against_an_array),
	        cmocka_unit_test(test_multimap),
	        cmocka_unit_test(test_many_under_one_hash),
	        cmocka_unit_test(test_allocation_failure_leaves_it_as_it_was),
	        cmocka_unit_test(test_readers_beside_the_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
