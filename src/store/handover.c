#include "records.h"
#include <limits.h>
#include <stdlib.h>

static void add_waiting(struct store *s, struct service_entry *e)
{
	if (e->waits)
		return;
	e->waits = true;
	e->next_waiting = s->waiting;
	s->waiting = e;
}

static void remove_waiting(struct store *s, struct service_entry *e)
{
	struct service_entry **link = &s->waiting;
	if (!e->waits)
		return;
	while (*link != e)
		link = &(*link)->next_waiting;
	*link = e->next_waiting;
	e->waits = false;
}

/* --- a Service whose selector changes --- */

static unsigned selector_wait_ms(const struct store *s, const struct service *next)
{
	return join_selector(next) ? s->rules.selector_ms : s->rules.slices_ms;
}

/* True if a pod of the namespace would be a ready endpoint of the Service. */
static bool finds_ready_pod(const struct service_entry *e, const struct service *service)
{
	struct podset_cursor at = {0};
	for (const struct pod *pod; (pod = podset_each(&e->ns->pods, &at));)
		if (selector_matches(join_selector(service), pod->object.labels) && join_pod_is_ready(service, pod))
			return true;
	return false;
}

/* While the slices are still to come, endpoints that are not ready are kept too: a client may remember that there are none. */
bool handover_wanted(const struct store *s, const struct service_entry *e, const struct service *service)
{
	if (!e->service || s->by_slices || service->type == SERVICE_EXTERNAL_NAME)
		return false;
	if (!join_selector(e->service) || join_selector(service) == join_selector(e->service) || !selector_wait_ms(s, service))
		return false;
	if (!join_selector(service))
		return e->ready || e->pods.count;
	return e->ready && !finds_ready_pod(e, service);
}

static void drop_next(struct store *s, struct service_entry *e)
{
	if (e->next)
		object_free(&e->next->object, s->pool);
	e->next = NULL;
	e->next_ms = 0;
}

/* Time counts from the first change, so a Service that changes all the time does not wait for ever. */
void handover_defer(struct store *s, struct service_entry *e, struct service *service)
{
	uint64_t since = e->next_ms;
	drop_next(s, e);
	e->next = service;
	e->next_ms = since;
	add_waiting(s, e);
}

void handover_forget(struct store *s, struct service_entry *e)
{
	drop_next(s, e);
	if (!e->held)
		remove_waiting(s, e);
}

/* If memory is short, the Service goes on waiting. */
static void end_deferral(struct store *s, struct service_entry *e)
{
	struct service *next = e->next;
	if (service_replace(s, e, next))
		return;
	e->next = NULL;
	e->next_ms = 0;
}

void handover_end_of_slices(struct store *s)
{
	for (struct service_entry *e = s->waiting; e; e = e->next_waiting)
		if (e->next && !join_selector(e->next))
			end_deferral(s, e);
}

/* --- an endpoint that vanishes from a slice --- */

static bool is_same(const struct slice_endpoint *a, const struct slice_endpoint *b)
{
	if (a->target_name && a->target_name == b->target_name)
		return true;
	return a->addr_count && b->addr_count && addr_equal(&a->addrs[0], &b->addrs[0]);
}

/* Slices keep their order, so an endpoint is mostly found at *hint, which is one behind the last that was found. */
static bool mentions(const struct endpoint_slice *slice, const struct slice_endpoint *e, uint32_t *hint)
{
	const struct endpoint_subset *subset = slice->subsets;
	if (!slice->subset_count)
		return false;
	for (uint32_t i = 0; i < subset->endpoint_count; i++) {
		uint32_t at = (*hint + i) % subset->endpoint_count;
		if (!is_same(&subset->endpoints[at], e))
			continue;
		*hint = at + 1;
		return true;
	}
	return false;
}

static uint8_t family_of(const struct endpoint_slice *slice)
{
	for (uint32_t i = 0; slice->subset_count && i < slice->subsets->endpoint_count; i++)
		if (slice->subsets->endpoints[i].addr_count)
			return slice->subsets->endpoints[i].addrs[0].family;
	return ADDR_NONE;
}

/* Endpoints move only between slices that have these in common. */
struct sort {
	enum object_kind kind;
	uint8_t family; /* ADDR_NONE: it is empty, and may be of any */
};

static struct sort sort_of(const struct endpoint_slice *slice)
{
	return (struct sort){slice->object.kind, family_of(slice)};
}

static bool is_of_sort(const struct endpoint_slice *slice, struct sort sort)
{
	struct sort own = sort_of(slice);
	return own.kind == sort.kind && (own.family == sort.family || !own.family || !sort.family);
}

static const struct endpoint_slice *slice_at(const struct service_entry *e, size_t i)
{
	return (const struct endpoint_slice *)e->slices[i]->object;
}

/* True if an endpoint of `old` may have gone to a slice of another name. */
static bool may_move(const struct service_entry *e, const struct endpoint_slice *old)
{
	for (size_t i = 0; i < e->slice_count; i++)
		if (slice_at(e, i)->object.name != old->object.name && is_of_sort(slice_at(e, i), sort_of(old)))
			return true;
	return false;
}

