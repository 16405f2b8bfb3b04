/* Questions to fake upstreams, from flight_ask to flight_done, on one loop. */
#include "../unit.h"
#include "fake.h"
#include "forward/traffic.h"
#include <string.h>

/* --- one upstream, whatever its manner --- */

static const struct {
	const char *what;
	enum manner udp, tcp;
	enum flight_end end;
	unsigned rcode, answers;
	unsigned udp_queries, tcp_queries;
} manners[] = {
        {"an answer", ANSWERS, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"SERVFAIL is an answer", SERVFAILS, SILENT, FLIGHT_ANSWERED, 2, 0, 1, 0},
        {"cut: asked again over TCP", TRUNCATES, TRUNCATES, FLIGHT_ANSWERED, 0, 1, 1, 1},
        {"octet by octet over TCP", TRUNCATES, IN_PARTS, FLIGHT_ANSWERED, 0, 1, 1, 1},
        {"no EDNS: asked again without", MINDS_EDNS, SILENT, FLIGHT_ANSWERED, 0, 1, 2, 0},
        {"an id made up", FORGES_ID, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"another question", FORGES_QUESTION, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"another opcode", FORGES_OPCODE, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"the query given back", FORGES_QR, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"from another port", FORGES_SOURCE, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"a few octets, and too many", SENDS_RUBBISH, SILENT, FLIGHT_ANSWERED, 0, 1, 1, 0},
        {"records that don't add up: twice, then no more", GARBLES, SILENT, FLIGHT_UNREACHABLE, 0, 0, 2, 0},
        {"cut, and TCP closed without a reply", TRUNCATES, HANGS_UP, FLIGHT_UNREACHABLE, 0, 0, 2, 2},
        {"cut, and TCP closed within the reply", TRUNCATES, HANGS_UP_HALFWAY, FLIGHT_UNREACHABLE, 0, 0, 2, 2},
};

static void manner_of_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		struct world w;
		struct asker a = {0};
		world_begin(&w, 1);
		w.options.never_down = true; /* no probes among the queries counted */
		w.fakes[0].udp_manner = manners[i].udp;
		w.fakes[0].tcp_manner = manners[i].tcp;
		assert_int_equal(world_start(&w), OK);
		assert_int_equal(ask(&w, &a, "www.example.com."), FLIGHT_BEGUN);
		assert_false(a.done);
		world_wait_done(&w, &a);
		if (a.end != manners[i].end || a.rcode != manners[i].rcode || a.answers != manners[i].answers ||
		    w.fakes[0].udp_queries != manners[i].udp_queries || w.fakes[0].tcp_queries != manners[i].tcp_queries)
			fail_msg("%s: end %d, rcode %u, %u answers, %u queries over UDP, %u over TCP", manners[i].what, a.end, a.rcode,
			         a.answers, w.fakes[0].udp_queries, w.fakes[0].tcp_queries);
		assert_int_equal(forwarder_flights(w.forwarder), 0);
		world_end(&w);
	}
}

static void nobody_there(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	closed_port(&w.fakes[0].at);
	w.options.never_down = true;
	assert_int_equal(world_start(&w), OK);
	assert_int_equal(ask(&w, &a, "www.example.com."), FLIGHT_BEGUN);
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_UNREACHABLE);
	assert_int_equal(a.tries, 2);
	world_end(&w);
}

/* What those are told who don't wait for the end. */
static void so_far(void **state)
{
	(void)state;
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		struct world w;
		struct asker a = {0};
		struct flight_result result;
		world_begin(&w, 1);
		w.fakes[0].udp_manner = w.fakes[0].tcp_manner = SILENT;
		w.options.force_tcp = tcp;
		assert_int_equal(world_start(&w), OK);
		assert_int_equal(ask(&w, &a, "www.example.com."), FLIGHT_BEGUN);
		result = flight_so_far(&a.waiter);
		assert_int_equal(result.end, FLIGHT_TIMEOUT);
		assert_true(upstream_equal(result.upstream, &w.fakes[0].at));
		assert_int_equal(result.tcp, tcp);
		assert_int_equal(result.tries, 1);
		flight_leave(&a.waiter);
		assert_int_equal(forwarder_flights(w.forwarder), 0);
		world_end(&w);
	}
}

