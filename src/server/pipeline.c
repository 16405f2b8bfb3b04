#include "pipeline.h"
#include "account.h"
#include "base/rcu.h"
#include "cluster_names.h"
#include "padding.h"
#include "view.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WHY_TEXT_MAX 256

/* Of names that no block has. */
static const uint8_t nobody;
static const struct plan nobodys = {.rest = {.ede = true}, .answerers = &nobody};

/* Which plan it belongs to, and where it is counted. */
static void find_plan(struct exchange *x, const struct routes *routes)
{
	const struct query *q = &x->query;
	const struct server_route *r = q->verdict == REQUEST_OK ? view_route(x, routes, &q->request.qname) : NULL;
	x->plan = r ? r->block : &nobodys;
	x->row = r ? r->row : routes->row;
}

static const struct step *step_of(const struct exchange *x)
{
	return &x->plan->steps[x->at];
}

static struct pending *pending_of(struct exchange *x)
{
	return (struct pending *)x;
}

/* A message in its batch is in the section of the batch. */
static void section_begin(const struct exchange *x)
{
	if (!x->message)
		rcu_reader_lock();
}

static void section_end(const struct exchange *x)
{
	if (!x->message)
		rcu_reader_unlock();
}

/* --- another question --- */

static void set_question(struct request *r, const uint8_t *bytes, uint16_t len)
{
	size_t taken = name_from_wire(&r->qname, bytes + DNS_HEADER_LEN, len);
	const uint8_t *behind = bytes + DNS_HEADER_LEN + taken;
	name_lower(&r->qname);
	r->bytes = bytes;
	r->question_len = len;
	r->qtype = (uint16_t)wire_load_u16(behind);
	r->qclass = (uint16_t)wire_load_u16(behind + 2);
	r->opt_at = 0;
}

/* What came in a batch stays as long as that, and is answered before another one is asked for; what has waited has room of its own. */
void exchange_replace(struct exchange *x, const struct name *qname, uint16_t qtype, uint16_t qclass)
{
	struct request *r = &x->query.request;
	struct wire_writer w = {.bytes = x->message ? x->worker->question : pending_of(x)->question, .limit = EXCHANGE_QUESTION_MAX};
	x->asked = r->bytes;
	x->asked_len = r->question_len;
	if (!x->message) {
		memcpy(pending_of(x)->asked, r->bytes, DNS_HEADER_LEN + (size_t)r->question_len);
		x->asked = pending_of(x)->asked;
	}
	wire_put_bytes(&w, x->asked, DNS_HEADER_LEN);
	wire_put_name(&w, qname);
	wire_put_u16(&w, qtype);
	wire_put_u16(&w, qclass);
	set_question(r, w.bytes, (uint16_t)(w.len - DNS_HEADER_LEN));
}

void exchange_restore(struct exchange *x)
{
	if (!x->asked)
		return;
	set_question(&x->query.request, x->asked, x->asked_len);
	x->asked = NULL;
}

/* --- in --- */

/* False where there is no memory for one. */
static bool find_state(struct exchange *x, const struct step *s, void **state)
{
	void **slot = &x->hold->slots[s->slot];
	const struct step_kind *kind = s->step.kind;
	if (!*slot && kind->begin)
		*slot = kind->begin(s->step.self, x->worker->index, x->worker->loop);
	*state = *slot;
	return *slot || !kind->begin;
}

static enum step_verdict ask(struct exchange *x)
{
	const struct step *s = step_of(x);
	void *state;
	x->query.rcode = DNS_NOERROR;
	x->query.absence = ABSENCE_NONE;
	if (!find_state(x, s, &state))
		return exchange_fail(x, DNS_SERVFAIL, NULL, "out of memory");
	return s->step.kind->ask(s->step.self, state, x);
}

static bool goes_on(enum step_verdict v)
{
	return v == STEP_PASS || v == STEP_FALLTHROUGH;
}

/* To the step after the one that gave v. */
static void advance(struct exchange *x, enum step_verdict v)
{
	if (x->at < x->plan->count)
		x->at++;
	if (v != STEP_FALLTHROUGH)
		return;
	x->stands = x->at;
	x->stood_rcode = x->query.rcode;
	x->stood_absence = x->query.absence;
}

static enum step_verdict run(struct exchange *x)
{
	enum step_verdict v = STEP_PASS;
	while (x->at < x->plan->count && goes_on(v = ask(x)))
		advance(x, v);
	return v;
}

