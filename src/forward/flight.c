#include "forward/flight.h"
#include "base/hash.h"
#include "health.h"
#include "order.h"
#include "worker.h"
#include <stdlib.h>
#include <string.h>

#define ROUNDS_REFUSED      2   /* every upstream refused so often: none is there */
#define OVERTAKE_MS_MIN     10  /* who answers within that is not slow, whatever the others do: a tick of the wheel */
#define OVERTAKE_MS_UNKNOWN 100 /* what one that was never heard has at least */

/* An attempt whose flight has gone on to a faster upstream, and may be over: whether it is slow or dead shows in the end. One an upstream is enough. */
struct watch {
	struct attempt *attempt; /* NULL: none */
	bool alone;              /* its flight is over */
	struct deadline due;
	struct forwarder *forwarder;
};

struct forwarder {
	struct forward_worker *worker;
	struct upstreams *upstreams;
	struct traffic *traffic;
	struct chain_table flights; /* by question */
	LIST_HEAD(flight_list, flight) all;
	struct order_state order;
	struct health health[UPSTREAMS_MAX];
	struct watch watches[UPSTREAMS_MAX]; /* by the upstream's index */
	struct channel channels[];           /* by the upstream's index */
};

struct flight {
	struct chain by_question;
	LIST_ENTRY(flight) siblings;
	struct forwarder *forwarder;
	TAILQ_HEAD(, flight_waiter) waiters;
	unsigned waiter_count;
	bool over; /* its waiters are being told */

	struct deadline patience; /* of the present try; or the pause before the next round */
	struct deadline end;
	LIST_HEAD(, attempt) attempts; /* none of which has ended; those of earlier tries too */
	struct attempt *present;       /* of the present try; NULL: it failed */
	unsigned overtake_ms;          /* patience is not the try's own, but that of others, which is so much; 0: it is its own */
	struct channel *asked;         /* the last */
	bool asked_tcp;                /* and how */
	unsigned tries, failures;      /* failures: tries that ended without a reply, before their time */
	uint8_t *kept;                 /* a reply whose rcode sent us on: it stands if no better one comes */
	size_t kept_len;
	struct channel *kept_from;

	unsigned next; /* place in order, counted on over the rounds */
	unsigned count;
	uint8_t order[UPSTREAMS_MAX];
	struct question question; /* its name is that below */
	uint8_t name[];
};

/* --- slow ones --- */

static struct watch *watch_of(struct forwarder *of, const struct attempt *e)
{
	struct watch *w = &of->watches[e->channel->index];
	return w->attempt == e ? w : NULL;
}

static void watch_end(struct watch *w)
{
	wheel_clear(&w->forwarder->worker->wheel, &w->due);
	w->attempt = NULL;
	w->alone = false;
}

static void on_watched(void *arg, struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len)
{
	(void)reply;
	(void)len;
	watch_end(arg);
	if (end == ATTEMPT_BROKEN)
		channel_on_trouble(e->channel);
}

static void on_watch_over(struct deadline *d)
{
	struct watch *w = (struct watch *)((char *)d - offsetof(struct watch, due));
	struct attempt *e = w->attempt;
	struct channel *c = e->channel;
	bool alone = w->alone;
	watch_end(w);
	if (alone)
		channel_cancel(e);
	channel_on_silence(c);
	channel_on_trouble(c);
}

/* The longest that a try waits. */
static unsigned watch_ms(const struct forwarder *of)
{
	unsigned most = of->upstreams->options.read_timeout_ms;
	return most < FORWARD_TRY_MS_MAX ? most : FORWARD_TRY_MS_MAX;
}

static void watch(struct forwarder *of, struct attempt *e)
{
	struct watch *w = &of->watches[e->channel->index];
	if (w->attempt)
		return;
	w->attempt = e;
	wheel_set(&of->worker->wheel, &w->due, watch_ms(of));
}

/* Its flight wants nothing of it any more. */
static void let_go(struct forwarder *of, struct attempt *e)
{
	struct watch *w = watch_of(of, e);
	if (!w) {
		channel_cancel(e);
		return;
	}
	w->alone = true;
	e->done = on_watched;
	e->arg = w;
}

