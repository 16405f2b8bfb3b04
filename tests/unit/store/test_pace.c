/* Whose Services are recomputed in which turn. The clock stands still but for what the callbacks take. */
#include "store/store.h"
#include "unit.h"
#include "world.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PODS   10 /* of a dear Service */
#define DEARS  30
#define TURN   1000
#define COST   100 /* of an endpoint: a dear Service takes a turn */
#define BURST  4000
#define SMALLS 30

static uint64_t now_us(void *arg)
{
	return ((struct world *)arg)->clock_us;
}

static struct world *new_world(unsigned percent, unsigned burst_us)
{
	struct world *w = world_new();
	const struct store_pace pace = {
	        .now_us = now_us,
	        .arg = w,
	        .turn_us = TURN,
	        .dear_endpoints = PODS - 1,
	        .dear_percent = percent,
	        .dear_burst_us = burst_us,
	};
	store_set_pace(w->store, &pace);
	w->clock_us = 1000000;
	w->endpoint_us = COST;
	return w;
}

static void play(struct world *w, const char *format, unsigned n)
{
	char line[128];
	snprintf(line, sizeof line, format, n);
	assert_int_equal(world_do(w, line), OK);
}

static void put_pod(struct world *w, unsigned n, bool ready)
{
	char line[128];
	snprintf(line, sizeof line, "pod busy/p%u labels=app:a ip=10.1.0.%u%s", n, n + 1, ready ? " ready" : "");
	assert_int_equal(world_do(w, line), OK);
}

/* DEARS Services of the namespace busy that select the same PODS pods; all is told, and the log empty. */
static struct world *busy_world(unsigned percent, unsigned burst_us)
{
	struct world *w = new_world(percent, burst_us);
	for (unsigned i = 0; i < PODS; i++)
		put_pod(w, i, true);
	for (unsigned i = 0; i < DEARS; i++)
		play(w, "svc busy/dear%02u headless sel=app:a", i);
	assert_int_equal(world_do(w, "svc other/small headless sel=app:s"), OK);
	assert_int_equal(store_flush(w->store), OK);
	w->log[0] = '\0';
	return w;
}

