/* A question that upstreams are asked is an exchange that waits and a flight that it waits for. What joins them is a waiter. When its exchange has
 * ended before, the waiter stays for the cache's sake. */
#include "forward.h"
#include "dns/response.h"
#include "dns/response_copy.h"
#include "forward/flight.h"
#include "forwarding_inside.h"
#include "server/tally.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

#define ORPHANS_MAX 1024 /* waiters of one worker that nobody's client waits for */
#define MS_PER_S    1000

#define TROUBLE_TEXT_MAX 192

struct forward_step {
	struct forwarding *shared;
	bool rotate, explain;
};

/* What came of a flight, made once for all who waited for it. */
struct outcome {
	bool answered; /* reply is set */
	bool goes_on;  /* the next line is asked */
	struct reply reply;
	struct cache_judgement judgement;
};

/* The state of one worker. */
struct forward_state {
	const struct forward_step *step;
	unsigned index; /* the worker's */
	struct uv_loop_s *loop;
	struct forward_worker *worker;
	uint64_t dice;
	unsigned orphans;
	const struct flight *read; /* whose outcome that is */
	struct outcome outcome;
	uint16_t ttl_at[RESPONSE_RECORDS_MAX];
	uint8_t octets[DNS_TCP_SIZE_MAX];
	struct forwarder *forwarders[]; /* by line */
};

struct waiter {
	struct flight_waiter flight; /* the first member */
	struct forward_state *state;
	const struct flight *asked;
	struct exchange *x;    /* NULL: it is an orphan */
	struct tally_row *row; /* where the question is counted; NULL: it is not */
	unsigned line;
	bool covered; /* by the cache */
	bool verify;  /* there is an answer past its end */
	struct question question;
	struct cache_key key;
	uint8_t name[NAME_WIRE_MAX]; /* of both */
};

static const struct forwarding *shared(const struct forward_state *s)
{
	return s->step->shared;
}

static uint32_t now_s(const struct forward_state *s)
{
	return (uint32_t)(uv_now(s->loop) / MS_PER_S);
}

/* Marsaglia's xorshift: who guesses it knows the order of some addresses. */
static unsigned draw_rotation(struct forward_state *s)
{
	if (!s->step->rotate)
		return 0;
	s->dice ^= s->dice << 13;
	s->dice ^= s->dice >> 7;
	s->dice ^= s->dice << 17;
	return (unsigned)(s->dice >> 32);
}

/* --- counting --- */

static void count(const struct forward_state *s, struct tally_row *row, enum tally_cache what, unsigned amount)
{
	tally_cache(row, s->index, what, amount);
}

static void count_result(const struct forward_state *s, struct tally_row *row, enum cache_result result, const struct cache_hit *hit)
{
	bool found = result == CACHE_FRESH || result == CACHE_STALE;
	enum tally_cache kind = found && hit->kind == CACHE_SUCCESS ? TALLY_CACHE_SUCCESSES : TALLY_CACHE_DENIALS;
	count(s, row, found ? kind : TALLY_CACHE_MISSES, 1);
	count(s, row, TALLY_CACHE_STALE, result == CACHE_STALE);
}

static void count_change(const struct waiter *w, const struct cache_change *change)
{
	count(w->state, w->row, TALLY_CACHE_EVICTED_SUCCESSES, change->evicted[CACHE_SUCCESS]);
	count(w->state, w->row, TALLY_CACHE_EVICTED_DENIALS, change->evicted[CACHE_DENIAL] + change->evicted[CACHE_FAILURE]);
}

/* --- answering --- */

static struct cache_asked asked_of(struct forward_state *s, struct exchange *x)
{
	return (struct cache_asked){
	        .request = &x->query.request,
	        .now_s = now_s(s),
	        .rotation = draw_rotation(s),
	        .explain = s->step->explain,
	        .out = x->reply,
	        .cap = exchange_room(x),
	};
}

/* What is past its end is better than nothing. */
static bool answer_from_before(const struct waiter *w, struct exchange *x)
{
	const struct cache_asked asked = asked_of(w->state, x);
	enum cache_result result;
	struct cache_hit hit;
	if (!w->covered)
		return false;
	result = cache_get_last_resort(shared(w->state)->cache, &w->key, &asked, &hit);
	if (result == CACHE_MISS || hit.kind == CACHE_FAILURE)
		return false;
	count(w->state, w->row, TALLY_CACHE_STALE, result == CACHE_STALE);
	x->reply_len = hit.len;
	return true;
}