/* The last try counts. */
static void asked_over(void **state)
{
	(void)state;
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		struct world w;
		struct asker a = {0};
		world_begin(&w, 1);
		w.fakes[0].udp_manner = tcp ? TRUNCATES : ANSWERS;
		w.fakes[0].tcp_manner = TRUNCATES;
		assert_int_equal(world_start(&w), OK);
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
		assert_int_equal(a.tcp, tcp);
		world_end(&w);
	}
}

static void silent_until_the_end(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.fakes[0].udp_manner = SILENT;
	w.options.never_down = true;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	uint64_t began_ms = uv_now(&w.loop);
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_TIMEOUT);
	assert_true(uv_now(&w.loop) - began_ms >= FORWARD_FLIGHT_MS);
	assert_true(w.fakes[0].udp_queries >= 3);
	world_end(&w);
}

static void tries_are_bounded(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.fakes[0].udp_manner = SILENT;
	w.options = (struct forward_options){.never_down = true, .max_connect_attempts = 2, .read_timeout_ms = 50};
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_TIMEOUT);
	assert_int_equal(w.fakes[0].udp_queries, 2);
	world_end(&w);
}

/* --- several --- */

static bool second_was_asked(void *arg)
{
	return ((struct world *)arg)->fakes[1].udp_queries > 0;
}

static void late_reply_is_taken(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 2);
	w.options.policy = FORWARD_SEQUENTIAL;
	w.options.never_down = true;
	w.fakes[0].udp_manner = KEEPS;
	w.fakes[1].udp_manner = SILENT;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait(&w, second_was_asked, &w);
	assert_false(a.done);
	fake_release(&w.fakes[0]);
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_ptr_equal(a.upstream, &w.upstreams->list[0]);
	world_end(&w);
}

static void next_after_a_closed_port(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 2);
	closed_port(&w.fakes[0].at);
	w.options.policy = FORWARD_SEQUENTIAL;
	w.options.never_down = true;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 20; i++) {
		struct asker a = {0};
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
		assert_int_equal(a.tries, 2);
		assert_ptr_equal(a.upstream, &w.upstreams->list[1]);
	}
	world_end(&w);
}

static void failover_by_rcode(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 3);
	w.options.policy = FORWARD_SEQUENTIAL;
	w.options.failover = 1u << DNS_SERVFAIL;
	w.fakes[0].udp_manner = SERVFAILS;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.rcode, DNS_NOERROR);
	w.fakes[1].udp_manner = w.fakes[2].udp_manner = SERVFAILS;
	memset(&a, 0, sizeof a);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_int_equal(a.rcode, DNS_SERVFAIL); /* the last one's answer stands */
	assert_ptr_equal(a.upstream, &w.upstreams->list[2]);
	world_end(&w);
}

static void round_robin(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 3);
	w.options.policy = FORWARD_ROUND_ROBIN;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 9; i++) {
		struct asker a = {0};
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(w.fakes[i].udp_queries, 3);
	world_end(&w);
}

static void fastest_is_not_the_silent_one(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 2);
	w.options.policy = FORWARD_FASTEST;
	w.options.never_down = true;
	w.fakes[0].udp_manner = SILENT;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 40; i++) {
		struct asker a = {0};
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
	}
	assert_true(w.fakes[0].udp_queries < 20);
	world_end(&w);
}

/* --- slow ones --- */

/* How many of the questions were asked twice and answered before any try's own patience was over. */
static unsigned count_overtaken(struct world *w, unsigned questions)
{
	unsigned count = 0;
	for (unsigned i = 0; i < questions; i++) {
		struct asker a = {0};
		uint64_t began_ms = uv_now(&w->loop);
		ask(w, &a, "www.example.com.");
		world_wait_done(w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
		assert_ptr_equal(a.upstream, &w->upstreams->list[1]);
		count += a.tries == 2 && uv_now(&w->loop) - began_ms < FORWARD_TRY_MS_MIN;
	}
	return count;
}

/* Who is known to be slow, or not known, is asked all the same, but not waited for: unless the user says in which order. */
static void overtaken(void **state)
{
	static const struct {
		enum forward_policy policy;
		bool overtaken;
		unsigned questions;
	} policies[] = {{FORWARD_RANDOM, true, 20}, {FORWARD_ROUND_ROBIN, true, 6}, {FORWARD_SEQUENTIAL, false, 2}};
	(void)state;
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		struct world w;
		world_begin(&w, 2);
		w.options.policy = policies[i].policy;
		w.options.never_down = true;
		w.fakes[0].udp_manner = SILENT;
		assert_int_equal(world_start(&w), OK);
		assert_int_equal(count_overtaken(&w, policies[i].questions) > 0, policies[i].overtaken);
		assert_true(w.fakes[0].udp_queries > 1);
		world_end(&w);
	}
}