/* --- the end --- */

static void forget(struct flight *f)
{
	struct forwarder *of = f->forwarder;
	struct attempt *e;
	chain_remove(&of->flights, &f->by_question);
	LIST_REMOVE(f, siblings);
	wheel_clear(&of->worker->wheel, &f->patience);
	wheel_clear(&of->worker->wheel, &f->end);
	while ((e = LIST_FIRST(&f->attempts))) {
		LIST_REMOVE(e, asked);
		let_go(of, e);
	}
	if (of->upstreams->options.max_concurrent)
		atomic_fetch_sub(&of->upstreams->under_way, 1);
}

static void free_flight(struct flight *f)
{
	free(f->kept);
	free(f);
}

/* Waiters are told when the flight is in no list any more, one by one: each may ask the same again, or take another from the list. */
static void end(struct flight *f, struct flight_result result)
{
	struct flight_waiter *w;
	result.tries = f->tries;
	result.tcp = f->asked_tcp;
	f->over = true;
	forget(f);
	while ((w = TAILQ_FIRST(&f->waiters))) {
		TAILQ_REMOVE(&f->waiters, w, siblings);
		w->flight = NULL;
		w->done(w, &result);
	}
	free_flight(f);
}

static void end_answered(struct flight *f, const struct channel *from, const uint8_t *reply, size_t len)
{
	end(f, (struct flight_result){.end = FLIGHT_ANSWERED, .reply = reply, .len = len, .upstream = from->upstream});
}

static void end_unanswered(struct flight *f, enum flight_end why)
{
	if (f->kept)
		end_answered(f, f->kept_from, f->kept, f->kept_len);
	else
		end(f, (struct flight_result){.end = why, .upstream = f->asked ? f->asked->upstream : NULL});
}

/* --- tries --- */

static void on_reply(void *arg, struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len);

/* The time that the present try has: longer with each round, so that one slow upstream gets an answer out at last. */
static unsigned patience_ms(const struct flight *f, const struct channel *c, bool tcp)
{
	const struct forward_options *o = &f->forwarder->upstreams->options;
	unsigned round = (f->next - 1) / f->count;
	uint64_t ms = channel_patience_ms(c) << (round < 3 ? round : 3);
	if (c->upstream->transport != UPSTREAM_PLAIN)
		ms *= 3; /* both handshakes */
	else if (tcp)
		ms *= 2; /* the handshake */
	if (ms > FORWARD_TRY_MS_MAX)
		ms = FORWARD_TRY_MS_MAX;
	return (unsigned)(ms < o->read_timeout_ms ? ms : o->read_timeout_ms);
}

static bool may_try(const struct flight *f);

/* In so many ms one of the others would have answered. 0: nobody knows. */
static unsigned others_ms(const struct flight *f, const struct channel *c)
{
	unsigned least = 0;
	for (unsigned i = 0; i < f->count; i++) {
		const struct channel *other = &f->forwarder->channels[f->order[i]];
		unsigned ms = other != c ? channel_usual_ms(other) : 0;
		least = ms && (!least || ms < least) ? ms : least;
	}
	return least;
}

/* When the next one is asked too, because the present one is known to be much slower than others, or not known at all; 0: not before its patience is
 * over. Each is asked so once. Where the order is the user's, it stays. */
static unsigned overtake_ms(const struct flight *f, const struct channel *c, bool tcp)
{
	unsigned ms = tcp || f->next >= f->count || f->forwarder->upstreams->options.policy == FORWARD_SEQUENTIAL ? 0 : others_ms(f, c);
	if (!ms || !may_try(f))
		return 0;
	if (ms < OVERTAKE_MS_MIN)
		ms = OVERTAKE_MS_MIN;
	if (!c->cost_us && c->by_id.count == 1) /* the rest need not wait to find out, too */
		return ms < OVERTAKE_MS_UNKNOWN ? OVERTAKE_MS_UNKNOWN : ms;
	return !c->cost_us || c->cost_us / 1000 > 2 * ms ? ms : 0;
}