static void answer_without(const struct waiter *w, struct exchange *x, const char *trouble)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "no upstream answered");
	if (!answer_from_before(w, x))
		exchange_fail(x, DNS_SERVFAIL, &why, "%s", trouble);
}

static const char *end_text(enum flight_end end)
{
	switch (end) {
	case FLIGHT_ANSWERED:
		return "the reply can't be read";
	case FLIGHT_TIMEOUT:
		return "i/o timeout";
	case FLIGHT_UNREACHABLE:
		return "connection refused, unreachable, or a reply that can't be read";
	case FLIGHT_STOPPED:
		return "the server stops";
	}
	return "";
}

/* As CoreDNS says it, of the last upstream that was asked, but for the address it was asked from. */
static void answer_unanswered(const struct waiter *w, struct exchange *x, const struct flight_result *result)
{
	char at[UPSTREAM_TEXT_MAX], trouble[TROUBLE_TEXT_MAX];
	if (!result->upstream) {
		answer_without(w, x, "no upstream can be asked");
		return;
	}
	upstream_format(result->upstream, at);
	snprintf(trouble, sizeof trouble, "read %s %s: %s", result->tcp ? "tcp" : "udp", at, end_text(result->end));
	answer_without(w, x, trouble);
}

static void answer_with(const struct waiter *w, struct exchange *x, const struct outcome *o)
{
	const struct reply_terms terms = {.own_ttls = !w->covered, .ttl_s = o->judgement.ttl_s, .rotation = draw_rotation(w->state)};
	if (w->verify && !o->judgement.refreshes && answer_from_before(w, x))
		return;
	x->reply_len = reply_write(&o->reply, &x->query.request, &terms, x->reply, exchange_room(x));
}

/* --- what upstreams say --- */

static void fail(const struct waiter *w)
{
	struct cache_change change;
	if (!w->covered)
		return;
	cache_fail(shared(w->state)->cache, &w->key, now_s(w->state), &change);
	count_change(w, &change);
}

static bool wants_next(const struct forwarding_line *l, const struct response *r, const struct response_copy *copy)
{
	bool nodata = l->next_on_nodata && r->rcode == DNS_NOERROR && !copy->counts[DNS_ANSWER];
	return nodata || (r->rcode < 32 && l->next >> r->rcode & 1);
}

static unsigned next_line(const struct waiter *w)
{
	struct name qname;
	name_from_wire(&qname, w->name, w->question.name_len);
	return forwarding_find(shared(w->state), &qname, w->line + 1);
}

static void keep(const struct waiter *w, const struct response *r, const struct response_copy *copy, struct outcome *o)
{
	struct cache *cache = shared(w->state)->cache;
	struct cache_change change;
	if (!w->covered)
		return;
	cache_judge(cache_options(cache), &w->key, r, copy, (uint32_t)time(NULL), &o->judgement);
	cache_put(cache, &w->key, &o->reply, &o->judgement, now_s(w->state), &change);
	count_change(w, &change);
}

