/* Several workers put, get and evict at once; for ThreadSanitizer above all. What comes out was put in under that name. */
#include "forward/cache.h"
#include "message.h"
#include "unit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS   4
#define TURNS     20000
#define NAMES     3000 /* three times the capacity, so that there is always something to give up */
#define ADDRESSES 3
#define TTL_S     10

struct worker {
	pthread_t thread;
	struct cache *cache;
	atomic_uint *clock_s;
	unsigned seed;
	unsigned hits, wrong;
	struct message message;
	struct asked asked;
	struct cache_key key;
	uint8_t out[512];
};

static unsigned draw(struct worker *w)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return w->seed >> 8;
}

/* Every address says whose it is. */
static void make(struct worker *w, unsigned number, const char *qname)
{
	const uint8_t address[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	message_begin(&w->message, qname, DNS_TYPE_A, DNS_QR);
	for (unsigned i = 0; i < ADDRESSES; i++)
		message_add(&w->message, 0, DNS_TYPE_A, TTL_S, address, sizeof address);
	w->message.reply.addresses = ADDRESSES;
}

static void put(struct worker *w, unsigned number, const char *qname, uint32_t now_s)
{
	struct cache_change change;
	struct cache_judgement j = {.kind = draw(w) % CACHE_KINDS, .keep = true, .answering = true, .ttl_s = TTL_S};
	if (draw(w) % 8 == 0) {
		cache_fail(w->cache, &w->key, now_s, &change);
		return;
	}
	make(w, number, qname);
	cache_put(w->cache, &w->key, &w->message.reply, &j, now_s, &change);
}

static bool is_right(const struct worker *w, const struct cache_hit *hit, unsigned number)
{
	unsigned answers = (unsigned)(w->out[6] << 8 | w->out[7]);
	if (answers == 0)
		return hit->kind == CACHE_FAILURE;
	const uint8_t *last = w->out + hit->len - 4, *ttl = last - 6;
	return answers == ADDRESSES && (unsigned)(last[1] << 16 | last[2] << 8 | last[3]) == number && ttl[2] == 0 && ttl[3] <= TTL_S;
}

static void turn(struct worker *w)
{
	char qname[32];
	unsigned number = draw(w) % NAMES;
	uint32_t now_s = atomic_fetch_add(w->clock_s, draw(w) % 64 == 0);
	snprintf(qname, sizeof qname, "n%u.example.", number);
	asked_begin(&w->asked, qname, DNS_TYPE_A, DNS_RD, NO_EDNS);
	cache_key_of(&w->key, &w->asked.request);
	struct cache_hit hit;
	const struct cache_asked asked = {
	        .request = &w->asked.request, .now_s = now_s, .rotation = draw(w), .out = w->out, .cap = sizeof w->out};
	enum cache_result result = cache_get(w->cache, &w->key, &asked, &hit);
	if (result == CACHE_FRESH || result == CACHE_STALE) {
		w->hits++;
		w->wrong += !is_right(w, &hit, number);
	}
	if (result == CACHE_MISS || (result != CACHE_VERIFY && hit.refresh))
		put(w, number, qname, now_s);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	for (unsigned i = 0; i < TURNS; i++)
		turn(w);
	return NULL;
}

static void test_workers(void **state)
{
	static struct worker workers[WORKERS];
	struct cache_options o;
	atomic_uint clock_s = 1;
	unsigned hits = 0;
	(void)state;
	cache_options_default(&o);
	o.success.capacity = o.denial.capacity = CACHE_CAPACITY_MIN;
	o.prefetch_amount = 2;
	o.stale_s = 5;
	struct cache *c = cache_new(&o);
	assert_non_null(c);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.cache = c, .clock_s = &clock_s, .seed = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].wrong, 0);
		hits += workers[i].hits;
	}
	assert_true(hits > 0);
	for (enum cache_kind kind = 0; kind < CACHE_KINDS; kind++) {
		struct cache_usage usage;
		cache_usage(c, kind, &usage);
		assert_in_range(usage.entries, 1, CACHE_CAPACITY_MIN);
	}
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_workers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
