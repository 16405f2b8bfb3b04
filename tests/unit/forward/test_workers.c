/* Two workers, each on a thread of its own, share a list of upstreams: what is shared is counted right. */
#include "../unit.h"
#include "fake.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define WORKERS   2
#define QUESTIONS 400 /* of each worker */

struct one {
	struct world w;
	pthread_t thread;
	unsigned answered, busy;
};

static void ask_four(struct one *o)
{
	static const char *const names[] = {"a.example.", "b.example.", "c.example.", "d.example."};
	struct asker a[4] = {0};
	for (unsigned k = 0; k < 4; k++) {
		if (ask(&o->w, &a[k], names[k]) == FLIGHT_BUSY) {
			o->busy++;
			a[k].done = true;
			a[k].end = FLIGHT_STOPPED;
		}
	}
	for (unsigned k = 0; k < 4; k++) {
		world_wait_done(&o->w, &a[k]);
		o->answered += a[k].end == FLIGHT_ANSWERED;
	}
}

static atomic_uint finished;

static bool all_finished(void *arg)
{
	(void)arg;
	return atomic_load(&finished) == WORKERS;
}

/* Each loop has one of the two upstreams too, so it turns until both have their answers. */
static void *run(void *arg)
{
	struct one *o = arg;
	for (unsigned i = 0; i < QUESTIONS / 4; i++)
		ask_four(o);
	atomic_fetch_add(&finished, 1);
	world_wait(&o->w, all_finished, NULL);
	return NULL;
}

static void shared(void **state)
{
	static struct one one[WORKERS];
	struct upstream list[3];
	struct forward_options options = {.policy = FORWARD_ROUND_ROBIN, .max_concurrent = 6, .health_ms = 10};
	struct upstreams *u;
	(void)state;
	for (unsigned i = 0; i < WORKERS; i++) {
		memset(&one[i], 0, sizeof one[i]);
		world_begin(&one[i].w, 1);
		list[i] = one[i].w.fakes[0].at;
	}
	closed_port(&list[2]); /* so that both notice trouble */
	assert_int_equal(upstreams_new(list, 3, &options, &u), OK);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(forward_worker_new(&one[i].w.loop, &one[i].w.worker), OK);
		assert_int_equal(forwarder_new(one[i].w.worker, u, &one[i].w.forwarder), OK);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&one[i].thread, NULL, run, &one[i]), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(one[i].thread, NULL);
	assert_int_equal(atomic_load(&u->under_way), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(one[i].answered + one[i].busy, QUESTIONS);
		world_end(&one[i].w);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_false(atomic_load(&u->health[i].probing));
	upstreams_free(u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(shared)};
	forward_library_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	forward_library_end();
	return failed;
}
