#include "records/zone_slot.h"
#include "base/buffer.h"
#include "dns/wire.h"
#include "zone_inside.h"
#include <stdlib.h>
#include <string.h>

#define RECORD_HEAD 9 /* octets before a record's names and rdata: type, TTL, lengths of rdata and owner */

/* From one version to the next: records as they are put by put_record(), those of zone_data_diff() that go, then those that come. */
struct zone_change {
	struct rcu_garbage garbage; /* first: freed by rcu_free_soon */
	atomic_uint holders;
	uint32_t from; /* serial */
	size_t len;    /* octets */
	uint8_t octets[];
};

/* What readers see; immutable. Holds what it points to. */
struct zone_state {
	struct rcu_garbage garbage; /* first: freed by rcu_free_soon */
	struct zone_data *data;     /* NULL: nothing is served */
	unsigned count;
	struct zone_change *changes[]; /* oldest first, each from where the one before leads to; the last leads to data */
};

struct zone_watch {
	struct zone_slot *slot;
	zone_slot_changed *changed;
	void *arg;
	struct zone_watch *next;
};

struct zone_slot {
	struct rcu_garbage garbage; /* first: freed by rcu_free_soon */
	atomic_uint holders;
	struct name apex;
	_Atomic(struct zone_state *) state; /* NULL: nothing was published */
	/* the writer's */
	struct zone_data *last; /* held */
	size_t keep;            /* octets of changes */
	struct zone_watch *watches;
};

struct zone_changes {
	struct zone_data *to;
	unsigned count;
	struct zone_change *all[];
};

/* --- holders --- */

static bool change_hold_if_held(struct zone_change *c)
{
	unsigned n = atomic_load_explicit(&c->holders, memory_order_relaxed);
	while (n && !atomic_compare_exchange_weak_explicit(&c->holders, &n, n + 1, memory_order_relaxed, memory_order_relaxed))
		;
	return n;
}

static void change_drop(struct zone_change *c)
{
	if (c && atomic_fetch_sub_explicit(&c->holders, 1, memory_order_acq_rel) == 1)
		rcu_free_soon(&c->garbage, sizeof *c + c->len);
}

/* Readers may still look at it, but hold nothing of it any more that nobody else holds. */
static void state_retire(struct zone_state *s)
{
	if (!s)
		return;
	zone_data_drop(s->data);
	for (unsigned i = 0; i < s->count; i++)
		change_drop(s->changes[i]);
	rcu_free_soon(&s->garbage, sizeof *s + s->count * sizeof *s->changes);
}

struct zone_slot *zone_slot_new(const struct name *apex)
{
	struct zone_slot *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	atomic_init(&s->holders, 1);
	s->apex = *apex;
	name_lower(&s->apex);
	return s;
}

struct zone_slot *zone_slot_hold(struct zone_slot *s)
{
	atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
	return s;
}

void zone_slot_drop(struct zone_slot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) != 1)
		return;
	state_retire(atomic_load_explicit(&s->state, memory_order_relaxed));
	zone_data_drop(s->last);
	rcu_free_soon(&s->garbage, sizeof *s);
}

const struct name *zone_slot_apex(const struct zone_slot *s)
{
	return &s->apex;
}

/* --- readers --- */

static const struct zone_state *read_state(const struct zone_slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_acquire);
}

const struct zone_data *zone_slot_current(const struct zone_slot *s)
{
	const struct zone_state *state = read_state(s);
	return state ? state->data : NULL;
}

/* What can't be held any more was replaced before. */
struct zone_data *zone_slot_take(const struct zone_slot *s)
{
	for (;;) {
		const struct zone_state *state = read_state(s);
		if (!state || !state->data)
			return NULL;
		if (zone_data_hold_if_held(state->data))
			return state->data;
	}
}

static bool is_newer(uint32_t a, uint32_t b)
{
	return a != b && a - b < (uint32_t)1 << 31; /* RFC 1982 3.2 */
}

/* Changes from number `first` on. False: out of memory, or one of them was given up just now. */
static bool hold_changes(const struct zone_state *state, unsigned first, struct zone_changes **out)
{
	struct zone_changes *c = calloc(1, sizeof *c + (state->count - first) * sizeof *c->all);
	if (!c)
		return false;
	c->to = zone_data_hold_if_held(state->data) ? state->data : NULL;
	for (unsigned i = first; c->to && i < state->count; i++) {
		if (!change_hold_if_held(state->changes[i]))
			break;
		c->all[c->count++] = state->changes[i];
	}
	if (c->to && c->count == state->count - first) {
		*out = c;
		return true;
	}
	zone_changes_free(c);
	return false;
}

enum zone_changes_found zone_slot_changes_since(const struct zone_slot *s, uint32_t serial, struct zone_changes **out)
{
	const struct zone_state *state = read_state(s);
	if (!state || !state->data)
		return ZONE_CHANGES_TOO_OLD;
	if (!is_newer(zone_data_serial(state->data), serial))
		return ZONE_CHANGES_NONE;
	for (unsigned i = 0; i < state->count; i++) {
		if (state->changes[i]->from == serial)
			return hold_changes(state, i, out) ? ZONE_CHANGES_FOUND : ZONE_CHANGES_TOO_OLD;
	}
	return ZONE_CHANGES_TOO_OLD;
}

void zone_changes_free(struct zone_changes *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++)
		change_drop(c->all[i]);
	zone_data_drop(c->to);
	free(c);
}

const struct zone_data *zone_changes_to(const struct zone_changes *c)
{
	return c->to;
}