/* --- out --- */

/* Nobody has the name. */
static void refuse(struct exchange *x)
{
	query_locate(&x->query, &x->plan->rest);
	x->reply_len = query_answer(&x->query, &x->plan->rest, &x->worker->state, x->reply, x->reply_cap);
}

/* Nobody knew better than the step that fell through. What it said then may be lost. */
static void let_stand(struct exchange *x)
{
	x->at = (uint8_t)(x->stands - 1);
	x->last_word = true;
	x->query.rcode = x->stood_rcode;
	x->query.absence = x->stood_absence;
	if (!x->reply_len)
		ask(x);
	x->last_word = false;
}

/* While it waits, it is where that step is, so that this is who answers. */
static enum step_verdict reconsider(struct exchange *x, const struct step *s, void *state, uint8_t i)
{
	const uint8_t answerer = x->at;
	enum step_verdict v;
	x->at = i;
	v = s->step.kind->reconsider(s->step.self, state, x);
	if (v != STEP_WAIT && x->at == i)
		x->at = answerer;
	return v;
}

/* STEP_WAIT: a step does, and the rest is told later. */
static enum step_verdict tell_steps(struct exchange *x)
{
	const unsigned count = x->at < x->plan->count ? x->at + 1u : x->plan->count;
	enum step_verdict v = STEP_ANSWER;
	if (x->untold > count)
		x->untold = (uint8_t)count;
	while (x->untold > 0) {
		const uint8_t i = --x->untold;
		const struct step *s = &x->plan->steps[i];
		void *state;
		if ((!s->step.kind->answered && !s->step.kind->reconsider) || !find_state(x, s, &state))
			continue;
		if (s->step.kind->reconsider)
			v = reconsider(x, s, state, i);
		if (v == STEP_WAIT)
			return v;
		if (v == STEP_DROP) {
			x->reply_len = 0; /* another one of the same client waits for the answer */
			return STEP_ANSWER;
		}
		if (s->step.kind->answered)
			s->step.kind->answered(s->step.self, state, x);
	}
	return STEP_ANSWER;
}

/* --- seals --- */

size_t exchange_seal_part(const struct exchange *x, uint8_t *bytes, size_t len, size_t cap)
{
	return x->seal ? x->seal->apply(x->seal, x, bytes, len, cap) : len;
}

static void drop_seal(struct exchange *x)
{
	if (x->seal)
		x->seal->free(x->seal);
	x->seal = NULL;
}

/* The buffer has room beyond what steps may write: that is the seal's. */
static __attribute__((noinline)) void seal(struct exchange *x)
{
	size_t cap = x->query.transport == QUERY_UDP ? NET_UDP_REPLY_MAX : DNS_TCP_SIZE_MAX;
	if (x->reply_len)
		x->reply_len = exchange_seal_part(x, x->reply, x->reply_len, cap);
	drop_seal(x);
}

/* What it is counted as. Whoever answers other than in octets alone has said so in the query. */
static void note_rcode(struct exchange *x)
{
	struct query *q = &x->query;
	unsigned in_header = x->reply_len ? x->reply[3] & 15u : QUERY_SILENT;
	bool said = x->reply_len ? (q->rcode & 15u) == in_header : q->rcode == QUERY_SILENT;
	if (said)
		return;
	q->rcode = (uint8_t)in_header;
	q->absence = ABSENCE_NONE;
}

/* No step is asked any more. STEP_WAIT: but one does on the way out, and this is to be called again with its verdict. */
static enum step_verdict complete(struct exchange *x, enum step_verdict v)
{
	if (v == STEP_DROP) {
		x->reply_len = 0;
	} else {
		if (goes_on(v) && x->stands)
			let_stand(x);
		else if (goes_on(v))
			refuse(x);
		if (x->reply_len && tell_steps(x) == STEP_WAIT)
			return STEP_WAIT;
	}
	exchange_restore(x);
	if (x->seal)
		seal(x);
	note_rcode(x);
	return v;
}

/* --- the end of one that waited --- */

static void let_go(struct pending *p)
{
	struct server_worker *w = p->x.worker;
	if (p->state == PENDING_READY)
		TAILQ_REMOVE(&w->ready, p, ready);
	drop_seal(&p->x);
	p->x.hold->pending--;
	pending_free(w->pool, p);
}