/* hints: one for each slice. Endpoints of the two families of one pod are not the same. */
static bool is_in_slices(const struct service_entry *e, struct sort sort, const struct slice_endpoint *endpoint, uint32_t *hints)
{
	for (size_t i = 0; i < e->slice_count; i++)
		if (is_of_sort(slice_at(e, i), sort) && mentions(slice_at(e, i), endpoint, &hints[i]))
			return true;
	return false;
}

/* Leaves those endpoints of the slice that are ready and in no slice any more; false: there are none, or memory is short, and who may have
 * moved is taken for gone. */
static bool reduce(const struct store *s, const struct service_entry *e, struct endpoint_slice *old)
{
	struct endpoint_subset *subset = old->subsets;
	struct sort sort = sort_of(old);
	uint32_t *hints = calloc(e->slice_count + 1, sizeof *hints), kept = 0;
	if (!hints)
		return false;
	for (uint32_t i = 0; i < subset->endpoint_count; i++) {
		struct slice_endpoint *endpoint = &subset->endpoints[i];
		if (endpoint->ready && endpoint->addr_count && !is_in_slices(e, sort, endpoint, hints))
			subset->endpoints[kept++] = *endpoint;
		else
			slice_endpoint_clear(endpoint, s->pool);
	}
	subset->endpoint_count = kept;
	free(hints);
	return kept;
}

/* A slice that counts has changed. An endpoint that is kept may be about to appear in it, so the wait begins anew. */
static void restart_wait(const struct store *s, struct service_entry *e, const struct endpoint_slice *changed)
{
	if (join_uses(s, e, changed))
		e->moved_ms = 0;
}

static bool worth_holding(const struct store *s, const struct service_entry *e, const struct endpoint_slice *old, bool deleted)
{
	bool is_slice = old->object.kind != OBJECT_ENDPOINTS && old->subset_count;
	return s->rules.moved_ms && is_slice && join_uses(s, e, old) && (deleted || may_move(e, old));
}

void handover_hold(struct store *s, struct service_entry *e, struct endpoint_slice *old, bool deleted)
{
	restart_wait(s, e, old);
	struct held *h = worth_holding(s, e, old, deleted) && reduce(s, e, old) ? malloc(sizeof *h) : NULL;
	if (!h) {
		object_free(&old->object, s->pool);
		return;
	}
	*h = (struct held){.next = e->held, .slice = old};
	e->held = h;
	add_waiting(s, e);
}

static void held_free(struct store *s, struct held *h)
{
	object_free(&h->slice->object, s->pool);
	free(h);
}

void handover_strike(struct store *s, struct service_entry *e, const struct endpoint_slice *now)
{
	restart_wait(s, e, now);
	for (struct held **link = &e->held, *h; (h = *link);) {
		struct endpoint_subset *subset = h->slice->subsets;
		bool alike = is_of_sort(now, sort_of(h->slice));
		uint32_t kept = 0, hint = 0;
		for (uint32_t i = 0; i < subset->endpoint_count; i++) {
			if (alike && mentions(now, &subset->endpoints[i], &hint))
				slice_endpoint_clear(&subset->endpoints[i], s->pool);
			else
				subset->endpoints[kept++] = subset->endpoints[i];
		}
		subset->endpoint_count = kept;
		if (kept) {
			link = &h->next;
			continue;
		}
		*link = h->next;
		held_free(s, h);
	}
}

void handover_end(struct store *s, struct service_entry *e)
{
	drop_next(s, e);
	while (e->held) {
		struct held *h = e->held;
		e->held = h->next;
		held_free(s, h);
	}
	remove_waiting(s, e);
}

/* --- time --- */

/* How many milliseconds are left of a wait of wait_ms. A wait that has just begun gets its time here. */
static unsigned left_ms(uint64_t *since_ms, unsigned wait_ms, uint64_t now_ms)
{
	if (!*since_ms)
		*since_ms = now_ms;
	return now_ms - *since_ms < wait_ms ? wait_ms - (unsigned)(now_ms - *since_ms) : 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned settle_deferral(struct store *s, struct service_entry *e, uint64_t now_ms)
{
	unsigned left = left_ms(&e->next_ms, selector_wait_ms(s, e->next), now_ms);
	if (left && !finds_ready_pod(e, e->next))
		return left;
	end_deferral(s, e);
	return e->next ? 1 : UINT_MAX;
}

static unsigned settle_held(struct store *s, struct service_entry *e, uint64_t now_ms)
{
	unsigned quiet = left_ms(&e->moved_ms, s->rules.moved_ms, now_ms), next = UINT_MAX;
	for (struct held **link = &e->held, *h; (h = *link);) {
		unsigned left = least(left_ms(&h->since_ms, s->rules.moved_max_ms, now_ms), quiet);
		if (left) {
			next = least(next, left);
			link = &h->next;
			continue;
		}
		*link = h->next;
		held_free(s, h);
		service_mark(s, e);
	}
	return next;
}

/* There may be nothing left, because everything was struck out. */
unsigned store_settle(struct store *s, uint64_t now_ms)
{
	unsigned next = UINT_MAX;
	for (struct service_entry **link = &s->waiting, *e; (e = *link);) {
		if (e->next)
			next = least(next, settle_deferral(s, e, now_ms));
		if (e->held)
			next = least(next, settle_held(s, e, now_ms));
		if (e->next || e->held) {
			link = &e->next_waiting;
			continue;
		}
		*link = e->next_waiting;
		e->waits = false;
	}
	return next;
}
