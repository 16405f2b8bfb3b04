#include "base/rcu.h"
#include "fail_alloc.h"
#include "records/zone_slot.h"
#include "zone_text.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define KEPT 4096 /* octets of changes */

/* Serial N has N.example. and the name "all". */
static struct zone_data *version(unsigned serial)
{
	char lines[256];
	struct diag diag = {0};
	snprintf(lines, sizeof lines,
	         "example. 60 IN SOA ns. a. %u 1 2 3 4\n"
	         "all.example. 1 IN A 10.0.0.1\n"
	         "%u.example. 1 IN A 10.0.0.1\n",
	         serial, serial);
	return try_zone_of("example.", lines, &diag);
}

static struct zone_slot *slot_of(void)
{
	const struct name apex = name_of("Example.");
	return zone_slot_new(&apex);
}

static void test_publish(void **state)
{
	struct zone_slot *s = slot_of();
	struct zone_data *held;
	(void)state;
	rcu_reader_lock();
	assert_null(zone_slot_current(s));
	assert_null(zone_slot_take(s));
	rcu_reader_unlock();
	assert_null(zone_slot_last(s));
	assert_int_equal(zone_slot_apex(s)->wire[1], 'e');
	assert_int_equal(zone_slot_publish(s, version(1)), OK);
	rcu_reader_lock();
	assert_int_equal(zone_data_serial(zone_slot_current(s)), 1);
	held = zone_slot_take(s);
	rcu_reader_unlock();
	assert_int_equal(zone_slot_publish(s, version(2)), OK);
	rcu_free_all();
	assert_int_equal(zone_data_serial(held), 1);
	zone_data_drop(held);
	assert_int_equal(zone_slot_expire(s), OK);
	rcu_reader_lock();
	assert_null(zone_slot_current(s));
	assert_null(zone_slot_take(s));
	rcu_reader_unlock();
	assert_int_equal(zone_data_serial(zone_slot_last(s)), 2);
	zone_slot_drop(zone_slot_hold(s));
	assert_int_equal(zone_slot_publish(s, version(2)), OK);
	zone_slot_drop(s);
	zone_slot_drop(NULL);
}

/* --- changes --- */

static void assert_changes(const struct zone_slot *s, uint32_t since, enum zone_changes_found found, const char *want)
{
	struct zone_changes *c = NULL;
	struct zone_changes_cursor cursor = {0};
	struct buffer b = {0};
	struct record r;
	rcu_reader_lock();
	assert_int_equal(zone_slot_changes_since(s, since, &c), found);
	rcu_reader_unlock();
	if (found != ZONE_CHANGES_FOUND)
		return;
	assert_int_equal(zone_data_serial(zone_changes_to(c)), zone_data_serial(zone_slot_last(s)));
	while (zone_changes_next(c, &cursor, &r))
		record_to_text(&r, &b);
	buffer_append(&b, "", 1);
	assert_string_equal(b.data, want);
	buffer_free(&b);
	zone_changes_free(c);
}

#define STEP(from, to)                                                                                                                     \
	"example. 60 IN SOA ns. a. " from " 1 2 3 4\n" from ".example. 1 IN A 10.0.0.1\n"                                                  \
	"example. 60 IN SOA ns. a. " to " 1 2 3 4\n" to ".example. 1 IN A 10.0.0.1\n"

static void test_changes(void **state)
{
	struct zone_slot *s = slot_of();
	(void)state;
	zone_slot_keep_changes(s, KEPT);
	zone_slot_keep_changes(s, 1); /* another wants less */
	assert_changes(s, 1, ZONE_CHANGES_TOO_OLD, NULL);
	for (unsigned i = 1; i <= 4; i++)
		assert_int_equal(zone_slot_publish(s, version(i)), OK);
	assert_changes(s, 1, ZONE_CHANGES_FOUND, STEP("1", "2") STEP("2", "3") STEP("3", "4"));
	assert_changes(s, 3, ZONE_CHANGES_FOUND, STEP("3", "4"));
	assert_changes(s, 4, ZONE_CHANGES_NONE, NULL);
	assert_changes(s, 5, ZONE_CHANGES_NONE, NULL);
	assert_changes(s, 0, ZONE_CHANGES_TOO_OLD, NULL);
	assert_changes(s, 0x80000005, ZONE_CHANGES_TOO_OLD, NULL);
	assert_int_equal(zone_slot_expire(s), OK);
	assert_changes(s, 3, ZONE_CHANGES_TOO_OLD, NULL);
	assert_int_equal(zone_slot_publish(s, version(6)), OK);
	assert_changes(s, 3, ZONE_CHANGES_FOUND, STEP("3", "4") STEP("4", "6"));
	assert_int_equal(zone_slot_publish(s, version(6)), OK); /* not newer */
	assert_changes(s, 4, ZONE_CHANGES_TOO_OLD, NULL);
	assert_int_equal(zone_slot_publish(s, version(7)), OK);
	assert_changes(s, 6, ZONE_CHANGES_FOUND, STEP("6", "7"));
	zone_slot_drop(s);
}

static void test_serials_wrap(void **state)
{
	struct zone_slot *s = slot_of();
	(void)state;
	zone_slot_keep_changes(s, KEPT);
	assert_int_equal(zone_slot_publish(s, version(UINT32_MAX)), OK);
	assert_int_equal(zone_slot_publish(s, version(2)), OK);
	assert_changes(s, UINT32_MAX, ZONE_CHANGES_FOUND, STEP("4294967295", "2"));
	zone_slot_drop(s);
}