static bool first_has_its_reply(void *arg)
{
	static struct traffic_numbers n;
	upstreams_traffic(((struct world *)arg)->upstreams, 0, &n);
	return n.ns[0];
}

/* Its reply comes when nobody waits for it any more. */
static void overtaken_and_late(void **state)
{
	struct world w;
	struct asker a[3];
	(void)state;
	memset(a, 0, sizeof a);
	world_begin(&w, 2);
	w.options.policy = FORWARD_ROUND_ROBIN;
	w.options.never_down = true;
	w.fakes[0].udp_manner = KEEPS;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 3; i++) {
		ask(&w, &a[i], "www.example.com.");
		world_wait_done(&w, &a[i]);
		assert_ptr_equal(a[i].upstream, &w.upstreams->list[1]);
	}
	w.fakes[0].udp_manner = ANSWERS;
	fake_release(&w.fakes[0]);
	world_wait(&w, first_has_its_reply, &w);
	world_end(&w);
}

/* --- health --- */

static bool first_is_down(void *arg)
{
	return upstream_is_down(((struct world *)arg)->upstreams, 0);
}

/* Others answer all that it is asked, and it is found out all the same. */
static void overtaken_and_dead(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 2);
	w.options = (struct forward_options){.policy = FORWARD_ROUND_ROBIN, .health_ms = 20, .max_fails = 1};
	w.fakes[0].udp_manner = SILENT;
	assert_int_equal(world_start(&w), OK);
	assert_true(count_overtaken(&w, 6) > 0);
	world_wait(&w, first_is_down, &w);
	world_end(&w);
}

static bool first_is_up(void *arg)
{
	return !first_is_down(arg);
}

static void down_and_up_again(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 2);
	w.options = (struct forward_options){.policy = FORWARD_SEQUENTIAL, .health_ms = 20};
	struct upstream there = w.fakes[0].at;
	closed_port(&w.fakes[0].at);
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	world_wait(&w, first_is_down, &w);
	memset(&a, 0, sizeof a);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.tries, 1); /* it is not even asked */
	w.upstreams->list[0] = there; /* its sockets are opened anew */
	world_wait(&w, first_is_up, &w);
	assert_true(w.fakes[0].udp_queries >= 1);
	memset(&a, 0, sizeof a);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_ptr_equal(a.upstream, &w.upstreams->list[0]);
	world_end(&w);
}

static void all_down(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.options.failfast = true;
	assert_int_equal(world_start(&w), OK);
	atomic_store(&w.upstreams->health[0].fails, 3);
	assert_int_equal(ask(&w, &a, "www.example.com."), FLIGHT_ALL_DOWN);
	w.upstreams->options.failfast = false;
	assert_int_equal(ask(&w, &a, "www.example.com."), FLIGHT_BEGUN); /* tried all the same */
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	world_end(&w);
}

/* They are not asked, also where nobody else is there. */
static void leading_back(void **state)
{
	struct world w;
	struct asker a = {0}, b = {0};
	(void)state;
	world_begin(&w, 2);
	w.options.policy = FORWARD_SEQUENTIAL;
	w.options.never_down = true;
	assert_int_equal(world_start(&w), OK);
	assert_true(upstream_mark_leads_back(w.upstreams, 0));
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_ptr_equal(a.upstream, &w.upstreams->list[1]);
	assert_true(upstream_mark_leads_back(w.upstreams, 1));
	assert_int_equal(ask(&w, &b, "www.example.com."), FLIGHT_BEGUN);
	world_wait_done(&w, &b);
	assert_int_equal(b.end, FLIGHT_UNREACHABLE);
	assert_int_equal(b.tries, 0);
	assert_int_equal(w.fakes[0].udp_queries, 0);
	assert_int_equal(w.fakes[1].udp_queries, 1);
	world_end(&w);
}

