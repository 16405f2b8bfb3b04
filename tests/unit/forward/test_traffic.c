/* What was counted of upstreams: by whom, and how it adds up. */
#include "../fail_alloc.h"
#include "../unit.h"
#include "fake.h"
#include "traffic_inside.h"
#include <string.h>

/* --- one worker's numbers --- */

static const struct {
	uint64_t ns;
	unsigned place;
} times[] = {
        {0, 0},           {250000, 0},      {250001, 1},      {500000, 1},          {500001, 2},
        {1000000000, 12}, {8192000000, 15}, {8192000001, 16}, {UINT64_MAX / 2, 16},
};

static const struct {
	unsigned rcode, place;
} rcodes[] = {{0, 0}, {3, 3}, {10, 10}, {11, 11}, {23, 11}};

static void places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		static struct traffic_numbers n;
		memset(&n, 0, sizeof n);
		traffic_count_reply(&n, 0, times[i].ns);
		assert_int_equal(n.times[0][times[i].place], 1);
		assert_true(n.ns[0] == times[i].ns);
	}
	for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
		static struct traffic_numbers n;
		memset(&n, 0, sizeof n);
		traffic_count_reply(&n, rcodes[i].rcode, 1);
		assert_int_equal(n.times[rcodes[i].place][0], 1);
	}
}

static struct upstreams *list_of(unsigned count)
{
	static const struct forward_options none;
	struct upstream list[3];
	struct upstreams *u;
	for (unsigned i = 0; i < count; i++)
		closed_port(&list[i]);
	for (unsigned i = 0; i < count; i++)
		list[i].at.v4.sin_port = htons((uint16_t)(1000 + i));
	assert_int_equal(upstreams_new(list, count, &none, &u), OK);
	return u;
}

/* Who comes after one that has left goes on where that stopped. */
static void taken_and_left(void **state)
{
	static struct traffic_numbers sum;
	struct traffic_totals totals;
	struct upstreams *u = list_of(2);
	(void)state;
	upstreams_traffic(u, 1, &sum);
	assert_int_equal(sum.requests, 0);
	struct traffic *a = traffic_take(u), *b = traffic_take(u);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	traffic_add(&a->upstreams[1].requests, 2);
	traffic_add(&b->upstreams[1].requests, 3);
	traffic_add(&b->upstreams[0].probe_failures, 1);
	traffic_add(&a->totals.rejected, 1);
	traffic_add(&b->totals.all_down, 4);
	traffic_leave(a);
	assert_ptr_equal(traffic_take(u), a);
	traffic_add(&a->upstreams[1].requests, 1);
	upstreams_traffic(u, 1, &sum);
	assert_int_equal(sum.requests, 6);
	assert_int_equal(sum.probe_failures, 0);
	upstreams_traffic(u, 0, &sum);
	assert_int_equal(sum.requests, 0);
	assert_int_equal(sum.probe_failures, 1);
	upstreams_totals(u, &totals);
	assert_int_equal(totals.rejected, 1);
	assert_int_equal(totals.all_down, 4);
	upstreams_free(u);
}

static void out_of_memory(void **state)
{
	struct upstreams *u = list_of(1);
	(void)state;
	fail_alloc_at(1);
	assert_null(traffic_take(u));
	assert_true(fail_alloc_hit());
	fail_alloc_at(0);
	traffic_leave(NULL);
	struct traffic *t = traffic_take(u);
	assert_non_null(t);
	traffic_leave(t);
	fail_alloc_at(1);
	assert_ptr_equal(traffic_take(u), t); /* which takes no memory */
	fail_alloc_at(0);
	upstreams_free(u);
}

/* --- what is counted --- */

static uint64_t replies(const struct traffic_numbers *n, unsigned rcode)
{
	uint64_t count = 0;
	for (unsigned i = 0; i <= TRAFFIC_TIMES; i++)
		count += n->times[rcode][i];
	return count;
}

static void ask_and_wait(struct world *w, const char *name)
{
	struct asker a = {0};
	assert_int_equal(ask(w, &a, name), FLIGHT_BEGUN);
	world_wait_done(w, &a);
}

/* A reply that was cut is one; what is asked again over TCP is another try. */
static void tries_and_replies(void **state)
{
	static struct traffic_numbers n;
	struct world w;
	(void)state;
	world_begin(&w, 1);
	w.options.never_down = true;
	w.fakes[0].udp_manner = TRUNCATES;
	assert_int_equal(world_start(&w), OK);
	ask_and_wait(&w, "a.example.");
	ask_and_wait(&w, "b.example.");
	w.fakes[0].udp_manner = SERVFAILS;
	ask_and_wait(&w, "c.example.");
	upstreams_traffic(w.upstreams, 0, &n);
	assert_int_equal(n.requests, 5);
	assert_int_equal(replies(&n, DNS_NOERROR), 4);
	assert_int_equal(replies(&n, DNS_SERVFAIL), 1);
	assert_true(n.ns[DNS_NOERROR] > 0);
	assert_int_equal(n.opened[TRAFFIC_UDP] + n.reused[TRAFFIC_UDP], 3);
	assert_true(n.opened[TRAFFIC_UDP] >= 1);
	assert_int_equal(n.opened[TRAFFIC_TCP], 1);
	assert_int_equal(n.reused[TRAFFIC_TCP], 1);
	assert_int_equal(n.probe_failures, 0);
	world_end(&w);
}

static bool probed_twice(void *arg)
{
	static struct traffic_numbers n;
	upstreams_traffic(((struct world *)arg)->upstreams, 0, &n);
	return n.probe_failures >= 2;
}

static void probes(void **state)
{
	static struct traffic_numbers n;
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	closed_port(&w.fakes[0].at);
	w.options = (struct forward_options){.health_ms = 10, .max_connect_attempts = 1};
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait(&w, probed_twice, &w);
	upstreams_traffic(w.upstreams, 0, &n);
	assert_int_equal(n.requests, 1); /* probes are none */
	assert_int_equal(replies(&n, DNS_NOERROR), 0);
	world_wait_done(&w, &a);
	world_end(&w);
}

static void all_down_and_rejected(void **state)
{
	struct world w;
	struct asker a = {0}, b = {0};
	struct traffic_totals totals;
	(void)state;
	world_begin(&w, 1);
	w.options = (struct forward_options){.max_concurrent = 1, .failfast = true};
	assert_int_equal(world_start(&w), OK);
	atomic_store(&w.upstreams->health[0].fails, 3);
	assert_int_equal(ask(&w, &a, "a.example."), FLIGHT_ALL_DOWN);
	w.upstreams->options.failfast = false;
	assert_int_equal(ask(&w, &a, "a.example."), FLIGHT_BEGUN);
	assert_int_equal(ask(&w, &b, "b.example."), FLIGHT_BUSY);
	world_wait_done(&w, &a);
	upstreams_totals(w.upstreams, &totals);
	assert_int_equal(totals.all_down, 2);
	assert_int_equal(totals.rejected, 1);
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(places),        cmocka_unit_test(taken_and_left),
	        cmocka_unit_test(out_of_memory), cmocka_unit_test(tries_and_replies),
	        cmocka_unit_test(probes),        cmocka_unit_test(all_down_and_rejected),
	};
	forward_library_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	forward_library_end();
	return failed;
}