static void test_changes_are_bounded(void **state)
{
	struct zone_slot *s = slot_of();
	struct zone_changes *c;
	unsigned oldest = 0;
	(void)state;
	zone_slot_keep_changes(s, KEPT);
	for (unsigned i = 1; i <= 200; i++)
		assert_int_equal(zone_slot_publish(s, version(i)), OK);
	rcu_reader_lock();
	while (zone_slot_changes_since(s, ++oldest, &c) != ZONE_CHANGES_FOUND)
		;
	rcu_reader_unlock();
	zone_changes_free(c);
	assert_in_range(200 - oldest, KEPT / 400, KEPT / 80); /* octets of a change */
	zone_slot_drop(s);

	s = slot_of();
	zone_slot_keep_changes(s, 10); /* none has room */
	assert_int_equal(zone_slot_publish(s, version(1)), OK);
	assert_int_equal(zone_slot_publish(s, version(2)), OK);
	assert_changes(s, 1, ZONE_CHANGES_TOO_OLD, NULL);
	zone_slot_drop(s);
}

/* --- who watches --- */

struct seen {
	struct zone_watch *watch;
	unsigned count;
	uint32_t serial;
};

static void on_changed(void *arg, struct zone_slot *s, const struct zone_data *now)
{
	struct seen *seen = arg;
	assert_ptr_equal(now, zone_slot_last(s));
	seen->serial = zone_data_serial(now);
	if (++seen->count == 2) {
		zone_slot_unwatch(seen->watch);
		seen->watch = NULL;
	}
}

static void test_watch(void **state)
{
	struct zone_slot *s = slot_of();
	struct seen seen[3] = {0};
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		seen[i].watch = zone_slot_watch(s, on_changed, &seen[i]);
	zone_slot_unwatch(seen[1].watch);
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(zone_slot_publish(s, version(i)), OK);
	assert_int_equal(seen[0].count, 2);
	assert_int_equal(seen[1].count, 0);
	assert_int_equal(seen[2].serial, 2);
	zone_slot_unwatch(NULL);
	zone_slot_drop(s);
}

/* Whatever fails, what is served is a whole version, and changes lead to it or are forgotten. */
static void test_no_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct zone_data *first = version(1), *second = version(2);
		struct zone_changes *c = NULL;
		struct zone_changes_cursor cursor = {0};
		struct record r;
		enum err err = OK;
		fail_alloc_at(n);
		struct zone_slot *s = slot_of();
		if (s) {
			zone_slot_keep_changes(s, KEPT);
			err = zone_slot_publish(s, first);
			first = NULL;
			if (!err) {
				err = zone_slot_publish(s, second);
				second = NULL;
				rcu_reader_lock();
				assert_int_equal(zone_data_serial(zone_slot_current(s)), err ? 1 : 2);
				if (zone_slot_changes_since(s, 1, &c) != ZONE_CHANGES_FOUND)
					c = NULL;
				rcu_reader_unlock();
				for (unsigned i = 0; c && i < 4; i++)
					assert_true(zone_changes_next(c, &cursor, &r));
			}
		}
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit || c);
		zone_changes_free(c);
		zone_slot_drop(s);
		zone_data_drop(first);
		zone_data_drop(second);
	}
}

/* --- readers beside the writer --- */

#define READERS  2
#define VERSIONS 400

struct readers {
	struct zone_slot *slot;
	atomic_bool stop;
};

static void *read_versions(void *arg)
{
	struct readers *readers = arg;
	uint32_t last = 0;
	rcu_thread_begin();
	while (!atomic_load(&readers->stop)) {
		struct zone_changes *c = NULL;
		struct zone_data *held;
		rcu_reader_lock();
		const struct zone_data *z = zone_slot_current(readers->slot);
		assert_true(zone_data_serial(z) >= last && zone_data_records(z) == 3);
		last = zone_data_serial(z);
		held = zone_slot_take(readers->slot);
		if (zone_slot_changes_since(readers->slot, last - 1, &c) != ZONE_CHANGES_FOUND)
			c = NULL;
		rcu_reader_unlock();
		assert_true(zone_data_serial(held) >= last);
		struct zone_changes_cursor cursor = {0};
		struct record r;
		while (c && zone_changes_next(c, &cursor, &r))
			assert_true(r.rdata_len >= 4);
		zone_changes_free(c);
		zone_data_drop(held);
	}
	rcu_thread_end();
	return NULL;
}

static void test_readers(void **state)
{
	struct readers readers = {.slot = slot_of()};
	pthread_t threads[READERS];
	(void)state;
	zone_slot_keep_changes(readers.slot, 1000);
	assert_int_equal(zone_slot_publish(readers.slot, version(1)), OK);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_versions, &readers), 0);
	for (unsigned i = 2; i <= VERSIONS; i++)
		assert_int_equal(zone_slot_publish(readers.slot, version(i)), OK);
	atomic_store(&readers.stop, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	zone_slot_drop(readers.slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_publish),      cmocka_unit_test(test_changes),
	        cmocka_unit_test(test_serials_wrap), cmocka_unit_test(test_changes_are_bounded),
	        cmocka_unit_test(test_watch),        cmocka_unit_test(test_no_memory),
	        cmocka_unit_test(test_readers),
	};
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