/* False: nothing can be made of it. */
static bool read_reply(const struct waiter *w, const struct flight_result *result, struct outcome *o)
{
	struct forward_state *s = w->state;
	struct response_copy copy = {.bytes = s->octets, .cap = sizeof s->octets, .ttl_at = s->ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	struct response r;
	if (response_parse(&r, result->reply, result->len) != RESPONSE_OK || !r.has_question || response_rewrite(&r, &copy)) {
		count(s, w->row, TALLY_CACHE_DROPS, w->covered);
		return false;
	}
	o->answered = true;
	reply_of_copy(&o->reply, &copy, r.rcode);
	o->goes_on = wants_next(&shared(s)->lines[w->line], &r, &copy) && next_line(w) < shared(s)->count;
	if (!o->goes_on)
		keep(w, &r, &copy, o);
	return true;
}

static const struct outcome *read_outcome(const struct waiter *w, const struct flight_result *result)
{
	struct forward_state *s = w->state;
	if (s->read == w->asked)
		return &s->outcome;
	s->read = w->asked;
	s->outcome = (struct outcome){0};
	if (result->end != FLIGHT_ANSWERED || !read_reply(w, result, &s->outcome)) {
		if (result->end != FLIGHT_STOPPED)
			fail(w);
	}
	return &s->outcome;
}

/* --- waiting --- */

static void on_done(struct flight_waiter *flight, const struct flight_result *result);

static struct waiter *waiter_new(struct forward_state *s, const struct exchange *x, unsigned line)
{
	const struct request *r = &x->query.request;
	struct waiter *w = malloc(sizeof *w);
	if (!w)
		return NULL;
	*w = (struct waiter){.flight.done = on_done, .state = s, .row = x->row, .line = line};
	memcpy(w->name, r->qname.wire, r->qname.len);
	w->covered = shared(s)->cache && cache_covers(shared(s)->cache, &r->qname);
	w->question = (struct question){
	        .name = w->name,
	        .name_len = r->qname.len,
	        .type = r->qtype,
	        .class = r->qclass,
	        .flags = r->flags & (DNS_RD | DNS_AD | DNS_CD),
	        .edns_do = r->edns_do,
	};
	if (w->covered) {
		w->question.flags |= DNS_AD; /* what is kept is for all who may ask (RFC 6840 5.7) */
		cache_key_of(&w->key, r);
		w->key.name = w->name;
	}
	return w;
}

static bool ask_upstreams(struct waiter *w, enum flight_start *start)
{
	struct forward_state *s = w->state;
	*start = flight_ask(s->forwarders[w->line], &w->question, &w->flight);
	w->asked = w->flight.flight;
	if (*start == FLIGHT_BEGUN && s->read == w->asked)
		s->read = NULL; /* another one stood there once */
	return *start == FLIGHT_BEGUN || *start == FLIGHT_JOINED;
}

/* Its exchange ends without it. */
static void orphan(struct waiter *w)
{
	w->x->waiting = NULL;
	w->x = NULL;
	if (w->covered && w->state->orphans < ORPHANS_MAX) {
		w->state->orphans++;
		return;
	}
	flight_leave(&w->flight);
	free(w);
}

static void answer_unasked(const struct waiter *w, struct exchange *x, enum flight_start why)
{
	static const struct ede busy = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "too many questions are with upstreams");
	const char *trouble = "";
	switch (why) {
	case FLIGHT_BUSY:
		if (!answer_from_before(w, x)) /* as CoreDNS */
			exchange_fail(x, DNS_REFUSED, &busy, "concurrent queries exceeded maximum %u",
			              shared(w->state)->lines[w->line].upstreams->options.max_concurrent);
		return;
	case FLIGHT_ALL_DOWN:
		fail(w);
		trouble = "no healthy proxies";
		break;
	case FLIGHT_CROWDED:
		trouble = "too many queries wait for the same reply";
		break;
	case FLIGHT_NO_MEMORY:
		trouble = "out of memory";
		break;
	case FLIGHT_BEGUN:
	case FLIGHT_JOINED:
		break;
	}
	answer_without(w, x, trouble);
}

/* The next line: it has the time that is left. */
static bool goes_on(struct waiter *w)
{
	enum flight_start start;
	w->line = next_line(w);
	if (ask_upstreams(w, &start))
		return true;
	if (w->x)
		answer_unasked(w, w->x, start);
	return false;
}

static void on_done(struct flight_waiter *flight, const struct flight_result *result)
{
	struct waiter *w = (struct waiter *)flight;
	const struct outcome *o = read_outcome(w, result);
	struct exchange *x = w->x;
	if (o->goes_on && goes_on(w))
		return;
	if (x && o->answered && !o->goes_on)
		answer_with(w, x, o);
	else if (x && !o->goes_on)
		answer_unanswered(w, x, result);
	w->state->orphans -= !x;
	free(w);
	if (!x)
		return;
	x->waiting = NULL;
	exchange_resume(x, STEP_ANSWER);
}

/* --- asking --- */