static void forget(struct pending *p)
{
	const struct step *s = step_of(&p->x);
	if (p->state != PENDING_READY && s->step.kind->forget)
		s->step.kind->forget(s->step.self, p->x.hold->slots[s->slot], &p->x);
}

/* What it asked for, it asks no longer. */
static void drop_child(struct pending *p)
{
	struct pending *last = p;
	while (last->child)
		last = last->child;
	while (last != p) {
		struct pending *parent = last->parent;
		forget(last);
		let_go(last);
		last = parent;
	}
}

/* To whoever looks at queries that are done. */
static void show(const struct exchange *x)
{
	const struct server_options *o = x->worker->options;
	if (o->done)
		o->done(o->done_arg, x->worker->index, x);
	if (x->plan->log)
		o->logged(o->logged_arg, x->worker->index, x, x->plan->log);
}

/* Where it ends: all but sub-queries. */
static void end(struct exchange *x)
{
	query_count(&x->worker->state, &x->query);
	if (!x->worker->options->done && !x->plan->log)
		return;
	section_begin(x);
	show(x);
	section_end(x);
}

static void send_reply(struct pending *p)
{
	struct exchange *x = &p->x;
	exchange_restore(x);
	if (net_client_gone(&p->client)) {
		x->reply_len = 0;
		x->query.rcode = QUERY_GONE;
		x->query.absence = ABSENCE_NONE;
	}
	x->waited_ms = uv_now(x->worker->loop) - p->since_ms;
	if (x->padded)
		x->reply_len = padding_add(x->reply, x->reply_len, x->reply_cap);
	end(x);
	if (x->row)
		account_query(x, x->worker->index, x->peer, x->reply_len, account_now_ns());
	if (x->reply_len)
		net_reply(&p->client, x->reply, x->reply_len);
	else
		net_release(&p->client);
}

static enum step_verdict hear(struct exchange *x, size_t len)
{
	const struct step *s = step_of(x);
	enum step_verdict v;
	pending_wake(pending_of(x));
	x->reply_len = 0;
	rcu_reader_lock();
	v = s->step.kind->heard(s->step.self, x->hold->slots[s->slot], x, x->worker->heard, len);
	rcu_reader_unlock();
	return v;
}

/* Gives the response to whoever waits for it. Where that is another exchange, it is who goes on, with *v; else NULL. */
static struct exchange *deliver(struct exchange *x, enum step_verdict *v)
{
	struct pending *p = pending_of(x), *parent;
	size_t len = x->reply_len;
	if (x->message) {
		x->message->reply_len = len;
		end(x);
		return NULL;
	}
	parent = p->parent;
	if (parent)
		memcpy(x->worker->heard, x->reply, len);
	else
		send_reply(p);
	let_go(p);
	if (!parent)
		return NULL;
	*v = hear(&parent->x, len);
	return &parent->x;
}

/* --- going on --- */

static enum step_verdict go_on(struct exchange *x, enum step_verdict v)
{
	section_begin(x);
	if (goes_on(v)) {
		advance(x, v);
		v = run(x);
	}
	if (v != STEP_WAIT)
		v = complete(x, v);
	section_end(x);
	return v;
}

/* The step of x has given v. Goes on to where it waits, or is answered; then with who waited for that. */
static void proceed(struct exchange *x, enum step_verdict v)
{
	while (x && v != STEP_WAIT) {
		v = go_on(x, v);
		if (v != STEP_WAIT)
			x = deliver(x, &v);
	}
}

void exchange_resume(struct exchange *x, enum step_verdict v)
{
	struct server_worker *w = x->worker;
	pending_wake(pending_of(x));
	proceed(x, v);
	pipeline_ask_ready(w);
}

static void ask_first(struct exchange *x)
{
	enum step_verdict v;
	rcu_reader_lock();
	v = run(x);
	rcu_reader_unlock();
	proceed(x, v);
}

void exchange_retry(struct exchange *x)
{
	struct server_worker *w = x->worker;
	pending_wake(pending_of(x));
	ask_first(x);
	pipeline_ask_ready(w);
}

void pipeline_ask_ready(struct server_worker *w)
{
	struct pending *p;
	while ((p = TAILQ_FIRST(&w->ready))) {
		TAILQ_REMOVE(&w->ready, p, ready);
		p->state = PENDING_RUNS;
		if (p->deaf)
			proceed(&p->x, hear(&p->x, 0));
		else
			ask_first(&p->x);
	}
}