/* --- who waits --- */

static void joined(void **state)
{
	struct world w;
	struct asker a[3] = {0};
	(void)state;
	world_begin(&w, 1);
	assert_int_equal(world_start(&w), OK);
	assert_int_equal(ask(&w, &a[0], "www.example.com."), FLIGHT_BEGUN);
	assert_int_equal(ask(&w, &a[1], "www.example.com."), FLIGHT_JOINED);
	assert_int_equal(ask(&w, &a[2], "ftp.example.com."), FLIGHT_BEGUN);
	assert_int_equal(forwarder_flights(w.forwarder), 2);
	world_wait_done(&w, &a[1]);
	assert_true(a[0].done);
	world_wait_done(&w, &a[2]);
	assert_int_equal(w.fakes[0].udp_queries, 2);
	world_end(&w);
}

static void crowded(void **state)
{
	static struct asker a[FLIGHT_WAITERS_MAX + 1];
	struct world w;
	(void)state;
	world_begin(&w, 1);
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < FLIGHT_WAITERS_MAX; i++)
		assert_int_equal(ask(&w, &a[i], "www.example.com."), i ? FLIGHT_JOINED : FLIGHT_BEGUN);
	assert_int_equal(ask(&w, &a[FLIGHT_WAITERS_MAX], "www.example.com."), FLIGHT_CROWDED);
	world_wait_done(&w, &a[FLIGHT_WAITERS_MAX - 1]);
	world_end(&w);
}

static void left(void **state)
{
	struct world w;
	struct asker a = {0}, b = {0};
	(void)state;
	world_begin(&w, 1);
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	ask(&w, &b, "www.example.com.");
	flight_leave(&a.waiter);
	assert_int_equal(forwarder_flights(w.forwarder), 1);
	world_wait_done(&w, &b);
	assert_false(a.done);
	ask(&w, &a, "www.example.com.");
	world_turn(&w);
	flight_leave(&a.waiter);
	flight_leave(&a.waiter); /* which does nothing */
	assert_int_equal(forwarder_flights(w.forwarder), 0);
	world_end(&w);
	assert_false(a.done);
}

/* From within its done: the same question anew, and a neighbour of its own flight and one of another leave. */
static struct asker *neighbour, *stranger, *anew;

static void asks_and_leaves(struct asker *a)
{
	flight_leave(&neighbour->waiter);
	flight_leave(&stranger->waiter);
	assert_int_equal(ask(a->world, anew, "www.example.com."), FLIGHT_BEGUN);
}

static void within_done(void **state)
{
	struct world w;
	struct asker a = {.then = asks_and_leaves}, b = {0}, c = {0}, d = {0};
	(void)state;
	neighbour = &b;
	stranger = &c;
	anew = &d;
	world_begin(&w, 1);
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	ask(&w, &b, "www.example.com.");
	w.fakes[0].udp_manner = ANSWERS;
	ask(&w, &c, "ftp.example.com.");
	world_wait_done(&w, &d);
	assert_true(a.done);
	assert_false(b.done);
	world_end(&w);
}

static void stopped(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.fakes[0].udp_manner = SILENT;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_turn(&w);
	world_end(&w);
	assert_true(a.done);
	assert_int_equal(a.end, FLIGHT_STOPPED);
}

static void as_many_as_allowed(void **state)
{
	struct world w;
	struct asker a = {0}, b = {0}, c = {0};
	(void)state;
	world_begin(&w, 1);
	w.options.max_concurrent = 2;
	assert_int_equal(world_start(&w), OK);
	assert_int_equal(ask(&w, &a, "a.example."), FLIGHT_BEGUN);
	assert_int_equal(ask(&w, &b, "b.example."), FLIGHT_BEGUN);
	assert_int_equal(ask(&w, &c, "c.example."), FLIGHT_BUSY);
	assert_int_equal(ask(&w, &c, "b.example."), FLIGHT_JOINED); /* which costs nothing */
	world_wait_done(&w, &a);
	world_wait_done(&w, &c);
	assert_int_equal(ask(&w, &c, "c.example."), FLIGHT_BEGUN);
	world_wait_done(&w, &c);
	assert_int_equal(atomic_load(&w.upstreams->under_way), 0);
	world_end(&w);
}

