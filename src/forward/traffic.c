#include "traffic_inside.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_TIME_NS UINT64_C(250000)

/* --- one worker's --- */

static struct traffic *take_one_left(struct traffic *t)
{
	while (t && atomic_exchange_explicit(&t->taken, true, memory_order_acquire))
		t = t->next;
	return t;
}

static struct traffic *new_traffic(const struct upstreams *u)
{
	size_t size = sizeof(struct traffic) + u->count * sizeof(struct traffic_numbers);
	struct traffic *t = aligned_alloc(_Alignof(struct traffic), size);
	if (!t)
		return NULL;
	memset(t, 0, size);
	atomic_init(&t->taken, true);
	return t;
}

struct traffic *traffic_take(struct upstreams *u)
{
	struct traffic *first = atomic_load_explicit(&u->traffic, memory_order_acquire);
	struct traffic *t = take_one_left(first);
	if (t || !(t = new_traffic(u)))
		return t;
	do
		t->next = first;
	while (!atomic_compare_exchange_weak_explicit(&u->traffic, &first, t, memory_order_acq_rel, memory_order_acquire));
	return t;
}

void traffic_leave(struct traffic *t)
{
	if (t)
		atomic_store_explicit(&t->taken, false, memory_order_release);
}

void traffic_free(struct traffic *first)
{
	while (first) {
		struct traffic *next = first->next;
		free(first);
		first = next;
	}
}

/* The first bound that is not below. */
static unsigned time_place(uint64_t ns)
{
	uint64_t parts = (ns + FIRST_TIME_NS - 1) / FIRST_TIME_NS;
	unsigned place = parts <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(parts - 1);
	return place < TRAFFIC_TIMES ? place : TRAFFIC_TIMES;
}

void traffic_count_reply(struct traffic_numbers *n, unsigned rcode, uint64_t ns)
{
	unsigned place = rcode < TRAFFIC_RCODES ? rcode : TRAFFIC_RCODES - 1;
	traffic_add(&n->times[place][time_place(ns)], 1);
	traffic_add(&n->ns[place], ns);
}

/* --- all workers together --- */

static void add_number(traffic_number *sum, const traffic_number *one)
{
	traffic_add(sum, atomic_load_explicit(one, memory_order_relaxed));
}

static void add_replies(struct traffic_numbers *sum, const struct traffic_numbers *one)
{
	for (unsigned r = 0; r < TRAFFIC_RCODES; r++) {
		for (unsigned i = 0; i <= TRAFFIC_TIMES; i++)
			add_number(&sum->times[r][i], &one->times[r][i]);
		add_number(&sum->ns[r], &one->ns[r]);
	}
}

static void add_numbers(struct traffic_numbers *sum, const struct traffic_numbers *one)
{
	add_number(&sum->requests, &one->requests);
	add_replies(sum, one);
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		add_number(&sum->reused[p], &one->reused[p]);
		add_number(&sum->opened[p], &one->opened[p]);
	}
	add_number(&sum->probe_failures, &one->probe_failures);
}

void upstreams_traffic(const struct upstreams *u, unsigned index, struct traffic_numbers *sum)
{
	memset(sum, 0, sizeof *sum);
	for (const struct traffic *t = atomic_load_explicit(&u->traffic, memory_order_acquire); t; t = t->next)
		add_numbers(sum, &t->upstreams[index]);
}

void upstreams_totals(const struct upstreams *u, struct traffic_totals *sum)
{
	memset(sum, 0, sizeof *sum);
	for (const struct traffic *t = atomic_load_explicit(&u->traffic, memory_order_acquire); t; t = t->next) {
		add_number(&sum->all_down, &t->totals.all_down);
		add_number(&sum->rejected, &t->totals.rejected);
	}
}