/* --- no longer --- */

size_t exchange_room(const struct exchange *x)
{
	const struct request *r = &x->query.request;
	size_t limit = r->edns_udp_size < DNS_UDP_SIZE_CAP ? r->edns_udp_size : DNS_UDP_SIZE_CAP;
	return x->query.transport == QUERY_UDP && limit < x->reply_cap ? limit : x->reply_cap;
}

enum step_verdict exchange_error(struct exchange *x, enum dns_rcode rcode, const struct ede *why)
{
	x->query.rcode = (uint8_t)rcode;
	x->query.absence = ABSENCE_NONE;
	x->reply_len = response_error(x->reply, x->reply_cap, &x->query.request, rcode, x->plan->rest.ede ? why : NULL);
	return STEP_ANSWER;
}

/* With the question of the client. */
static __attribute__((noinline)) void note_failure(const struct exchange *x, enum dns_rcode rcode, const char *text)
{
	struct request asked = x->query.request;
	if (x->asked)
		set_question(&asked, x->asked, x->asked_len);
	failures_note(x->plan->errors, x->worker->match, &asked, rcode, text);
}

enum step_verdict exchange_fail(struct exchange *x, enum dns_rcode rcode, const struct ede *why, const char *format, ...)
{
	char text[WHY_TEXT_MAX];
	va_list args;
	if (x->plan->errors) {
		va_start(args, format);
		vsnprintf(text, sizeof text, format, args);
		va_end(args);
		note_failure(x, rcode, text);
	}
	return exchange_error(x, rcode, why);
}

enum step_verdict pipeline_busy(struct exchange *x)
{
	static const struct ede busy = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "too many queries wait for an answer");
	exchange_fail(x, DNS_SERVFAIL, &busy, "%s", busy.text);
	return STEP_ANSWER;
}

enum step_verdict pipeline_late(struct exchange *x)
{
	static const struct ede late = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "no answer came in time");
	exchange_fail(x, DNS_SERVFAIL, &late, "%s", late.text);
	return STEP_ANSWER;
}

static enum step_verdict give_way(struct exchange *x)
{
	const struct step *s = step_of(x);
	if (s->step.kind->yield)
		return s->step.kind->yield(s->step.self, x->hold->slots[s->slot], x);
	forget(pending_of(x));
	return pipeline_busy(x);
}

/* True if one has made room. Not whoever wants it for a sub-query. */
static bool make_room(struct server_worker *w, struct pending *wants, uint64_t now)
{
	struct pending *p;
	while (wants && wants->parent)
		wants = wants->parent;
	p = pending_oldest(w->pool, wants, now);
	if (!p)
		return false;
	drop_child(p);
	pending_wake(p);
	rcu_reader_lock();
	p->x.last_word = true; /* it waits no more, whoever would want it to */
	complete(&p->x, give_way(&p->x));
	rcu_reader_unlock();
	send_reply(p);
	let_go(p);
	return true;
}

static enum step_verdict give_up(struct exchange *x)
{
	const struct step *s = step_of(x);
	const struct step_kind *kind = s->step.kind;
	void *state = x->hold->slots[s->slot];
	enum step_verdict v;
	rcu_reader_lock();
	if (kind->expired) {
		v = kind->expired(s->step.self, state, x);
	} else {
		forget(pending_of(x));
		v = pipeline_late(x);
	}
	rcu_reader_unlock();
	return v;
}

void pipeline_expire(struct server_worker *w)
{
	uint64_t now = uv_now(w->loop);
	struct pending *p;
	while ((p = pending_due(w->pool, now))) {
		drop_child(p);
		proceed(&p->x, give_up(&p->x));
	}
	pipeline_ask_ready(w);
}

void pipeline_forget(struct server_worker *w)
{
	struct pending *p;
	while ((p = pending_any(w->pool))) {
		drop_child(p);
		forget(p);
		p->x.reply_len = 0;
		send_reply(p); /* net has let go of all clients */
		let_go(p);
	}
}

/* --- waiting --- */