/* --- what is hard to guess --- */

static void spelling_and_ports(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 1);
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 200; i++) {
		struct asker a = {0};
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
	}
	/* 13 letters 200 times: a fair coin is not below 1,000 or above 1,600. One of 16 ports is not drawn by a chance of 1 in 25,000. */
	assert_in_range(w.fakes[0].capitals, 1000, 1600);
	assert_in_range(w.fakes[0].ports_seen, 14, 17);
	world_end(&w);
}

static void one_that_lowers_case(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 1);
	w.options.never_down = true;
	w.fakes[0].udp_manner = LOWERS_CASE;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 6; i++) {
		struct asker a = {0};
		ask(&w, &a, "a-name-of-many-letters.example.com."); /* all small by chance once in 2^29 */
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
		assert_int_equal(a.answers, 1);
	}
	assert_int_equal(w.fakes[0].udp_queries, 6);
	assert_int_equal(w.fakes[0].tcp_queries, 3); /* from then on its word is taken */
	world_end(&w);
}

static void edns_is_remembered(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 1);
	w.fakes[0].udp_manner = MINDS_EDNS;
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 5; i++) {
		struct asker a = {0};
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
	}
	assert_int_equal(w.fakes[0].with_edns, 1);
	assert_int_equal(w.fakes[0].udp_queries, 6);
	world_end(&w);
}

static void over_ipv6(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	if (!world_begin_v6(&w))
		skip();
	w.fakes[0].udp_manner = TRUNCATES;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_int_equal(a.answers, 1);
	assert_int_equal(w.fakes[0].udp_queries, 1);
	assert_int_equal(w.fakes[0].tcp_queries, 1);
	world_end(&w);
}

static void from_an_address_of_ours(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.options.source = (struct addr){.family = ADDR_V4, .octets = {127, 0, 0, 2}};
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_int_equal(((struct sockaddr_in *)&w.fakes[0].last_from)->sin_addr.s_addr, htonl(0x7f000002));
	world_end(&w);
	/* One that is not this machine's: no socket can be had, and that is said. */
	memset(&a, 0, sizeof a);
	world_begin(&w, 1);
	w.options.source = (struct addr){.family = ADDR_V4, .octets = {192, 0, 2, 1}};
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_UNREACHABLE);
	world_end(&w);
}

/* --- TCP --- */

struct many {
	struct asker *askers;
	unsigned count;
};

static bool all_done(void *arg)
{
	struct many *m = arg;
	for (unsigned i = 0; i < m->count; i++) {
		if (!m->askers[i].done)
			return false;
	}
	return true;
}

static void ask_many(struct world *w, struct many *m)
{
	for (unsigned i = 0; i < m->count; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%u.example.", i);
		assert_int_equal(ask(w, &m->askers[i], name), FLIGHT_BEGUN);
	}
}

static void over_tcp(void **state)
{
	static struct asker a[200];
	struct many m = {a, 200};
	struct world w;
	(void)state;
	memset(a, 0, sizeof a);
	world_begin(&w, 1);
	w.options.force_tcp = true;
	assert_int_equal(world_start(&w), OK);
	ask_many(&w, &m);
	world_wait(&w, all_done, &m);
	for (unsigned i = 0; i < m.count; i++)
		assert_int_equal(a[i].end, FLIGHT_ANSWERED);
	assert_int_equal(w.fakes[0].tcp_queries, 200);
	assert_int_equal(w.fakes[0].udp_queries, 0);
	assert_in_range(w.fakes[0].connections, 1, 8);
	world_end(&w);
}

static void out_of_order(void **state)
{
	static struct asker a[16];
	struct many m = {a, 16};
	struct world w;
	(void)state;
	memset(a, 0, sizeof a);
	world_begin(&w, 1);
	w.options.force_tcp = true;
	w.options.never_down = true;
	w.fakes[0].tcp_manner = TURNS_ROUND;
	assert_int_equal(world_start(&w), OK);
	ask_many(&w, &m);
	world_wait(&w, all_done, &m);
	for (unsigned i = 0; i < m.count; i++)
		assert_int_equal(a[i].end, FLIGHT_ANSWERED);
	assert_int_equal(w.fakes[0].connections, 8);
	world_end(&w);
}