static enum step_verdict ask_and_wait(struct forward_state *s, struct exchange *x, unsigned line, bool verify)
{
	struct waiter *w = waiter_new(s, x, line);
	enum flight_start start;
	struct exchange *kept;
	enum step_verdict v;
	if (!w)
		return exchange_fail(x, DNS_SERVFAIL, NULL, "out of memory");
	w->verify = verify;
	if (!ask_upstreams(w, &start)) {
		answer_unasked(w, x, start);
		free(w);
		return STEP_ANSWER;
	}
	v = exchange_keep(x, verify ? cache_options(shared(s)->cache)->stale_verify_ms : 0, &kept);
	if (v != STEP_WAIT) {
		flight_leave(&w->flight);
		free(w);
		return v;
	}
	w->x = kept;
	kept->waiting = w;
	return STEP_WAIT;
}

/* For the cache alone. */
static void refresh(struct forward_state *s, const struct exchange *x, unsigned line)
{
	struct waiter *w = s->orphans < ORPHANS_MAX ? waiter_new(s, x, line) : NULL;
	enum flight_start start;
	if (!w)
		return;
	if (!ask_upstreams(w, &start)) {
		free(w);
		return;
	}
	s->orphans++;
	count(s, x->row, TALLY_CACHE_PREFETCHES, 1);
}

/* True: the cache has it. */
static bool look_up(struct forward_state *s, struct exchange *x, unsigned line, bool *verify)
{
	struct cache *cache = shared(s)->cache;
	const struct cache_asked asked = asked_of(s, x);
	enum cache_result result;
	struct cache_hit hit;
	struct cache_key key;
	if (!cache || !cache_covers(cache, &x->query.request.qname))
		return false;
	cache_key_of(&key, &x->query.request);
	result = cache_get(cache, &key, &asked, &hit);
	count_result(s, x->row, result, &hit);
	*verify = result == CACHE_VERIFY;
	if (result == CACHE_MISS || result == CACHE_VERIFY)
		return false;
	x->reply_len = hit.len;
	if (hit.refresh)
		refresh(s, x, line);
	return true;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct forward_step *f = self;
	unsigned line = forwarding_find(f->shared, &x->query.request.qname, 0);
	bool verify = false;
	if (line == f->shared->count)
		return STEP_PASS;
	if (look_up(state, x, line, &verify))
		return STEP_ANSWER;
	return ask_and_wait(state, x, line, verify);
}

static enum step_verdict expired(const void *self, void *state, struct exchange *x)
{
	struct waiter *w = x->waiting;
	const struct flight_result so_far = flight_so_far(&w->flight);
	(void)self;
	(void)state;
	answer_unanswered(w, x, &so_far);
	orphan(w);
	return STEP_ANSWER;
}

static void forget(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	orphan(x->waiting);
}

/* --- its life --- */

static void end(void *state)
{
	struct forward_state *s = state;
	for (unsigned i = 0; i < shared(s)->count; i++)
		forwarder_end(s->forwarders[i]);
	forward_worker_end(s->worker);
	free(s);
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	const struct forward_step *f = self;
	struct forward_state *s = calloc(1, sizeof *s + f->shared->count * sizeof s->forwarders[0]);
	enum err err;
	if (!s)
		return NULL;
	s->step = f;
	s->index = worker;
	s->loop = loop;
	if (getrandom(&s->dice, sizeof s->dice, GRND_NONBLOCK) != sizeof s->dice || !s->dice)
		s->dice = worker + 1;
	err = forward_worker_new(loop, &s->worker);
	for (unsigned i = 0; i < f->shared->count && !err; i++)
		err = forwarder_new(s->worker, f->shared->lines[i].upstreams, &s->forwarders[i]);
	if (!err)
		return s;
	end(s);
	return NULL;
}

static void step_free(void *self)
{
	struct forward_step *f = self;
	forwarding_unref(f->shared);
	free(f);
}

static const struct step_kind forward = {
        .name = "forward",
        .all_classes = true,
        .ask = ask,
        .expired = expired,
        .forget = forget,
        .begin = begin,
        .end = end,
        .free = step_free,
};

enum err forward_step_new(const struct forward_step_options *o, struct server_step *step)
{
	struct forward_step *f = malloc(sizeof *f);
	if (!f)
		return ERR_NOMEM;
	*f = (struct forward_step){forwarding_ref(o->forwarding), o->rotate, o->explain};
	*step = (struct server_step){&forward, f, true};
	return OK;
}