/* Moves x out of its batch; NULL: it may not wait, and *v is what becomes of it. */
static struct pending *admit(struct exchange *x, uint64_t now, enum step_verdict *v)
{
	struct server_worker *w = x->worker;
	struct pending *p = NULL;
	*v = STEP_DROP;
	if (pending_twin(w->pool, x))
		return NULL;
	if (!x->last_word && !pending_too_many(w->pool, x->peer)) {
		p = pending_new(w->pool, x, NULL, now);
		if (!p && make_room(w, NULL, now))
			p = pending_new(w->pool, x, NULL, now);
	}
	if (!p) {
		*v = pipeline_busy(x);
		return NULL;
	}
	net_keep(x->message, &p->client);
	p->x.peer = &p->client.peer;
	p->x.reply = w->reply;
	p->x.hold->pending++;
	server_worker_wait(w);
	return p;
}

/* Until then, or until it must be answered. */
static void wait_until(struct pending *p, uint64_t due, uint64_t now)
{
	struct server_worker *w = p->x.worker;
	if (p->last_ms > w->last_ms)
		p->last_ms = w->last_ms;
	p->x.reply_len = 0;
	pending_wait(w->pool, p, due < p->last_ms ? due : p->last_ms, now);
}

enum step_verdict exchange_keep(struct exchange *x, unsigned timeout_ms, struct exchange **kept)
{
	uint64_t now = uv_now(x->worker->loop);
	struct pending *p = pending_of(x);
	enum step_verdict v;
	if (x->message) {
		p = admit(x, now, &v);
		if (!p)
			return v;
	} else if (x->last_word || now >= p->last_ms) {
		return pipeline_late(x);
	}
	wait_until(p, timeout_ms ? now + timeout_ms : UINT64_MAX, now);
	*kept = &p->x;
	return STEP_WAIT;
}

/* --- sub-queries --- */

static void write_question(struct exchange *x, const struct name *name, uint16_t type, uint8_t *bytes, size_t cap)
{
	static const uint8_t header[DNS_HEADER_LEN] = {0, 0, DNS_RD >> 8, 0, 0, 1};
	struct wire_writer w = {.bytes = bytes, .limit = cap};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_name(&w, name);
	wire_put_u16(&w, type);
	wire_put_u16(&w, DNS_CLASS_IN);
	query_begin(&x->query, QUERY_TCP, bytes, w.len);
}

static struct pending *child_new(struct pending *parent, const struct name *name, uint16_t type, uint64_t now)
{
	const struct exchange *of = &parent->x;
	struct server_worker *w = of->worker;
	uint8_t bytes[sizeof parent->question];
	struct exchange x = {
	        .peer = of->peer,
	        .reply = w->reply,
	        .reply_cap = DNS_TCP_SIZE_MAX,
	        .worker = w,
	        .hold = of->hold,
	        .address = of->address,
	        .untold = UINT8_MAX,
	};
	struct pending *p;
	write_question(&x, name, type, bytes, sizeof bytes);
	find_plan(&x, of->hold->served->by_index[of->address]);
	p = pending_new(w->pool, &x, parent, now);
	if (!p && make_room(w, parent, now))
		p = pending_new(w->pool, &x, parent, now);
	if (p)
		p->x.hold->pending++;
	return p;
}

enum step_verdict exchange_ask(struct exchange *x, const struct name *name, uint16_t type)
{
	uint64_t now = uv_now(x->worker->loop);
	struct exchange *kept;
	struct pending *parent, *child;
	enum step_verdict v;
	if (!x->message && pending_of(x)->depth == EXCHANGE_DEPTH_MAX)
		return STEP_PASS;
	v = exchange_keep(x, 0, &kept);
	if (v != STEP_WAIT)
		return v;
	parent = pending_of(kept);
	child = child_new(parent, name, type, now);
	if (!child) {
		pending_wake(parent);
		child = parent;
	}
	child->deaf = child == parent;
	child->state = PENDING_READY;
	TAILQ_INSERT_TAIL(&x->worker->ready, child, ready);
	return STEP_WAIT;
}

bool exchange_is_for(const struct exchange *x, const struct step_kind *kind)
{
	const struct pending *p = x->message ? NULL : ((const struct pending *)x)->parent;
	while (p && step_of(&p->x)->step.kind != kind)
		p = p->parent;
	return p;
}

/* --- the way of a message --- */

/* What steps see of it beside its question, and views look at. */
static void settle(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address)
{
	x->peer = m->peer;
	x->reply = m->reply;
	x->reply_cap = m->reply_cap;
	x->worker = w;
	x->hold = w->now;
	x->message = m;
	x->address = address;
}