static bool no_sockets(void *arg)
{
	/* What is left: three of the fake's, the guard, and the worker's prepare and timer, of which the timer may rest. */
	return ((struct world *)arg)->loop.active_handles <= 6;
}

static void idle_connection_is_closed(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.options.force_tcp = true;
	w.options.expire_ms = 30;
	assert_int_equal(world_start(&w), OK);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	world_wait(&w, no_sockets, &w);
	memset(&a, 0, sizeof a);
	ask(&w, &a, "www.example.com.");
	world_wait_done(&w, &a);
	assert_int_equal(a.end, FLIGHT_ANSWERED);
	assert_int_equal(w.fakes[0].connections, 2);
	world_end(&w);
}

/* One that is as old as it may be takes nothing new, busy or not. */
static void worn_connections(void **state)
{
	struct world w;
	struct asker a = {0};
	(void)state;
	world_begin(&w, 1);
	w.options = (struct forward_options){.force_tcp = true, .max_age_ms = 30};
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 1; i <= 3; i++) {
		ask(&w, &a, "www.example.com.");
		world_wait_done(&w, &a);
		assert_int_equal(a.end, FLIGHT_ANSWERED);
		assert_int_equal(w.fakes[0].connections, i);
		uint64_t until_ms = uv_now(&w.loop) + 30;
		while (uv_now(&w.loop) < until_ms)
			uv_run(&w.loop, UV_RUN_ONCE); /* the guard's timer at least */
	}
	world_end(&w);
}

static void few_are_kept_idle(void **state)
{
	static struct asker a[8];
	struct many m = {a, 8};
	struct world w;
	(void)state;
	memset(a, 0, sizeof a);
	world_begin(&w, 1);
	w.options = (struct forward_options){.force_tcp = true, .max_idle = 1};
	assert_int_equal(world_start(&w), OK);
	for (unsigned i = 0; i < 2; i++) {
		ask_many(&w, &m);
		world_wait(&w, all_done, &m);
		for (unsigned k = 0; k < m.count; k++)
			assert_int_equal(a[k].end, FLIGHT_ANSWERED);
	}
	assert_int_equal(w.fakes[0].connections, 15); /* one of the first eight was kept */
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(manner_of_one),
	        cmocka_unit_test(nobody_there),
	        cmocka_unit_test(so_far),
	        cmocka_unit_test(asked_over),
	        cmocka_unit_test(silent_until_the_end),
	        cmocka_unit_test(tries_are_bounded),
	        cmocka_unit_test(late_reply_is_taken),
	        cmocka_unit_test(next_after_a_closed_port),
	        cmocka_unit_test(failover_by_rcode),
	        cmocka_unit_test(round_robin),
	        cmocka_unit_test(fastest_is_not_the_silent_one),
	        cmocka_unit_test(overtaken),
	        cmocka_unit_test(overtaken_and_late),
	        cmocka_unit_test(overtaken_and_dead),
	        cmocka_unit_test(down_and_up_again),
	        cmocka_unit_test(all_down),
	        cmocka_unit_test(leading_back),
	        cmocka_unit_test(joined),
	        cmocka_unit_test(crowded),
	        cmocka_unit_test(left),
	        cmocka_unit_test(within_done),
	        cmocka_unit_test(stopped),
	        cmocka_unit_test(as_many_as_allowed),
	        cmocka_unit_test(spelling_and_ports),
	        cmocka_unit_test(one_that_lowers_case),
	        cmocka_unit_test(edns_is_remembered),
	        cmocka_unit_test(over_ipv6),
	        cmocka_unit_test(from_an_address_of_ours),
	        cmocka_unit_test(over_tcp),
	        cmocka_unit_test(out_of_order),
	        cmocka_unit_test(idle_connection_is_closed),
	        cmocka_unit_test(worn_connections),
	        cmocka_unit_test(few_are_kept_idle),
	};
	forward_library_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	forward_library_end();
	return failed;
}
