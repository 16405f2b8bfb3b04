/* Answers from zones of records. The longest zone that a name is in has it. */
#include "zone_step.h"
#include "dns/message.h"
#include "records/zone_answer.h"
#include <stdlib.h>
#include <sys/random.h>

/* Of one worker. */
struct zone_step_state {
	uint64_t dice;
};

static bool is_in(const struct name *n, const struct name_list *zones)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(n, &zones->names[i]))
			return true;
	}
	return false;
}

/* Of several with the same zone, the last one counts, as in CoreDNS. */
static struct zone_slot *find_slot(const struct zone_step *step, const struct name *n)
{
	struct zone_slot *best = NULL;
	for (unsigned i = 0; i < step->count; i++) {
		struct zone_slot *s = step->slots[i];
		if (name_in(n, zone_slot_apex(s)) && (!best || zone_slot_apex(s)->labels >= zone_slot_apex(best)->labels))
			best = s;
	}
	return best;
}

static bool falls_through(const struct zone_step *step, const struct name *n)
{
	return step->fallthrough && (!step->fallthrough_zones->count || is_in(n, step->fallthrough_zones));
}

/* Marsaglia's xorshift: who guesses it knows the order of some addresses. */
static uint32_t draw(struct zone_step_state *s)
{
	s->dice ^= s->dice << 13;
	s->dice ^= s->dice >> 7;
	s->dice ^= s->dice << 17;
	return (uint32_t)(s->dice >> 32);
}

static enum step_verdict fail(const struct zone_step *step, struct exchange *x, const struct name *apex)
{
	char name[NAME_TEXT_MAX];
	name_to_text(apex, name);
	return exchange_fail(x, DNS_SERVFAIL, step->explain ? step->why : NULL, "%s: zone %s %s", step->directive, name, step->missing);
}

static void write_answer(const struct zone_data *z, const struct zone_question *q, struct exchange *x, struct zone_answer *out)
{
	zone_answer(z, q, x->reply, exchange_room(x), out);
	x->reply_len = out->len;
	x->query.rcode = (uint8_t)out->rcode;
}

/* What a CNAME leads to is asked for like any other name; where nobody can be asked, it is not known. */
static enum step_verdict chase(const struct zone_data *z, struct zone_question *q, struct exchange *x, struct zone_answer *out)
{
	enum step_verdict v = exchange_ask(x, &out->target, x->query.request.qtype);
	if (v == STEP_WAIT || v == STEP_DROP)
		return v;
	q->unknown = true;
	write_answer(z, q, x, out);
	return STEP_ANSWER;
}

static enum step_verdict answer(const struct zone_step *step, struct zone_step_state *s, struct exchange *x, struct zone_question *q,
                                bool may_ask)
{
	const struct zone_slot *slot = find_slot(step, &x->query.request.qname);
	const struct zone_data *z = slot ? zone_slot_current(slot) : NULL;
	struct zone_answer out;
	if (!slot)
		return STEP_PASS;
	if (x->query.request.qtype == DNS_TYPE_AXFR || x->query.request.qtype == DNS_TYPE_IXFR)
		return exchange_error(x, DNS_REFUSED, NULL);
	if (!z)
		return fail(step, x, zone_slot_apex(slot));
	q->request = &x->query.request;
	q->dice = step->rotate ? draw(s) : 0;
	write_answer(z, q, x, &out);
	switch (out.outcome) {
	case ZONE_ANSWERED:
		return STEP_ANSWER;
	case ZONE_NO_NAME:
		return falls_through(step, &x->query.request.qname) ? STEP_FALLTHROUGH : STEP_ANSWER;
	case ZONE_ELSEWHERE:
		return may_ask ? chase(z, q, x, &out) : STEP_ANSWER;
	case ZONE_FAILED:
		break;
	}
	return exchange_error(x, DNS_SERVFAIL, NULL);
}

enum step_verdict zone_step_ask(const struct zone_step *step, void *state, struct exchange *x)
{
	struct zone_question q = {0};
	return x->query.request.qclass == DNS_CLASS_IN ? answer(step, state, x, &q, true) : STEP_PASS;
}

enum step_verdict zone_step_heard(const struct zone_step *step, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct response theirs;
	const bool good = len && response_parse(&theirs, bytes, len) == RESPONSE_OK;
	struct zone_question q = {.theirs = good ? &theirs : NULL, .unknown = !good};
	enum step_verdict v = answer(step, state, x, &q, false);
	return v == STEP_ANSWER ? v : exchange_error(x, DNS_SERVFAIL, NULL); /* the zone is another one by now */
}

void *zone_step_begin(unsigned worker)
{
	struct zone_step_state *s = malloc(sizeof *s);
	if (!s)
		return NULL;
	if (getrandom(&s->dice, sizeof s->dice, GRND_NONBLOCK) != (ssize_t)sizeof s->dice || !s->dice)
		s->dice = worker + 1u; /* never 0, which stays 0 */
	return s;
}
