/* Readers beside a writer: every reply is wholly of one state of a Service, and a PTR is of the state that the names are in. Meant for the
 * thread sanitizer as much as for itself. */
#include "base/hash.h"
#include "query/query.h"
#include "reply.h"
#include "unit.h"
#include "world.h"
#include "zone/compile.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READERS 3
#define PODS    6
#define CHANGES 1500

/* State n of the Service has pods p0 to p5 at 10.1.<n % 4>.<pod>, and in odd states one more. Every address says which state it is of. */
static size_t state_text(char *text, size_t cap, unsigned n)
{
	size_t len = (size_t)snprintf(text, cap, "svc default/nginx headless\n");
	for (unsigned i = 0; i < PODS + n % 2; i++)
		len += (size_t)snprintf(text + len, cap - len, "ep 10.1.%u.%u,fd00::%u:%u host=p%u port=web:%u/TCP\n", n % 4, i, 1 + n % 4,
		                        1 + i, i, 1000 + n % 4);
	return len;
}

struct shared {
	struct zone *zone;
	struct query_policy policy;
	atomic_bool stop;
	atomic_uint torn, replies, ptrs; /* replies that mix states; replies that said something; PTR among them */
};

/* Notes the state that the digit after a mark speaks of; false if an earlier one was another. */
static bool same_state(const char *text, const char *mark, unsigned offset, int *state)
{
	for (const char *at = text; (at = strstr(at, mark)); at += strlen(mark)) {
		int n = atoi(at + strlen(mark)) - (int)offset;
		if (*state >= 0 && n != *state)
			return false;
		*state = n;
	}
	return true;
}

static size_t occurrences(const char *text, const char *mark)
{
	size_t n = 0;
	for (; (text = strstr(text, mark)); text += strlen(mark))
		n++;
	return n;
}

/* All records of one state, and as many as that state has; rotation and glue included. */
static bool is_whole(const char *text)
{
	int state = -1;
	if (!same_state(text, " A 10.1.", 0, &state) || !same_state(text, " AAAA fd00::", 1, &state) ||
	    !same_state(text, " SRV 0 7 ", 1000, &state) || !same_state(text, " SRV 0 8 ", 1000, &state))
		return false;
	size_t pods = PODS + (state > 0 ? (unsigned)state % 2 : 0);
	size_t a = occurrences(text, " A 10.1."), aaaa = occurrences(text, " AAAA fd00::"), srv = occurrences(text, " SRV ");
	if (state < 0)
		return true; /* NXDOMAIN, in the moments in which the Service is withdrawn, and PTR */
	return (a == pods || a == 0) && (aaaa == pods || aaaa == 0) && (srv == pods || srv == 0) && a + aaaa + srv > 0;
}

struct reader {
	struct shared *shared;
	struct query_state state;
	char *text;
};

static void ask(struct reader *r, const char *question)
{
	uint8_t in[512], out[65535];
	struct query q;
	size_t len = reply_query(question, in);
	query_begin(&q, QUERY_TCP, in, len);
	query_locate(&q, &r->shared->policy);
	size_t got = query_answer(&q, &r->shared->policy, &r->state, out, sizeof out);
	if (!reply_text(in, len, out, got, r->text))
		atomic_fetch_add(&r->shared->torn, 1);
}

static void ask_set(struct reader *r, const char *question)
{
	ask(r, question);
	if (!is_whole(r->text))
		atomic_fetch_add(&r->shared->torn, 1);
	if (occurrences(r->text, "NOERROR"))
		atomic_fetch_add(&r->shared->replies, 1);
}

/* A PTR is there for the addresses of one state at a time, under the name that has the address in it. */
static void ask_ptr(struct reader *r, unsigned state, unsigned pod)
{
	char question[64], want[64];
	snprintf(question, sizeof question, "%u.%u.1.10.in-addr.arpa PTR", pod, state);
	snprintf(want, sizeof want, "PTR p%u.nginx.default.svc.cluster.local.", pod);
	ask(r, question);
	if (occurrences(r->text, "PTR") != occurrences(r->text, want))
		atomic_fetch_add(&r->shared->torn, 1);
	if (!occurrences(r->text, "PTR"))
		return;
	atomic_fetch_add(&r->shared->ptrs, 1);
}

static void *read_on(void *arg)
{
	struct reader r = {.shared = arg, .text = malloc(REPLY_TEXT_MAX)};
	rcu_thread_begin();
	for (unsigned i = 0; r.text && !atomic_load(&r.shared->stop); i++) {
		rcu_reader_lock();
		ask_set(&r, "nginx.default.svc.cluster.local A");
		ask_set(&r, "nginx.default.svc.cluster.local AAAA");
		ask_set(&r, "_web._tcp.nginx.default.svc.cluster.local SRV");
		ask_set(&r, "alias.default.svc.cluster.local A");
		ask_ptr(&r, i % 4, i / 4 % PODS);
		ask(&r, "1.10.in-addr.arpa PTR");
		ask(&r, "cluster.local NS");
		rcu_reader_unlock();
	}
	rcu_thread_end();
	free(r.text);
	return NULL;
}

static void write_on(struct zone *z)
{
	char text[4096];
	for (unsigned n = 0; n < CHANGES; n++) {
		state_text(text, sizeof text, n);
		assert_int_equal(world_apply(z, text), OK);
		if (n % 16 == 7)
			assert_int_equal(world_apply(z, "gone default/nginx"), OK);
		if (n % 16 == 11)
			assert_int_equal(world_apply(z, "nons default\nns default\nself 10.1.0.1\nself 10.1.2.1"), OK);
		/* so that the tables grow under the readers too */
		snprintf(text, sizeof text, "svc default/s%u ip=10.9.%u.%u", n % 700, n / 256, n % 256);
		assert_int_equal(world_apply(z, text), OK);
	}
}

static void test_readers_beside_a_writer(void **state)
{
	struct shared shared = {.zone = world_zone()};
	pthread_t readers[READERS];
	(void)state;
	shared.policy = (struct query_policy){.zone = shared.zone, .rotate = true};
	assert_int_equal(world_apply(shared.zone, "ns default\nsvc default/alias external=nginx.default.svc.cluster.local"), OK);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, &shared), 0);
	do
		write_on(shared.zone);
	while (atomic_load(&shared.replies) < 100 || atomic_load(&shared.ptrs) < 10);
	atomic_store(&shared.stop, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(atomic_load(&shared.torn), 0);
	rcu_free_all();
	zone_free(shared.zone);
}

/* A Service's names and its PTR, looked for within one step of the writer: an address that the names have has its PTR at once. */
static void test_ptr_follows_at_once(void **state)
{
	struct zone *z = world_zone();
	struct query_policy policy = {.zone = z};
	struct reader r = {.shared = &(struct shared){.zone = z, .policy = policy}, .text = malloc(REPLY_TEXT_MAX)};
	char text[4096];
	(void)state;
	assert_int_equal(world_apply(z, "ns default"), OK);
	for (unsigned n = 0; n < 20; n++) {
		state_text(text, sizeof text, n);
		assert_int_equal(world_apply(z, text), OK);
		for (unsigned other = 0; other < 4; other++) {
			ask_ptr(&r, other, n % PODS);
			assert_int_equal(occurrences(r.text, "PTR"), other == n % 4);
		}
	}
	assert_int_equal(atomic_load(&r.shared->torn), 0);
	free(r.text);
	rcu_free_all();
	zone_free(z);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_readers_beside_a_writer),
	        cmocka_unit_test(test_ptr_follows_at_once),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
