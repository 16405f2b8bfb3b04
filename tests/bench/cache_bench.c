/* cache_bench - what a hit in the cache costs in process, sockets left out: nanoseconds of the thread's CPU beyond parsing the question, the best
 * of several rounds, at several numbers of names, alone and with a second thread beside; and the octets a name takes. Then which share of
 * honest questions SIEVE, LRU and random choice answer from 10,000 entries while names are flooded that are asked once. Judges nothing. */
#include "base/hash.h"
#include "forward/cache.h"
#include "sieve.h"
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH     32
#define ROUNDS    15
#define QUERIES   (1 << 17) /* of a round */
#define NAMES_MAX 50000
#define ADDRESSES 2

static void fail(const char *what)
{
	fprintf(stderr, "cache_bench: %s\n", what);
	exit(1);
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* Of this thread, so that others on the machine disturb little. */
static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- questions and answers --- */

struct question {
	uint8_t bytes[80];
	uint8_t len;
};

static struct question *questions; /* NAMES_MAX; written before any thread begins */

static void make_question(struct question *q, unsigned number)
{
	char text[64];
	struct name n;
	int len = snprintf(text, sizeof text, "host-%u.department.example.com", number);
	if (name_from_text(&n, text, (size_t)len))
		fail("name");
	struct wire_writer w = {.bytes = q->bytes, .limit = sizeof q->bytes};
	static const uint8_t header[DNS_HEADER_LEN] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	static const uint8_t opt[REPLY_OPT_LEN] = {0, 0, DNS_TYPE_OPT, 4, 0xd0};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_name(&w, &n);
	wire_put_u16(&w, DNS_TYPE_A);
	wire_put_u16(&w, DNS_CLASS_IN);
	wire_put_bytes(&w, opt, sizeof opt);
	q->len = (uint8_t)w.len;
}

static void put_answer(struct cache *c, const struct question *q)
{
	uint8_t bytes[512];
	uint16_t ttl_at[ADDRESSES];
	struct request r;
	struct cache_key k;
	struct cache_change change;
	static const uint8_t address[4] = {192, 0, 2, 1};
	if (request_parse(&r, q->bytes, q->len))
		fail("request");
	cache_key_of(&k, &r);
	struct wire_writer w = {.bytes = bytes, .limit = sizeof bytes};
	static const uint8_t header[DNS_HEADER_LEN] = {0, 0, 0x81, 0x80, 0, 1, 0, ADDRESSES};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_bytes(&w, q->bytes + DNS_HEADER_LEN, r.question_len);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		wire_put_u16(&w, 0xc00c);
		wire_put_u16(&w, DNS_TYPE_A);
		wire_put_u16(&w, DNS_CLASS_IN);
		ttl_at[i] = (uint16_t)w.len;
		wire_put_u32(&w, 300);
		wire_put_u16(&w, sizeof address);
		wire_put_bytes(&w, address, sizeof address);
	}
	const struct reply reply = {.bytes = bytes, .len = (uint16_t)w.len, .count = ADDRESSES, .ttl_at = ttl_at, .addresses = ADDRESSES};
	const struct cache_judgement j = {.kind = CACHE_SUCCESS, .keep = true, .answering = true, .ttl_s = 300};
	cache_put(c, &k, &reply, &j, 1, &change);
	if (!change.kept)
		fail("not kept");
}

/* --- hits --- */

struct asker {
	struct cache *cache; /* NULL: only what a hit is compared with */
	unsigned names, seed;
	atomic_bool *stop; /* of a thread that only disturbs; else NULL */
	size_t octets;     /* written, so that nothing is optimized away */
};

static unsigned draw(struct asker *a)
{
	a->seed = a->seed * 1103515245u + 12345u;
	return (unsigned)((uint64_t)(a->seed >> 4) * a->names >> 28);
}

/* In passes, as the server does. */
static void ask_batch(struct asker *a)
{
	static _Thread_local struct request requests[BATCH];
	static _Thread_local struct cache_key keys[BATCH];
	static _Thread_local uint8_t out[BATCH][1232];
	for (unsigned i = 0; i < BATCH; i++) {
		const struct question *q = &questions[draw(a)];
		if (request_parse(&requests[i], q->bytes, q->len))
			fail("request");
		if (!a->cache)
			continue;
		cache_key_of(&keys[i], &requests[i]);
	}
	for (unsigned i = 0; i < BATCH && a->cache; i++) {
		struct cache_hit hit;
		const struct cache_asked asked = {.request = &requests[i], .now_s = 2, .rotation = i, .out = out[i], .cap = sizeof out[i]};
		if (cache_get(a->cache, &keys[i], &asked, &hit) != CACHE_FRESH)
			fail("no hit");
		a->octets += hit.len;
	}
}

static double round_ns(struct asker *a)
{
	double start = now_ns();
	for (unsigned i = 0; i < QUERIES / BATCH; i++)
		ask_batch(a);
	return (now_ns() - start) / QUERIES;
}

static double best_ns(struct asker *a)
{
	double best = round_ns(a);
	for (unsigned i = 1; i < ROUNDS; i++) {
		double ns = round_ns(a);
		best = ns < best ? ns : best;
	}
	return best;
}

static void *disturb(void *arg)
{
	struct asker *a = arg;
	while (!atomic_load_explicit(a->stop, memory_order_relaxed))
		ask_batch(a);
	return NULL;
}