static void begin_patience(struct flight *f, const struct channel *c, bool tcp)
{
	unsigned ms = patience_ms(f, c, tcp);
	f->overtake_ms = overtake_ms(f, c, tcp);
	if (f->overtake_ms >= ms)
		f->overtake_ms = 0;
	wheel_set(&f->forwarder->worker->wheel, &f->patience, f->overtake_ms ? f->overtake_ms : ms);
}

static bool ask(struct flight *f, struct channel *c, struct channel_way way)
{
	struct attempt *e = channel_ask(c, &f->question, way, on_reply, f);
	f->asked = c;
	f->asked_tcp = way.tcp;
	if (!e)
		return false;
	LIST_INSERT_HEAD(&f->attempts, e, asked);
	f->present = e;
	begin_patience(f, c, way.tcp);
	return true;
}

/* Nothing more will be asked: replies may still come to what was, until the flight's time is up. */
static void rest(struct flight *f)
{
	if (LIST_EMPTY(&f->attempts))
		wheel_set(&f->forwarder->worker->wheel, &f->end, 0); /* not at once: whoever asked may still be asking */
}

static bool tries_are_used_up(const struct flight *f)
{
	unsigned max = f->forwarder->upstreams->options.max_connect_attempts;
	return max && f->tries >= max;
}

static bool may_try(const struct flight *f)
{
	return !tries_are_used_up(f) && f->failures < ROUNDS_REFUSED * f->count;
}

static void try_next(struct flight *f)
{
	struct forwarder *of = f->forwarder;
	f->present = NULL;
	while (may_try(f)) {
		struct channel *c = &of->channels[f->order[f->next++ % f->count]];
		f->tries++;
		if (ask(f, c, (struct channel_way){.tcp = channel_is_stream_only(c)}))
			return;
		f->failures++;
	}
	rest(f);
}

/* The present try has failed before its time. The next upstream is asked at once, the next round only after a pause. */
static void fail_over(struct flight *f)
{
	struct wheel *wheel = &f->forwarder->worker->wheel;
	f->present = NULL;
	f->failures++;
	wheel_clear(wheel, &f->patience);
	if (f->next % f->count || !may_try(f))
		try_next(f);
	else
		wheel_set(wheel, &f->patience, FORWARD_TRY_MS_MIN);
}

static void on_patience_over(struct deadline *d)
{
	struct flight *f = (struct flight *)((char *)d - offsetof(struct flight, patience));
	if (f->present && f->overtake_ms) {
		channel_on_delay(f->present->channel, f->overtake_ms);
		watch(f->forwarder, f->present);
	} else if (f->present) {
		struct channel *c = f->present->channel;
		channel_on_silence(c);
		channel_on_trouble(c);
	}
	if (tries_are_used_up(f))
		end_unanswered(f, FLIGHT_TIMEOUT);
	else
		try_next(f);
}

static void on_end(struct deadline *d)
{
	struct flight *f = (struct flight *)((char *)d - offsetof(struct flight, end));
	end_unanswered(f, LIST_EMPTY(&f->attempts) ? FLIGHT_UNREACHABLE : FLIGHT_TIMEOUT);
}

/* --- replies --- */

/* True: the next upstream is asked, and this reply stands if it is no better. The newest counts. */
static bool goes_on(struct flight *f, struct channel *from, const uint8_t *reply, size_t len)
{
	uint32_t failover = f->forwarder->upstreams->options.failover;
	if (!(failover >> message_rcode(reply) & 1) || f->next >= f->count || !may_try(f))
		return false;
	uint8_t *copy = malloc(len);
	if (!copy)
		return false;
	memcpy(copy, reply, len);
	free(f->kept);
	f->kept = copy;
	f->kept_len = len;
	f->kept_from = from;
	return true;
}

static void on_answer(struct flight *f, struct channel *from, bool was_present, const uint8_t *reply, size_t len)
{
	if (!goes_on(f, from, reply, len))
		end_answered(f, from, reply, len);
	else if (was_present)
		try_next(f);
}

