/* Very many at once, and every allocation failing in turn, c-ares's too. */
#include "../fail_alloc.h"
#include "../unit.h"
#include "fake.h"
#include <ares.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 20000

static void ask_numbered(struct world *w, struct asker *a, unsigned number)
{
	char name[32];
	snprintf(name, sizeof name, "n%u.example.", number);
	assert_int_equal(ask(w, a, name), FLIGHT_BEGUN);
}

static void in_flight(enum manner manner, bool tcp, bool leave)
{
	struct asker *a = calloc(MANY, sizeof *a);
	struct world w;
	assert_non_null(a);
	world_begin(&w, 2);
	w.fakes[0].udp_manner = w.fakes[1].udp_manner = manner;
	w.fakes[0].tcp_manner = w.fakes[1].tcp_manner = manner;
	w.options.force_tcp = tcp;
	assert_int_equal(world_start(&w), OK);
	size_t before = mallinfo2().uordblks;
	for (unsigned i = 0; i < MANY; i++)
		ask_numbered(&w, &a[i], i);
	assert_int_equal(forwarder_flights(w.forwarder), MANY);
	world_turn(&w);
	world_turn(&w);
	for (unsigned i = 0; i < MANY && leave; i++)
		flight_leave(&a[i].waiter);
	assert_true(!leave || forwarder_flights(w.forwarder) == 0);
	/* A socket for each slot, a bucket array for each table, and what replies are kept in: nothing that grows with what was in flight. */
	size_t after = mallinfo2().uordblks;
	assert_true(!leave || after < before + (8u << 20));
	world_end(&w);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(a[i].done || leave);
	free(a);
}

static void ended_by_who_asked(void **state)
{
	(void)state;
	in_flight(SILENT, false, true);
}

static void ended_by_a_stop(void **state)
{
	(void)state;
	in_flight(SILENT, false, false);
	in_flight(ANSWERS, false, false);
}

static void ended_over_tcp(void **state)
{
	(void)state;
	in_flight(SILENT, true, true);
	in_flight(SILENT, true, false);
}

/* One after the other, 64 at a time: each that is done asks the next. */
static unsigned asked, answered_count;

static void ask_next(struct asker *a)
{
	answered_count += a->done && a->end == FLIGHT_ANSWERED;
	if (asked < MANY)
		ask_numbered(a->world, a, asked++);
}

static bool all_answered(void *arg)
{
	(void)arg;
	return answered_count == MANY;
}

static void answered(void **state)
{
	struct asker a[64] = {0};
	struct world w;
	(void)state;
	world_begin(&w, 2);
	assert_int_equal(world_start(&w), OK);
	for (asked = 0; asked < 64; asked++) {
		a[asked].then = ask_next;
		ask_numbered(&w, &a[asked], asked);
	}
	world_wait(&w, all_answered, NULL);
	assert_true(w.fakes[0].udp_queries > MANY / 4 && w.fakes[1].udp_queries > MANY / 4);
	world_end(&w);
}

/* --- out of memory --- */

static const struct {
	enum manner udp, tcp;
	bool force_tcp;
} lives[] = {
        {ANSWERS, ANSWERS, false},   {TRUNCATES, ANSWERS, false}, {MINDS_EDNS, ANSWERS, false},
        {SERVFAILS, ANSWERS, false}, {ANSWERS, IN_PARTS, true},
};

/* From the beginning to the end, the n-th allocation failing. */
static bool live(size_t which, unsigned n)
{
	struct world w;
	struct asker a = {0};
	world_begin(&w, 2);
	w.options = (struct forward_options){.policy = FORWARD_SEQUENTIAL, .force_tcp = lives[which].force_tcp, .health_ms = 10};
	w.options.failover = 1u << DNS_SERVFAIL;
	w.fakes[0].udp_manner = lives[which].udp;
	w.fakes[0].tcp_manner = lives[which].tcp;
	fail_alloc_at(n);
	enum err err = world_start(&w);
	if (err)
		assert_int_equal(err, ERR_NOMEM);
	else if (ask(&w, &a, "www.example.com.") == FLIGHT_BEGUN)
		world_wait_done(&w, &a);
	bool hit = fail_alloc_hit();
	fail_alloc_at(0);
	if (a.done && lives[which].udp != SERVFAILS)
		assert_int_equal(a.end, FLIGHT_ANSWERED); /* one allocation costs a try, not the answer */
	if (!hit)
		assert_true(a.done && a.end == FLIGHT_ANSWERED);
	world_end(&w);
	return hit;
}

static void no_memory(void **state)
{
	(void)state;
	for (size_t which = 0; which < sizeof lives / sizeof lives[0]; which++) {
		for (unsigned n = 1; live(which, n); n++)
			;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ended_by_who_asked), cmocka_unit_test(ended_by_a_stop), cmocka_unit_test(ended_over_tcp),
	        cmocka_unit_test(answered),           cmocka_unit_test(no_memory),
	};
	/* So that c-ares's allocations are among those that fail. */
	ares_library_init_mem(ARES_LIB_INIT_ALL, malloc, free, realloc);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ares_library_cleanup();
	return failed;
}