static bool is_left(struct exchange *x, const struct step *s)
{
	void *state;
	return find_state(x, s, &state) && s->step.kind->leaves(s->step.self, state, x);
}

static bool locate(struct exchange *x, const struct step *s)
{
	const struct query_policy *policy = cluster_names_policy(s);
	query_locate(&x->query, policy);
	return x->query.spot.place != ZONE_OUTSIDE || policy->search_count;
}

/* Apart, for blocks that begin with a cluster don't need it. */
static __attribute__((noinline)) void pass_by(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address)
{
	if (x->query.request.qclass != DNS_CLASS_IN) /* whether any step is asked is not known yet */
		return;
	settle(x, m, w, address);
	for (; x->at < x->plan->leading; x->at++) {
		const struct step *s = step_of(x);
		if (s->of_a_cluster ? locate(x, s) : !is_left(x, s))
			return;
	}
}

void pipeline_begin(struct exchange *x, const struct routes *routes, struct net_message *m, struct server_worker *w, unsigned address)
{
	struct query *q = &x->query;
	query_begin(q, m->tcp ? QUERY_TCP : QUERY_UDP, m->bytes, m->len);
	x->request_len = m->len;
	x->padded = m->tls && padding_is_wanted(&q->request);
	if (routes->viewed)
		settle(x, m, w, address);
	find_plan(x, routes);
	q->spot.place = ZONE_OUTSIDE;
	x->at = 0;
	while (x->at < x->plan->first && !locate(x, step_of(x)))
		x->at++;
	if (x->plan->first != x->plan->leading)
		pass_by(x, m, w, address);
}

/* The first pass has looked the name up in the cluster of the step that is next. Where it stopped at another's, that one is to be asked. */
static bool is_located(const struct exchange *x)
{
	return x->at < x->plan->leading && step_of(x)->of_a_cluster;
}

static bool is_of_served_class(const struct exchange *x)
{
	const struct query *q = &x->query;
	return q->verdict != REQUEST_OK || q->request.qclass == DNS_CLASS_IN || x->hold->served->by_index[x->address]->all_classes;
}

/* Where the first pass did not find a cluster's name, or the cluster is not the last to be asked. */
static __attribute__((noinline)) void leave_batch(struct exchange *x)
{
	x->asked = NULL;
	x->waiting = NULL;
	x->seal = NULL;
	x->waited_ms = 0;
	x->untold = UINT8_MAX;
	x->stands = 0;
	x->last_word = false;
	if (!is_of_served_class(x))
		x->at = (uint8_t)x->plan->count;
	proceed(x, is_located(x) ? cluster_names_verdict(x) : run(x));
	x->reply_len = x->message->reply_len; /* none where it is kept */
}

static __attribute__((noinline)) void show_answered(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address)
{
	settle(x, m, w, address);
	x->waited_ms = 0;
	show(x);
}

void pipeline_answer(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address)
{
	x->reply_len = 0;
	if (is_located(x)) {
		x->reply_len = query_answer(&x->query, cluster_names_policy(step_of(x)), &w->state, m->reply, m->reply_cap);
		if (x->query.outcome == QUERY_ANSWERED) {
			m->reply_len = x->reply_len;
			query_count(&w->state, &x->query);
			if (x->plan->shown)
				show_answered(x, m, w, address);
			return;
		}
	}
	settle(x, m, w, address);
	leave_batch(x);
}

void exchange_count(const struct exchange *x, enum tally_deed what)
{
	if (x->row)
		tally_deed(x->row, x->worker->index, what);
}

/* --- for whoever looks --- */

const char *exchange_answerer(const struct exchange *x)
{
	bool by_nobody = x->at >= x->plan->count || !x->reply_len;
	return by_nobody ? "" : step_of(x)->step.kind->name;
}

const struct name *exchange_zone(const struct exchange *x)
{
	const struct request *r = &x->query.request;
	const struct routes *routes = x->hold->served->by_index[x->address];
	const struct server_route *route = x->query.verdict == REQUEST_OK ? view_route(x, routes, &r->qname) : NULL;
	return route ? &route->zone : NULL;
}

const struct net_address *exchange_address(const struct exchange *x)
{
	const struct served *v = x->hold->served;
	unsigned i = 0;
	while (v->listeners[i].index != x->address)
		i++;
	return &v->listeners[i].address;
}
