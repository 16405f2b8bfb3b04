#include "hold.h"
#include "base/rcu.h"
#include "cluster_names.h"
#include "pipeline.h"
#include <urcu/arch.h>

static const struct cluster_names *names_of(const struct exchange *x)
{
	return x->plan->steps[x->at].step.self;
}

static void answer(struct exchange *x, const struct query_policy *policy)
{
	x->reply_len = query_answer(&x->query, policy, &x->worker->state, x->reply, x->reply_cap);
}

/* Of the name that is missing, as the response says it. */
static unsigned cell_of(const struct exchange *x)
{
	struct name name;
	struct zone_spot spot;
	name_from_wire(&name, x->reply + x->query.target, x->reply_len - x->query.target);
	name_lower(&name);
	zone_locate(names_of(x)->policy.zone, &name, &spot);
	return zone_cell(&spot);
}

/* --- counting --- */

/* By its only writer, so that no locked instruction is needed. */
static void add(_Atomic(unsigned) *n, int change)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + (unsigned)change, memory_order_relaxed);
}

static void count(struct hold *h, unsigned cell, unsigned client, int change)
{
	add(&h->waiting[cell], change);
	add(&h->all, change);
	h->clients[client] += (unsigned)change;
}

/* More than that would take the room of queries that wait for others, or make them give way. */
static bool has_room(const struct server_worker *w, unsigned client)
{
	unsigned max = pending_max(w->pool);
	return pending_count(w->pool) < max && atomic_load_explicit(&w->hold.all, memory_order_relaxed) < (max + 1) / 2 &&
	       w->hold.clients[client] < (max + 7) / 8;
}

/* --- waiting --- */

/* Milliseconds. One that waited before, for whatever, has so much less. */
static unsigned time_left(const struct exchange *x)
{
	unsigned hold_ms = names_of(x)->policy.hold_ms;
	uint64_t waited = x->message ? 0 : uv_now(x->worker->loop) - ((const struct pending *)x)->since_ms;
	bool stops = x->worker->last_ms != UINT64_MAX;
	return stops || x->last_word || waited >= hold_ms ? 0 : hold_ms - (unsigned)waited;
}

enum step_verdict hold_give_up(struct exchange *x)
{
	hold_forget(x);
	answer(x, &names_of(x)->at_once);
	return cluster_names_verdict(x);
}

enum step_verdict hold_yield(struct exchange *x)
{
	hold_forget(x);
	answer(x, &names_of(x)->at_once);
	return STEP_ANSWER;
}

static void list(struct hold *h, struct pending *p, unsigned cell, unsigned client)
{
	p->held = true;
	p->hold_cell = (uint16_t)cell;
	p->hold_client = (uint16_t)client;
	LIST_INSERT_HEAD(&h->lists[cell], p, by_cell);
}

/* It is counted, so that whoever publishes the name from here on rings; what was published before, the second look sees. */
static enum step_verdict wait_in(struct exchange *x, unsigned cell, unsigned client, unsigned time_ms)
{
	struct hold *h = &x->worker->hold;
	struct exchange *kept;
	enum step_verdict v;
	answer(x, &names_of(x)->policy);
	if (x->query.outcome != QUERY_AWAITED) {
		count(h, cell, client, -1);
		return cluster_names_verdict(x);
	}
	v = cell_of(x) == cell ? exchange_keep(x, time_ms, &kept) : STEP_ANSWER;
	if (v == STEP_WAIT) {
		list(h, (struct pending *)kept, cell, client);
		return v;
	}
	count(h, cell, client, -1);
	return v == STEP_DROP ? v : hold_give_up(x);
}

/* Who sends the same question again goes on waiting for the answer to the first. */
enum step_verdict hold_begin(struct exchange *x)
{
	struct server_worker *w = x->worker;
	unsigned time_ms = time_left(x), client = pending_client(x->peer), cell;
	if (x->message && pending_twin(w->pool, x))
		return STEP_DROP;
	if (!time_ms || !has_room(w, client))
		return hold_give_up(x);
	cell = cell_of(x);
	count(&w->hold, cell, client, 1);
	cmm_smp_mb(); /* with that of hold_ring() */
	return wait_in(x, cell, client, time_ms);
}

void hold_forget(struct exchange *x)
{
	struct pending *p = (struct pending *)x;
	if (x->message || !p->held)
		return;
	p->held = false;
	LIST_REMOVE(p, by_cell);
	count(&x->worker->hold, p->hold_cell, p->hold_client, -1);
}

/* --- waking --- */

static bool is_still_awaited(struct exchange *x)
{
	rcu_reader_lock();
	answer(x, &names_of(x)->policy);
	rcu_reader_unlock();
	x->reply_len = 0;
	return x->query.outcome == QUERY_AWAITED;
}

/* Those of a cell that wait for nothing any more, or all of them; the oldest first. Others may go meanwhile, by what these do. */
static void wake(struct hold *h, unsigned cell, bool all)
{
	struct pending_list woken = LIST_HEAD_INITIALIZER(woken);
	struct pending *p;
	while ((p = LIST_FIRST(&h->lists[cell]))) {
		LIST_REMOVE(p, by_cell);
		LIST_INSERT_HEAD(&woken, p, by_cell);
	}
	while ((p = LIST_FIRST(&woken))) {
		LIST_REMOVE(p, by_cell);
		LIST_INSERT_HEAD(&h->lists[cell], p, by_cell);
		if (!all && is_still_awaited(&p->x))
			continue;
		hold_forget(&p->x);
		exchange_retry(&p->x);
	}
}

void hold_stop(struct server_worker *w)
{
	for (unsigned cell = 0; cell < ZONE_CELLS; cell++)
		wake(&w->hold, cell, true);
}

/* What is added from here on is rung for again. */
static void on_ring(struct net_call *call, unsigned worker)
{
	struct hold *h = (struct hold *)((char *)call - offsetof(struct hold, call));
	(void)worker;
	atomic_exchange(&h->rung, false);
	for (unsigned i = 0; i < ZONE_CELLS / 64; i++) {
		uint64_t cells = atomic_exchange(&h->changed[i], 0);
		for (; cells; cells &= cells - 1)
			wake(h, i * 64 + (unsigned)__builtin_ctzll(cells), false);
	}
}

/* Those of 64 cells in which somebody waits. */
static uint64_t waited_for(const struct hold *h, unsigned first, uint64_t cells)
{
	uint64_t waited = 0;
	for (; cells; cells &= cells - 1) {
		unsigned at = (unsigned)__builtin_ctzll(cells);
		if (atomic_load_explicit(&h->waiting[first + at], memory_order_relaxed))
			waited |= (uint64_t)1 << at;
	}
	return waited;
}

void hold_ring(struct server_worker *w, struct net *net, const struct zone_cells *cells)
{
	struct hold *h = &w->hold;
	bool any = false;
	cmm_smp_mb(); /* with that of hold_begin() */
	if (!atomic_load_explicit(&h->all, memory_order_relaxed))
		return;
	for (unsigned i = 0; i < ZONE_CELLS / 64; i++) {
		uint64_t waited = waited_for(h, i * 64, cells->bits[i]);
		if (waited)
			atomic_fetch_or(&h->changed[i], waited);
		any |= waited != 0;
	}
	if (!any || atomic_exchange(&h->rung, true))
		return;
	h->call.run = on_ring;
	net_post(net, w->index, &h->call);
}