/* The same upstream, otherwise. A try that was given up is not taken up again, unless nothing else is under way. */
static void ask_again(struct flight *f, struct channel *c, bool was_present, struct channel_way way)
{
	if (!was_present && f->present)
		return;
	if (!ask(f, c, way))
		fail_over(f);
}

static void on_reply(void *arg, struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len)
{
	struct flight *f = arg;
	struct channel *c = e->channel;
	bool was_present = e == f->present;
	struct watch *watched = watch_of(f->forwarder, e);
	LIST_REMOVE(e, asked);
	if (watched)
		watch_end(watched);
	if (was_present)
		f->present = NULL;
	switch (end) {
	case ATTEMPT_ANSWERED:
		on_answer(f, c, was_present, reply, len);
		return;
	case ATTEMPT_TRUNCATED:
	case ATTEMPT_MISSPELT:
		ask_again(f, c, was_present, (struct channel_way){.tcp = true, .plain = !e->edns});
		return;
	case ATTEMPT_NO_EDNS:
		ask_again(f, c, was_present, (struct channel_way){.tcp = e->tcp, .plain = true});
		return;
	case ATTEMPT_BROKEN:
		channel_on_trouble(c);
		break;
	case ATTEMPT_FAILED:
		break;
	}
	if (was_present)
		fail_over(f);
	else if (!f->present && !deadline_is_set(&f->patience))
		rest(f);
}

/* --- the beginning --- */

static uint64_t hash_question(const struct question *q)
{
	uint64_t rest = (uint64_t)q->type << 33 | (uint64_t)q->class << 17 | (uint64_t)q->flags << 1 | q->edns_do;
	return hash_mix(hash_bytes(q->name, q->name_len), rest);
}