bool zone_changes_next(const struct zone_changes *c, struct zone_changes_cursor *cursor, struct record *r)
{
	const struct zone_change *change;
	const uint8_t *at;
	while (cursor->step < c->count && cursor->at == c->all[cursor->step]->len) {
		cursor->step++;
		cursor->at = 0;
	}
	if (cursor->step == c->count)
		return false;
	change = c->all[cursor->step];
	at = change->octets + cursor->at;
	*r = (struct record){&cursor->owner, wire_load_u16(at), wire_load_u32(at + 2), at + RECORD_HEAD + at[8], wire_load_u16(at + 6)};
	name_from_wire(&cursor->owner, at + RECORD_HEAD, at[8]);
	cursor->at += RECORD_HEAD + at[8] + r->rdata_len;
	return true;
}

/* --- the writer: changes --- */

struct recorder {
	struct buffer removed, added;
	size_t most;
	bool needless; /* there are more octets than are kept */
};

static enum err put_record(struct recorder *w, struct buffer *b, const struct record *r)
{
	uint8_t head[RECORD_HEAD];
	wire_store_u16(head, r->type);
	wire_store_u32(head + 2, r->ttl_s);
	wire_store_u16(head + 6, (unsigned)r->rdata_len);
	head[8] = r->owner->len;
	buffer_append(b, head, sizeof head);
	buffer_append(b, r->owner->wire, r->owner->len);
	buffer_append(b, r->rdata, r->rdata_len);
	w->needless = w->removed.len + w->added.len > w->most;
	return b->failed || w->needless ? ERR_NOMEM : OK;
}

static enum err on_removed(void *arg, const struct record *r)
{
	struct recorder *w = arg;
	return put_record(w, &w->removed, r);
}

static enum err on_added(void *arg, const struct record *r)
{
	struct recorder *w = arg;
	return put_record(w, &w->added, r);
}

/* NULL: it is not kept. */
static struct zone_change *record_change(const struct zone_slot *s, const struct zone_data *to)
{
	struct recorder w = {.most = s->keep};
	struct zone_change *c = NULL;
	if (!s->last || !s->keep || !is_newer(to->serial, s->last->serial))
		return NULL;
	if (!zone_data_diff(s->last, to, on_removed, on_added, &w))
		c = malloc(sizeof *c + w.removed.len + w.added.len);
	if (c) {
		*c = (struct zone_change){.holders = 1, .from = s->last->serial, .len = w.removed.len + w.added.len};
		memcpy(c->octets, w.removed.data, w.removed.len); /* the SOAs, at least */
		memcpy(c->octets + w.removed.len, w.added.data, w.added.len);
	}
	buffer_free(&w.removed);
	buffer_free(&w.added);
	return c;
}

/* How many of the oldest have to go, so that there is room for so many octets more. */
static unsigned count_surplus(const struct zone_slot *s, const struct zone_state *old, size_t more)
{
	unsigned kept = 0;
	size_t sum = more;
	while (kept < old->count && sum + old->changes[old->count - 1 - kept]->len <= s->keep)
		sum += old->changes[old->count - 1 - kept++]->len;
	return old->count - kept;
}

/* The changes of before, and the newest one, which it takes. data may be NULL, and is held by it. NULL: out of memory. */
static struct zone_state *state_new(const struct zone_state *old, unsigned first, struct zone_change *newest, struct zone_data *data)
{
	const unsigned kept = old ? old->count - first : 0;
	struct zone_state *s = malloc(sizeof *s + (kept + 1) * sizeof *s->changes);
	if (!s)
		return NULL;
	s->data = data ? zone_data_hold(data) : NULL;
	s->count = kept;
	for (unsigned i = 0; i < kept; i++) {
		s->changes[i] = old->changes[first + i];
		atomic_fetch_add_explicit(&s->changes[i]->holders, 1, memory_order_relaxed);
	}
	if (newest)
		s->changes[s->count++] = newest;
	return s;
}

/* --- the writer --- */

void zone_slot_keep_changes(struct zone_slot *s, size_t octets_max)
{
	if (octets_max > s->keep)
		s->keep = octets_max;
}

static void replace_state(struct zone_slot *s, struct zone_state *next)
{
	state_retire(atomic_exchange_explicit(&s->state, next, memory_order_acq_rel));
}

static void tell(struct zone_slot *s)
{
	for (struct zone_watch *w = s->watches, *next; w; w = next) {
		next = w->next;
		w->changed(w->arg, s, s->last);
	}
}

enum err zone_slot_publish(struct zone_slot *s, struct zone_data *z)
{
	const struct zone_state *old = atomic_load_explicit(&s->state, memory_order_relaxed);
	struct zone_change *newest = record_change(s, z);
	const unsigned first = !old ? 0 : newest ? count_surplus(s, old, newest->len) : old->count;
	struct zone_state *next = state_new(old, first, newest, z);
	if (!next) {
		change_drop(newest);
		zone_data_drop(z);
		return ERR_NOMEM;
	}
	zone_data_drop(s->last);
	s->last = z;
	replace_state(s, next);
	tell(s);
	return OK;
}

enum err zone_slot_expire(struct zone_slot *s)
{
	const struct zone_state *old = atomic_load_explicit(&s->state, memory_order_relaxed);
	struct zone_state *next = state_new(old, 0, NULL, NULL);
	if (!next)
		return ERR_NOMEM;
	replace_state(s, next);
	return OK;
}

const struct zone_data *zone_slot_last(const struct zone_slot *s)
{
	return s->last;
}

struct zone_watch *zone_slot_watch(struct zone_slot *s, zone_slot_changed *changed, void *arg)
{
	struct zone_watch *w = malloc(sizeof *w);
	if (!w)
		return NULL;
	*w = (struct zone_watch){s, changed, arg, s->watches};
	s->watches = w;
	return w;
}

void zone_slot_unwatch(struct zone_watch *w)
{
	if (!w)
		return;
	struct zone_watch **at = &w->slot->watches;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	free(w);
}