/* One turn; how long it took. Its callbacks are in the log, and those of before are not. */
static uint64_t turn(struct world *w, unsigned *again_ms)
{
	uint64_t start = w->clock_us;
	w->log[0] = '\0';
	assert_int_equal(store_flush_turn(w->store, again_ms), OK);
	return w->clock_us - start;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Whatever waits, somebody else's change is told in the next turn, and before what is dear. */
static void test_others_do_not_wait(void **state)
{
	struct world *w = busy_world(50, BURST);
	unsigned again;
	(void)state;
	put_pod(w, 0, false);
	turn(w, &again);
	assert_int_equal(again, 0);
	for (unsigned i = 0; i < 10; i++) {
		play(w, "pod other/s%u labels=app:s ip=10.2.0.1 ready", i);
		put_pod(w, i, false);
		assert_true(turn(w, &again) <= 2 * TURN + COST * 11);
		assert_int_equal(strncmp(w->log, "other/small ", 12), 0);
	}
	world_free(w);
}

/* A namespace that changes many small Services gets no more turns than one that changes a few. */
static void test_namespaces_take_turns(void **state)
{
	struct world *w = new_world(50, BURST);
	unsigned again, turns = 0;
	(void)state;
	put_pod(w, 0, true);
	for (unsigned i = 0; i < SMALLS; i++)
		play(w, "svc busy/s%02u headless sel=app:a", i);
	assert_int_equal(world_do(w, "svc other/small headless sel=app:s"), OK);
	assert_int_equal(store_flush(w->store), OK);
	w->endpoint_us = TURN / 4;
	put_pod(w, 0, false);
	assert_int_equal(world_do(w, "pod other/x labels=app:s ip=10.2.0.1 ready"), OK);
	turn(w, &again);
	assert_int_equal(again, 0);
	assert_int_equal(count(w->log, "busy/s"), 3);
	assert_int_equal(strncmp(w->log + strlen("busy/s00 "), "other/small ", 12), 0);
	for (; again != UINT_MAX; turns++)
		assert_in_range(turn(w, &again), 0, TURN);
	assert_int_equal(turns, (SMALLS - 3 + 3) / 4);
	world_free(w);
}

/* Pods that flip without end: dear Services take their share of the time and no more, but for the burst, and none is forgotten. */
static void test_share(void **state)
{
	const unsigned percents[] = {10, 50, 100};
	(void)state;
	for (size_t p = 0; p < sizeof percents / sizeof *percents; p++) {
		struct world *w = busy_world(percents[p], BURST);
		uint64_t start = w->clock_us, used = 0;
		unsigned told[DEARS] = {0};
		for (unsigned n = 0; n < 2000; n++) {
			unsigned again;
			put_pod(w, n / 2 % PODS, n % 2);
			used += turn(w, &again);
			for (unsigned i = 0; i < DEARS; i++) {
				char name[32];
				snprintf(name, sizeof name, "busy/dear%02u ", i);
				told[i] += count(w->log, name);
			}
			w->clock_us += again == UINT_MAX ? 1000 : 1000 * (uint64_t)again;
		}
		uint64_t took = w->clock_us - start;
		assert_true(used <= (took + BURST) * percents[p] / 100 + 2 * TURN);
		assert_true(used >= took * percents[p] / 100 * 8 / 10);
		for (unsigned i = 1; i < DEARS; i++)
			assert_in_range(told[i] + 1, told[0], told[0] + 2);
		world_free(w);
	}
}

/* A change when nothing waited is told at once, as far as the burst reaches; and all of it after the time that it takes, divided by the share. */
static void test_bound(void **state)
{
	struct world *w = busy_world(50, BURST);
	unsigned again = 0;
	uint64_t start = w->clock_us, cost = DEARS * (PODS - 1) * COST;
	(void)state;
	assert_int_equal(world_do(w, "delete pod busy/p3"), OK);
	for (unsigned told = 0; told < DEARS; told += count(w->log, "busy/dear")) {
		assert_int_not_equal(again, UINT_MAX);
		w->clock_us += 1000 * (uint64_t)again;
		turn(w, &again);
		if (w->clock_us - start <= BURST / 2)
			assert_int_equal(again, 0);
	}
	assert_int_equal(again, UINT_MAX);
	assert_in_range(w->clock_us - start, 2 * cost - BURST - 4 * TURN, 2 * cost);
	world_free(w);
}

/* What waits is told as it is when its turn comes, once. */
static void test_changes_add_up(void **state)
{
	struct world *w = busy_world(50, 0);
	char state_text[WORLD_TEXT];
	unsigned again, told = 0;
	(void)state;
	for (unsigned i = 0; i < PODS; i++)
		put_pod(w, i, false);
	for (again = 0; again != UINT_MAX; told += count(w->log, "busy/dear")) {
		w->clock_us += 1000 * (uint64_t)again;
		turn(w, &again);
	}
	assert_int_equal(told, DEARS);
	world_state(w, state_text);
	assert_int_equal(count(state_text, " ready"), 0);
	assert_int_equal(count(state_text, "not-ready"), DEARS * PODS);
	world_free(w);
}

/* One that is deleted while it waits goes in the next turn; so does its namespace, and one of the same name is a new one. */
static void test_gone_while_it_waits(void **state)
{
	struct world *w = busy_world(50, 0);
	unsigned again;
	(void)state;
	char first[32], line[64];
	put_pod(w, 0, false);
	turn(w, &again);
	assert_int_equal(count(w->log, "busy/dear"), 1);
	snprintf(first, sizeof first, "-busy/dear%02u ", strcmp(w->log, "busy/dear17 ") == 0 ? 18 : 17);
	snprintf(line, sizeof line, "delete svc %.*s", (int)strlen("busy/dear17"), first + 1);
	assert_int_equal(world_do(w, line), OK);
	turn(w, &again);
	assert_string_equal(w->log, first);
	for (unsigned i = 0; i < DEARS; i++)
		play(w, "delete svc busy/dear%02u", i);
	for (unsigned i = 0; i < PODS; i++)
		play(w, "delete pod busy/p%u", i);
	turn(w, &again);
	assert_int_equal(count(w->log, "-busy/dear"), DEARS - 1);
	assert_int_equal(count(w->log, "-busy "), 1);
	assert_int_equal(again, UINT_MAX);
	assert_int_equal(world_do(w, "svc busy/dear00 headless sel=app:a"), OK);
	turn(w, &again);
	assert_string_equal(w->log, "+busy busy/dear00 ");
	world_free(w);
}

/* Withdrawals that do not fit into a turn: their namespace stays until they are told. */
static void test_namespace_outlasts_its_services(void **state)
{
	struct world *w = new_world(50, 0);
	unsigned again, gone = 0;
	(void)state;
	for (unsigned i = 0; i < SMALLS; i++)
		play(w, "svc busy/s%02u headless", i);
	assert_int_equal(store_flush(w->store), OK);
	w->service_us = TURN / 2;
	for (unsigned i = 0; i < SMALLS; i++)
		play(w, "delete svc busy/s%02u", i);
	for (again = 0; again != UINT_MAX;) {
		turn(w, &again);
		gone += count(w->log, "-busy/s");
		assert_int_equal(count(w->log, "-busy "), again == UINT_MAX);
	}
	assert_int_equal(gone, SMALLS);
	world_free(w);
}

/* What fails stays first. */
static void test_errors(void **state)
{
	struct world *w = busy_world(50, BURST);
	unsigned again, told = 0;
	(void)state;
	put_pod(w, 0, false);
	for (unsigned i = 0; i < 3; i++) {
		w->refuse = 1;
		assert_int_equal(store_flush_turn(w->store, &again), ERR_NOMEM);
		assert_int_equal(again, 0);
	}
	for (again = 0; again != UINT_MAX; told += count(w->log, "busy/dear")) {
		w->clock_us += 1000 * (uint64_t)again;
		turn(w, &again);
	}
	assert_int_equal(told, DEARS);
	world_free(w);
}

/* A flush of all is of all. */
static void test_without_pace(void **state)
{
	struct world *w = busy_world(1, 0);
	(void)state;
	put_pod(w, 0, false);
	assert_int_equal(store_flush(w->store), OK);
	assert_int_equal(count(w->log, "busy/dear"), DEARS);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_others_do_not_wait),
	        cmocka_unit_test(test_namespaces_take_turns),
	        cmocka_unit_test(test_share),
	        cmocka_unit_test(test_bound),
	        cmocka_unit_test(test_changes_add_up),
	        cmocka_unit_test(test_gone_while_it_waits),
	        cmocka_unit_test(test_namespace_outlasts_its_services),
	        cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_without_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