static double beside_another_ns(struct cache *c, unsigned names)
{
	atomic_bool stop = false;
	struct asker other = {.cache = c, .names = names, .seed = 99, .stop = &stop}, a = {.cache = c, .names = names, .seed = 1};
	pthread_t thread;
	if (pthread_create(&thread, NULL, disturb, &other))
		fail("thread");
	double ns = best_ns(&a);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	return ns;
}

static void print_hits(unsigned names)
{
	struct cache_options o;
	struct cache_usage usage;
	cache_options_default(&o);
	o.success.capacity = NAMES_MAX;
	size_t before = heap();
	struct cache *c = cache_new(&o);
	if (!c)
		fail("out of memory");
	size_t empty = heap() - before;
	for (unsigned i = 0; i < names; i++)
		put_answer(c, &questions[i]);
	size_t full = heap() - before;
	cache_usage(c, CACHE_SUCCESS, &usage);
	struct asker floor = {.names = names, .seed = 1}, alone = {.cache = c, .names = names, .seed = 1};
	double parse = best_ns(&floor);
	printf("%5u names: %3.0f ns a hit, %3.0f beside a second thread (parsing: %.0f); %zu octets a name, %zu of the heap; %zu KiB "
	       "empty\n",
	       names, best_ns(&alone) - parse, beside_another_ns(c, names) - parse, parse, usage.octets / usage.entries,
	       (full - empty) / names, empty / 1024);
	cache_free(c);
}

/* --- what is given up --- */

#define TRACE_NAMES   100000
#define TRACE_ENTRIES 10000
#define TRACE_LEN     2000000 /* honest questions */
#define TRACE_SKEW    0.9

enum policy { SIEVE, LRU, RANDOM };

struct slot {
	struct sieve_node node;
	int name; /* -1: of the flood */
};

struct trace {
	enum policy policy;
	struct sieve list;
	struct slot slots[TRACE_ENTRIES];
	unsigned used;
	struct slot *of_name[TRACE_NAMES];
	uint64_t seed;
};

static uint32_t trace_draw(struct trace *t)
{
	t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(t->seed >> 32);
}

static struct slot *victim(struct trace *t)
{
	if (t->used < TRACE_ENTRIES)
		return &t->slots[t->used++];
	struct slot *s = NULL;
	switch (t->policy) {
	case SIEVE:
		s = (struct slot *)sieve_victim(&t->list);
		break;
	case LRU:
		s = (struct slot *)t->list.oldest;
		break;
	case RANDOM:
		s = &t->slots[trace_draw(t) % TRACE_ENTRIES];
		break;
	}
	sieve_remove(&t->list, &s->node);
	if (s->name >= 0)
		t->of_name[s->name] = NULL;
	return s;
}

static void trace_put(struct trace *t, int name)
{
	struct slot *s = victim(t);
	*s = (struct slot){.name = name};
	sieve_insert(&t->list, &s->node);
	if (name >= 0)
		t->of_name[name] = s;
}

static bool trace_ask(struct trace *t, int name)
{
	struct slot *s = t->of_name[name];
	if (!s) {
		trace_put(t, name);
		return false;
	}
	sieve_visit(&s->node);
	if (t->policy == LRU) {
		sieve_remove(&t->list, &s->node);
		sieve_insert(&t->list, &s->node);
	}
	return true;
}

static void fill_zipf(double *up_to)
{
	double sum = 0;
	for (unsigned i = 0; i < TRACE_NAMES; i++)
		up_to[i] = sum += pow(i + 1, -TRACE_SKEW);
	for (unsigned i = 0; i < TRACE_NAMES; i++)
		up_to[i] /= sum;
}

static int draw_zipf(struct trace *t, const double *up_to)
{
	double at = trace_draw(t) / 4294967296.0;
	int low = 0, high = TRACE_NAMES - 1;
	while (low < high) {
		int middle = (low + high) / 2;
		if (up_to[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of the second half, in per cent: the first one warms up. */
static double hit_ratio(enum policy policy, unsigned flood, const double *up_to)
{
	struct trace *t = calloc(1, sizeof *t);
	unsigned hits = 0, asked = TRACE_LEN / (flood + 1) * 2;
	if (!t)
		fail("out of memory");
	t->policy = policy;
	t->seed = 1;
	for (unsigned i = 0; i < asked; i++) {
		bool hit = trace_ask(t, draw_zipf(t, up_to));
		hits += hit && i >= asked / 2;
		for (unsigned other = 0; other < flood; other++)
			trace_put(t, -1);
	}
	free(t);
	return 100.0 * hits / (asked / 2);
}

static void print_ratios(void)
{
	static double up_to[TRACE_NAMES];
	static const unsigned floods[] = {0, 5, 50};
	fill_zipf(up_to);
	for (unsigned i = 0; i < sizeof floods / sizeof *floods; i++)
		printf("flood x %2u: honest hits SIEVE %.0f %%, LRU %.0f %%, random %.0f %%\n", floods[i],
		       hit_ratio(SIEVE, floods[i], up_to), hit_ratio(LRU, floods[i], up_to), hit_ratio(RANDOM, floods[i], up_to));
}

int main(void)
{
	static const unsigned names[] = {1, 1000, 10000, NAMES_MAX};
	hash_seed_init();
	questions = malloc(NAMES_MAX * sizeof *questions);
	if (!questions)
		fail("out of memory");
	for (unsigned i = 0; i < NAMES_MAX; i++)
		make_question(&questions[i], i);
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		print_hits(names[i]);
	print_ratios();
	free(questions);
	return 0;
}