static bool same_question(const struct question *a, const struct question *b)
{
	return a->type == b->type && a->class == b->class && a->flags == b->flags && a->edns_do == b->edns_do &&
	       a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static struct flight *find(const struct forwarder *of, const struct question *q, uint64_t hash)
{
	for (struct chain *c = chain_first(&of->flights, hash); c; c = chain_next(c)) {
		struct flight *f = (struct flight *)((char *)c - offsetof(struct flight, by_question));
		if (same_question(&f->question, q))
			return f;
	}
	return NULL;
}

static enum flight_start join(struct flight *f, struct flight_waiter *w)
{
	if (f->waiter_count == FLIGHT_WAITERS_MAX)
		return FLIGHT_CROWDED;
	TAILQ_INSERT_TAIL(&f->waiters, w, siblings);
	f->waiter_count++;
	w->flight = f;
	return FLIGHT_JOINED;
}

static bool count_in(struct upstreams *u)
{
	if (!u->options.max_concurrent)
		return true;
	if (atomic_fetch_add(&u->under_way, 1) < u->options.max_concurrent)
		return true;
	atomic_fetch_sub(&u->under_way, 1);
	return false;
}

static struct flight *new_flight(struct forwarder *of, const struct question *q, uint64_t hash)
{
	struct flight *f = calloc(1, sizeof *f + q->name_len);
	if (!f)
		return NULL;
	f->forwarder = of;
	f->patience.due = on_patience_over;
	f->end.due = on_end;
	f->question = *q;
	f->question.name = f->name;
	memcpy(f->name, q->name, q->name_len);
	TAILQ_INIT(&f->waiters);
	f->count = order_make(&of->order, of->channels, of->upstreams, &of->worker->dice, f->order);
	if (!f->count) {
		traffic_add(&of->traffic->totals.all_down, 1);
		f->count = order_at_random(of->upstreams, &of->worker->dice, f->order);
	}
	chain_insert(&of->flights, &f->by_question, hash);
	LIST_INSERT_HEAD(&of->all, f, siblings);
	wheel_set(&of->worker->wheel, &f->end, FORWARD_FLIGHT_MS);
	return f;
}

static bool all_down(const struct upstreams *u)
{
	for (unsigned i = 0; i < u->count; i++) {
		if (!upstream_is_down(u, i))
			return false;
	}
	return true;
}

enum flight_start flight_ask(struct forwarder *of, const struct question *q, struct flight_waiter *w)
{
	uint64_t hash = hash_question(q);
	struct flight *f = find(of, q, hash);
	w->flight = NULL;
	if (f)
		return join(f, w);
	if (of->upstreams->options.failfast && all_down(of->upstreams)) {
		traffic_add(&of->traffic->totals.all_down, 1);
		return FLIGHT_ALL_DOWN;
	}
	if (!count_in(of->upstreams)) {
		traffic_add(&of->traffic->totals.rejected, 1);
		return FLIGHT_BUSY;
	}
	f = new_flight(of, q, hash);
	if (!f) {
		if (of->upstreams->options.max_concurrent)
			atomic_fetch_sub(&of->upstreams->under_way, 1);
		return FLIGHT_NO_MEMORY;
	}
	join(f, w);
	try_next(f);
	return FLIGHT_BEGUN;
}

void flight_leave(struct flight_waiter *w)
{
	struct flight *f = w->flight;
	if (!f)
		return;
	TAILQ_REMOVE(&f->waiters, w, siblings);
	f->waiter_count--;
	w->flight = NULL;
	if (f->over || !TAILQ_EMPTY(&f->waiters))
		return;
	forget(f);
	free_flight(f);
}

struct flight_result flight_so_far(const struct flight_waiter *w)
{
	const struct flight *f = w->flight;
	return (struct flight_result){
	        .end = FLIGHT_TIMEOUT, .upstream = f->asked ? f->asked->upstream : NULL, .tcp = f->asked_tcp, .tries = f->tries};
}

/* --- a worker's side of a list of upstreams --- */

static void on_trouble(struct channel *c)
{
	struct forwarder *of = c->arg;
	health_on_trouble(&of->health[c->index]);
}

static void free_forwarder(struct forwarder *of, unsigned channels)
{
	while (channels--)
		channel_end(&of->channels[channels]);
	chain_table_end(&of->flights);
	traffic_leave(of->traffic);
	free(of);
}

enum err forwarder_new(struct forward_worker *w, struct upstreams *u, struct forwarder **out)
{
	struct forwarder *of = calloc(1, sizeof *of + u->count * sizeof of->channels[0]);
	*out = NULL;
	if (!of)
		return ERR_NOMEM;
	of->worker = w;
	of->upstreams = u;
	LIST_INIT(&of->all);
	of->traffic = traffic_take(u);
	if (!of->traffic || !chain_table_begin(&of->flights)) {
		traffic_leave(of->traffic);
		free(of);
		return ERR_NOMEM;
	}
	for (unsigned i = 0; i < u->count; i++) {
		enum err err = channel_begin(&of->channels[i], w, u, i, of->traffic, on_trouble, of);
		if (err) {
			free_forwarder(of, i);
			return err;
		}
		health_begin(&of->health[i], &of->channels[i]);
		of->watches[i] = (struct watch){.due.due = on_watch_over, .forwarder = of};
	}
	of->order.next = dice_below(&w->dice, u->count); /* workers don't all begin with the first */
	*out = of;
	return OK;
}

void forwarder_end(struct forwarder *of)
{
	struct flight *f;
	if (!of)
		return;
	while ((f = LIST_FIRST(&of->all)))
		end_unanswered(f, FLIGHT_STOPPED); /* NOLINT(clang-analyzer-unix.Malloc): it has left the list */
	for (unsigned i = 0; i < of->upstreams->count; i++) {
		struct attempt *e = of->watches[i].attempt;
		if (e) {
			watch_end(&of->watches[i]);
			channel_cancel(e);
		}
	}
	for (unsigned i = 0; i < of->upstreams->count; i++)
		health_end(&of->health[i]);
	free_forwarder(of, of->upstreams->count);
}

size_t forwarder_flights(const struct forwarder *of)
{
	return of->flights.count;
}
