#include "pipeline.h"
#include "cluster_names.h"

/* Of names that no block has. */
static const struct plan nobodys = {.rest = {.ede = true}};

void pipeline_begin(struct exchange *x, const struct routes *routes, const struct net_message *m)
{
	struct query *q = &x->query;
	const struct plan *p = NULL;
	query_begin(q, m->tcp ? QUERY_TCP : QUERY_UDP, m->bytes, m->len);
	if (q->verdict == REQUEST_OK)
		p = routes_find(routes, &q->request.qname, q->request.qtype);
	x->plan = p ? p : &nobodys;
	q->spot.place = ZONE_OUTSIDE;
	for (x->at = 0; x->at < x->plan->leading; x->at++) {
		const struct query_policy *policy = cluster_names_policy(&x->plan->steps[x->at]);
		query_locate(q, policy);
		if (q->spot.place != ZONE_OUTSIDE || policy->search_count)
			return;
	}
}

/* --- in --- */

static enum step_verdict ask(struct exchange *x)
{
	const struct step *s = &x->plan->steps[x->at];
	return s->step.kind->ask(s->step.self, NULL, x);
}

static enum step_verdict run(struct exchange *x)
{
	enum step_verdict v = STEP_PASS;
	while (x->at < x->plan->count && (v = ask(x)) == STEP_PASS)
		x->at++;
	return v;
}

/* --- out --- */

/* Nobody has the name. */
static void refuse(struct exchange *x)
{
	query_locate(&x->query, &x->plan->rest);
	x->reply_len = query_answer(&x->query, &x->plan->rest, &x->worker->state, x->reply, x->reply_cap);
}

static void tell_steps(struct exchange *x)
{
	for (unsigned i = x->at < x->plan->count ? x->at + 1u : x->plan->count; i-- > 0;) {
		const struct step *s = &x->plan->steps[i];
		if (s->step.kind->answered)
			s->step.kind->answered(s->step.self, NULL, x);
	}
}

static void finish(struct exchange *x, enum step_verdict v)
{
	if (v == STEP_PASS && !x->reply_len)
		refuse(x);
	if (v == STEP_DROP)
		x->reply_len = 0;
	else
		tell_steps(x);
	x->message->reply_len = x->reply_len;
}

/* --- the way of a message --- */

/* Where the first pass did not find a cluster's name, or the cluster is not the last to be asked. */
static __attribute__((noinline)) void go_on(struct exchange *x, enum step_verdict v)
{
	if (v == STEP_PASS) {
		if (x->at < x->plan->leading)
			x->at++;
		v = run(x);
	}
	finish(x, v);
}

void pipeline_answer(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address)
{
	const struct plan *p = x->plan;
	enum step_verdict v = STEP_PASS;
	x->reply_len = 0;
	if (x->at < p->leading) {
		x->reply_len = query_answer(&x->query, cluster_names_policy(&p->steps[x->at]), &w->state, m->reply, m->reply_cap);
		if (x->query.outcome == QUERY_ANSWERED) {
			m->reply_len = x->reply_len;
			return;
		}
	}
	x->peer = m->peer;
	x->reply = m->reply;
	x->reply_cap = m->reply_cap;
	x->waiting = NULL;
	x->worker = w;
	x->message = m;
	x->address = address;
	if (x->at < p->leading)
		v = cluster_names_verdict(x);
	go_on(x, v);
}
