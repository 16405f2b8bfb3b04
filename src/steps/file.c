/* `file`: answers from zones that were read from zone files. The longest zone that a name is in has it. */
#include "dns/message.h"
#include "kinds.h"
#include "records/zone_answer.h"
#include "zone_files_inside.h"
#include <stdlib.h>
#include <sys/random.h>

/* Of one worker. */
struct file_state {
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
static struct zone_slot *find_slot(const struct zone_files *f, const struct name *n)
{
	struct zone_slot *best = NULL;
	for (unsigned i = 0; i < f->count; i++) {
		struct zone_slot *s = f->sources[i].slot;
		if (name_in(n, zone_slot_apex(s)) && (!best || zone_slot_apex(s)->labels >= zone_slot_apex(best)->labels))
			best = s;
	}
	return best;
}

static bool falls_through(const struct zone_files *f, const struct name *n)
{
	const struct file_options *o = f->setting.options;
	return o->fallthrough && (!o->fallthrough_zones.count || is_in(n, &o->fallthrough_zones));
}

/* Marsaglia's xorshift: who guesses it knows the order of some addresses. */
static uint32_t draw(struct file_state *s)
{
	s->dice ^= s->dice << 13;
	s->dice ^= s->dice >> 7;
	s->dice ^= s->dice << 17;
	return (uint32_t)(s->dice >> 32);
}

static enum step_verdict fail(const struct zone_files *f, struct exchange *x, const struct name *apex)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_NOT_READY, "the zone could not be read yet");
	char name[NAME_TEXT_MAX];
	name_to_text(apex, name);
	return exchange_fail(x, DNS_SERVFAIL, f->setting.explain ? &why : NULL, "file: zone %s could not be read yet", name);
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

static enum step_verdict answer(const struct zone_files *f, struct file_state *s, struct exchange *x, struct zone_question *q, bool may_ask)
{
	const struct zone_slot *slot = find_slot(f, &x->query.request.qname);
	const struct zone_data *z = slot ? zone_slot_current(slot) : NULL;
	struct zone_answer out;
	if (!slot)
		return STEP_PASS;
	if (x->query.request.qtype == DNS_TYPE_AXFR || x->query.request.qtype == DNS_TYPE_IXFR)
		return exchange_error(x, DNS_REFUSED, NULL);
	if (!z)
		return fail(f, x, zone_slot_apex(slot));
	q->request = &x->query.request;
	q->dice = f->setting.rotate ? draw(s) : 0;
	write_answer(z, q, x, &out);
	switch (out.outcome) {
	case ZONE_ANSWERED:
		return STEP_ANSWER;
	case ZONE_NO_NAME:
		return falls_through(f, &x->query.request.qname) ? STEP_FALLTHROUGH : STEP_ANSWER;
	case ZONE_ELSEWHERE:
		return may_ask ? chase(z, q, x, &out) : STEP_ANSWER;
	case ZONE_FAILED:
		break;
	}
	return exchange_error(x, DNS_SERVFAIL, NULL);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct zone_question q = {0};
	return x->query.request.qclass == DNS_CLASS_IN ? answer(self, state, x, &q, true) : STEP_PASS;
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct response theirs;
	const bool good = len && response_parse(&theirs, bytes, len) == RESPONSE_OK;
	struct zone_question q = {.theirs = good ? &theirs : NULL, .unknown = !good};
	enum step_verdict v = answer(self, state, x, &q, false);
	return v == STEP_ANSWER ? v : exchange_error(x, DNS_SERVFAIL, NULL); /* the zone is another one by now */
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	struct file_state *s = malloc(sizeof *s);
	(void)self;
	(void)loop;
	if (!s)
		return NULL;
	if (getrandom(&s->dice, sizeof s->dice, GRND_NONBLOCK) != (ssize_t)sizeof s->dice || !s->dice)
		s->dice = worker + 1u; /* never 0, which stays 0 */
	return s;
}

static void end(void *state)
{
	free(state);
}

const struct step_kind file_step = {.name = "file", .ask = ask, .heard = heard, .begin = begin, .end = end};
