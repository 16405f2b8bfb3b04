/* `rewrite`: another question for those who come after it, and what they answer as the answer to the client's. What was done to a question is not kept
 * with it: the rules are gone through once more on the way out, with the client's question, and do the same. */
#include "dns/response_copy.h"
#include "dns/writer.h"
#include "kinds.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RCODE_LOW 15u

/* A rule that was about a question. */
struct applied {
	const struct rewrite_rule *rule;
	struct name before, after; /* of automatic ones of REWRITE_NAME */
};

/* Of one worker. */
struct rewrite_state {
	struct regexp_match *match;
	unsigned count; /* of applied */
	uint8_t octets[DNS_TCP_SIZE_MAX];
	struct applied applied[];
};

enum outcome {
	RULES_DONE,
	RULES_GAVE_UP,  /* a pattern takes too long */
	RULES_BAD_NAME, /* what a rule has made of the name is none */
};

/* --- texts --- */

/* A name, or what is being put together to be one. */
struct text {
	char bytes[NAME_TEXT_MAX];
	size_t len;
	bool overflow;
};

static void put(struct text *t, const char *bytes, size_t len)
{
	t->overflow |= len > sizeof t->bytes - t->len;
	if (t->overflow)
		return;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void put_text(struct text *t, const char *bytes)
{
	put(t, bytes, strlen(bytes));
}

static void text_of(struct text *t, const struct name *n)
{
	t->len = name_to_go_text(n, t->bytes);
	t->overflow = false;
}

/* False: it is no name; *n is as it was. */
static bool name_of(const struct text *t, struct name *n)
{
	struct name made;
	if (t->overflow || !t->len || name_from_text(&made, t->bytes, t->len))
		return false;
	*n = made;
	return true;
}

/* The group that "{12}" names, and behind it; NULL: none does. */
static const char *read_group(const char *at, unsigned *group)
{
	unsigned n = 0, digits = 0;
	for (at++; *at >= '0' && *at <= '9' && digits < 3; at++, digits++)
		n = n * 10 + (unsigned)(*at - '0');
	*group = n;
	return digits && *at == '}' ? at + 1 : NULL;
}

/* With what the pattern found in the place of {0}, {1}...; of groups that it has not got, the text stays. */
static void put_groups(struct text *t, const struct regexp *pattern, const struct regexp_match *m, const char *to)
{
	while (*to) {
		const char *part, *behind = NULL;
		unsigned group = 0;
		size_t len = strcspn(to, "{");
		put(t, to, len);
		to += len;
		if (*to)
			behind = read_group(to, &group);
		if (behind && group <= regexp_groups(pattern)) {
			regexp_part(m, group, &part, &len);
			put(t, part, len);
			to = behind;
		} else if (*to) {
			put(t, to++, 1);
		}
	}
}

/* --- the question --- */

/* What is asked, as the rules make it. The name's text is made where one wants it. */
struct subject {
	struct name name;
	uint16_t type, class;
	struct text text;
	bool has_text;
};

static const struct text *subject_text(struct subject *s)
{
	if (!s->has_text)
		text_of(&s->text, &s->name);
	s->has_text = true;
	return &s->text;
}

/* The first place; NULL: there is none. */
static const char *find(const char *text, size_t len, const char *what, size_t what_len)
{
	return what_len ? memmem(text, len, what, what_len) : NULL;
}

static enum regexp_outcome is_about_name(const struct rewrite_rule *rule, struct rewrite_state *state, struct subject *s)
{
	const struct text *t;
	size_t len;
	bool found = false;
	if (rule->kind == REWRITE_EXACT)
		return name_equal(&rule->exact, &s->name) ? REGEXP_FOUND : REGEXP_NO_MATCH;
	t = subject_text(s);
	if (rule->kind == REWRITE_REGEX)
		return regexp_find(rule->pattern, t->bytes, t->len, state->match);
	len = strlen(rule->from);
	if (rule->kind == REWRITE_SUBSTRING)
		found = find(t->bytes, t->len, rule->from, len) != NULL;
	else if (len <= t->len)
		found = memcmp(rule->kind == REWRITE_PREFIX ? t->bytes : t->bytes + t->len - len, rule->from, len) == 0;
	return found ? REGEXP_FOUND : REGEXP_NO_MATCH;
}

static void put_instead_of_all(struct text *made, const struct text *t, const char *from, const char *to)
{
	const char *at = t->bytes, *end = t->bytes + t->len, *found;
	const size_t len = strlen(from);
	while ((found = find(at, (size_t)(end - at), from, len))) {
		put(made, at, (size_t)(found - at));
		put_text(made, to);
		at = found + len;
	}
	put(made, at, (size_t)(end - at));
}

/* A rule that is about this name; what its pattern found is still there. False: the outcome is no name. */
static bool change_name(const struct rewrite_rule *rule, const struct rewrite_state *state, struct subject *s)
{
	struct text made = {.len = 0};
	const struct text *t = subject_text(s);
	switch (rule->kind) {
	case REWRITE_EXACT:
		put_text(&made, rule->to);
		break;
	case REWRITE_PREFIX:
		put_text(&made, rule->to);
		put(&made, t->bytes + strlen(rule->from), t->len - strlen(rule->from));
		break;
	case REWRITE_SUFFIX:
		put(&made, t->bytes, t->len - strlen(rule->from));
		put_text(&made, rule->to);
		break;
	case REWRITE_SUBSTRING:
		put_instead_of_all(&made, t, rule->from, rule->to);
		break;
	case REWRITE_REGEX:
		put_groups(&made, rule->pattern, state->match, rule->to);
		break;
	}
	s->has_text = false;
	if (!name_of(&made, &s->name))
		return false;
	name_lower(&s->name);
	return true;
}

static bool change_number(uint16_t *number, const struct rewrite_rule *rule)
{
	if (*number != rule->number)
		return false;
	*number = rule->new_number;
	return true;
}

/* One rule. *about: it is about the question; what it says was done. */
static enum outcome apply(const struct rewrite_rule *rule, struct rewrite_state *state, struct subject *s, bool *about)
{
	struct applied *a = &state->applied[state->count];
	*about = rule->field == REWRITE_CNAME; /* whatever is asked: it is about what is answered */
	if (*about)
		return RULES_DONE;
	if (rule->field == REWRITE_CLASS || rule->field == REWRITE_TYPE) {
		*about = change_number(rule->field == REWRITE_CLASS ? &s->class : &s->type, rule);
		return RULES_DONE;
	}
	switch (is_about_name(rule, state, s)) {
	case REGEXP_NO_MATCH:
		return RULES_DONE;
	case REGEXP_GAVE_UP:
		return RULES_GAVE_UP;
	case REGEXP_FOUND:
		break;
	}
	*about = true;
	if (rule->field != REWRITE_NAME)
		return RULES_DONE;
	if (rule->automatic)
		a->before = s->name;
	if (!change_name(rule, state, s))
		return RULES_BAD_NAME;
	if (rule->automatic)
		a->after = s->name;
	return RULES_DONE;
}

/* All of them, in their order. state->applied is what was about the question. */
static enum outcome go_through(const struct rewrite_options *o, struct rewrite_state *state, struct subject *s)
{
	state->count = 0;
	for (unsigned i = 0; i < o->count; i++) {
		bool about;
		enum outcome outcome = apply(&o->rules[i], state, s, &about);
		if (outcome)
			return outcome;
		if (!about)
			continue;
		state->applied[state->count++].rule = &o->rules[i];
		if (!o->rules[i].goes_on)
			break;
	}
	return RULES_DONE;
}

static void subject_begin(struct subject *s, const struct request *r)
{
	s->name = r->qname;
	s->type = r->qtype;
	s->class = r->qclass;
	s->has_text = false;
}

/* The client's question, while another one stands in the place of it. */
static void asked_subject(struct subject *s, const struct exchange *x)
{
	const uint8_t *bytes = x->asked + DNS_HEADER_LEN, *behind = bytes + name_from_wire(&s->name, bytes, x->asked_len);
	name_lower(&s->name);
	s->type = (uint16_t)wire_load_u16(behind);
	s->class = (uint16_t)wire_load_u16(behind + 2);
	s->has_text = false;
}

static enum step_verdict fail(struct exchange *x, enum outcome outcome, const struct subject *s)
{
	static const struct ede slow = EDE_SAYING(DNS_EDE_OTHER, "a rewrite rule's pattern takes too long"),
	                        invalid = EDE_SAYING(DNS_EDE_OTHER, "what a rewrite rule has made of the name is not a name");
	static const struct ede unreadable = EDE_SAYING(DNS_EDE_OTHER, "rewrite can't read the answer");
	char text[NAME_TEXT_MAX];
	if (outcome == RULES_DONE)
		return exchange_fail(x, DNS_SERVFAIL, &unreadable, "%s", unreadable.text);
	if (outcome == RULES_GAVE_UP)
		return exchange_fail(x, DNS_SERVFAIL, &slow, "%s", slow.text);
	name_to_go_text(&s->name, text);
	return exchange_fail(x, DNS_SERVFAIL, &invalid, "invalid name after rewrite of %s", text);
}

/* Cheaply: true where only the rule's text can tell. */
static bool may_be_about(const struct rewrite_rule *rule, const struct request *r)
{
	if (rule->field == REWRITE_CNAME)
		return true;
	if (rule->field == REWRITE_CLASS)
		return r->qclass == rule->number;
	if (rule->field == REWRITE_TYPE)
		return r->qtype == rule->number;
	return rule->kind != REWRITE_EXACT || name_equal(&rule->exact, &r->qname);
}

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct rewrite_options *o = self;
	struct rewrite_state *w = state;
	struct subject s;
	unsigned i = 0;
	while (i < o->count && !may_be_about(&o->rules[i], &x->query.request))
		i++;
	if (i == o->count)
		return true;
	subject_begin(&s, &x->query.request);
	return go_through(o, w, &s) == RULES_DONE && !w->count;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct rewrite_state *w = state;
	struct subject s;
	enum outcome outcome;
	subject_begin(&s, &x->query.request);
	outcome = go_through(self, w, &s);
	if (outcome)
		return fail(x, outcome, &s);
	if (w->count)
		exchange_replace(x, &s.name, s.type, s.class);
	return STEP_PASS;
}

/* --- the answer --- */

struct reverting {
	struct rewrite_state *state;
	const uint8_t *asked; /* the client's question */
	unsigned nth;         /* name of the record's rdata */
	enum outcome outcome;
};

static bool is_target(uint16_t type, unsigned nth)
{
	switch (type) {
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_MX:
	case DNS_TYPE_NAPTR:
	case DNS_TYPE_NS:
	case DNS_TYPE_PTR:
	case DNS_TYPE_SRV:
		return true;
	case DNS_TYPE_SOA:
		return nth == 0;
	default:
		return false;
	}
}

static void set_name(struct reverting *r, const struct text *t, struct name *n)
{
	if (!name_of(t, n))
		r->outcome = RULES_BAD_NAME;
}

static void substitute(struct reverting *r, const struct rewrite_answer *a, struct name *n)
{
	struct text made = {.len = 0}, t;
	text_of(&t, n);
	switch (regexp_find(a->pattern, t.bytes, t.len, r->state->match)) {
	case REGEXP_FOUND:
		put_groups(&made, a->pattern, r->state->match, a->to);
		set_name(r, &made, n);
		break;
	case REGEXP_GAVE_UP:
		r->outcome = RULES_GAVE_UP;
		break;
	case REGEXP_NO_MATCH:
		break;
	}
}

/* `name suffix A B answer auto`: what ends in B ends in A. */
static void exchange_suffix(struct reverting *r, const struct rewrite_rule *rule, struct name *n)
{
	struct text made = {.len = 0}, t;
	const size_t len = strlen(rule->to);
	text_of(&t, n);
	if (len > t.len || strncasecmp(t.bytes + t.len - len, rule->to, len) != 0)
		return;
	put(&made, t.bytes, t.len - len);
	put_text(&made, rule->from);
	set_name(r, &made, n);
}

/* The name that was asked for, and those below it. */
static void put_back(struct reverting *r, const struct applied *a, struct name *n)
{
	struct name made = {.len = 0};
	bool fits = true;
	if (!name_in(n, &a->after) || (!a->after.labels && n->labels))
		return;
	name_root(&made);
	for (unsigned i = 0; i + a->after.labels < n->labels && fits; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		fits = name_append(&made, label, len) == OK;
	}
	if (fits && name_append_name(&made, &a->before) == OK)
		*n = made;
	else
		r->outcome = RULES_BAD_NAME;
}

static void revert_rule(struct reverting *r, const struct applied *a, bool value, struct name *n)
{
	const struct rewrite_rule *rule = a->rule;
	if (rule->field != REWRITE_NAME)
		return;
	for (unsigned i = rule->answer_count; i-- > 0;) {
		if (rule->answers[i].value == value)
			substitute(r, &rule->answers[i], n);
	}
	if (rule->automatic && rule->kind == REWRITE_SUFFIX)
		exchange_suffix(r, rule, n);
	else if (rule->automatic)
		put_back(r, a, n);
}

static void revert_name(void *arg, const struct response_place *place, struct name *n)
{
	struct reverting *r = arg;
	unsigned nth = place->rdata ? r->nth++ : (r->nth = 0);
	if (place->question) {
		name_from_wire(n, r->asked + DNS_HEADER_LEN, NAME_WIRE_MAX);
		return;
	}
	if (place->rdata && !is_target(place->type, nth))
		return;
	for (unsigned i = r->state->count; i-- > 0 && !r->outcome;)
		revert_rule(r, &r->state->applied[i], place->rdata, n);
}

static void revert_ttls(const struct rewrite_rule *rule, const struct response *r, uint8_t *bytes)
{
	for (unsigned section = 0; section < DNS_SECTIONS; section++) {
		struct response_cursor c = response_section(r, (enum dns_section)section);
		struct response_record record;
		while (response_next(r, &c, &record)) {
			uint32_t ttl_s = record.ttl_s < rule->ttl_min_s ? rule->ttl_min_s : record.ttl_s;
			wire_store_u32(bytes + record.ttl_at, ttl_s > rule->ttl_max_s ? rule->ttl_max_s : ttl_s);
		}
	}
}

static void revert_rcode(const struct rewrite_rule *rule, struct response *r)
{
	if (r->rcode != rule->number)
		return;
	r->rcode = rule->new_number;
	r->flags = (uint16_t)((r->flags & ~RCODE_LOW) | (rule->new_number & RCODE_LOW));
}

static void revert_rest(const struct rewrite_state *state, struct response *r, uint8_t *bytes)
{
	for (unsigned i = state->count; i-- > 0;) {
		const struct rewrite_rule *rule = state->applied[i].rule;
		if (rule->field == REWRITE_TTL)
			revert_ttls(rule, r, bytes);
		else if (rule->field == REWRITE_RCODE)
			revert_rcode(rule, r);
	}
}

/* Type and class as the client has asked for; its name is there already. */
static void put_question(uint8_t *bytes, const struct request *r)
{
	uint8_t *behind = bytes + DNS_HEADER_LEN + r->qname.len;
	wire_store_u16(behind, r->qtype);
	wire_store_u16(behind + 2, r->qclass);
}

/* What the client gets, in state->octets; 0: nothing can be made of it. */
static size_t revert(struct rewrite_state *state, struct exchange *x, enum outcome *outcome)
{
	const struct request *q = &x->query.request;
	struct reverting reverting = {.state = state, .asked = q->bytes};
	struct response r;
	size_t len;
	if (response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK)
		return 0;
	revert_rest(state, &r, x->reply);
	len = response_map_names(&r, revert_name, &reverting, state->octets, exchange_room(x));
	*outcome = reverting.outcome;
	if (!len || reverting.outcome)
		return 0;
	if (r.has_question)
		put_question(state->octets, q);
	if ((x->query.rcode & RCODE_LOW) != (r.rcode & RCODE_LOW)) {
		x->query.rcode = (uint8_t)r.rcode;
		x->query.absence = ABSENCE_NONE;
	}
	return len;
}

static void answered(const void *self, void *state, struct exchange *x)
{
	struct rewrite_state *w = state;
	struct subject s;
	enum outcome outcome;
	size_t len = 0;
	if (!x->asked)
		return;
	exchange_restore(x);
	subject_begin(&s, &x->query.request);
	outcome = go_through(self, w, &s);
	if (!outcome)
		len = revert(w, x, &outcome);
	if (len) {
		memcpy(x->reply, w->octets, len);
		x->reply_len = len;
	} else {
		fail(x, outcome, &s);
	}
}

/* --- cname --- */

/* A response that waits for what its CNAME leads to now; which record that is, and where to. */
struct changed {
	struct name target;
	unsigned at; /* in the answer section */
	size_t len;
	uint8_t octets[];
};

/* What the first rule that is about this target makes of it; false: none is, or what it makes is no name. */
static bool change_target(struct rewrite_state *state, struct name *target)
{
	for (unsigned i = 0; i < state->count; i++) {
		const struct rewrite_rule *rule = state->applied[i].rule;
		struct subject s = {.name = *target};
		if (rule->field != REWRITE_CNAME || is_about_name(rule, state, &s) != REGEXP_FOUND)
			continue;
		if (!change_name(rule, state, &s))
			return false;
		*target = s.name;
		return true;
	}
	return false;
}

/* The first CNAME of the answer whose target a rule is about, and its new one. */
static bool find_target(struct rewrite_state *state, const struct response *r, unsigned *at, struct name *target)
{
	struct response_cursor c = response_section(r, DNS_ANSWER);
	struct response_record record;
	for (*at = 0; response_next(r, &c, &record); ++*at) {
		if (record.type != DNS_TYPE_CNAME)
			continue;
		response_rdata_name(r, &record, 0, target);
		if (change_target(state, target))
			return true;
	}
	return false;
}

static enum step_verdict ask_for_target(struct exchange *x, unsigned at, const struct name *target)
{
	struct changed *kept = malloc(sizeof *kept + x->reply_len);
	enum step_verdict v;
	if (!kept)
		return exchange_fail(x, DNS_SERVFAIL, NULL, "out of memory");
	*kept = (struct changed){.target = *target, .at = at, .len = x->reply_len};
	memcpy(kept->octets, x->reply, x->reply_len);
	x->waiting = kept;
	v = exchange_ask(x, target, x->query.request.qtype);
	if (v != STEP_WAIT)
		free(kept);
	return v == STEP_PASS ? STEP_ANSWER : v;
}

static enum step_verdict reconsider(const void *self, void *state, struct exchange *x)
{
	const struct rewrite_options *o = self;
	struct response r;
	struct subject s;
	struct name target;
	unsigned at;
	if (!o->any_cname || !x->asked || response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK)
		return STEP_ANSWER;
	asked_subject(&s, x);
	if (go_through(o, state, &s) || !find_target(state, &r, &at, &target))
		return STEP_ANSWER;
	return ask_for_target(x, at, &target);
}

/* The CNAMEs up to the one that leads elsewhere now, and what was found there; the other sections are as they were. */
static size_t compose(const struct changed *kept, const struct response *ours, const struct response *theirs, uint8_t *out, size_t cap)
{
	struct writer w;
	struct response_record record;
	struct opt opt = {.udp_size = ours->edns_udp_size,
	                  .dnssec_ok = ours->edns_do,
	                  .rcode = ours->rcode,
	                  .data = ours->options.bytes,
	                  .len = (uint16_t)ours->options.len};
	struct response_cursor c = response_section(ours, DNS_ANSWER);
	writer_begin(&w, out, cap, ours->id, ours->flags);
	if (!writer_put_question(&w, &ours->qname, ours->qtype, ours->qclass) || (ours->edns && !writer_reserve_opt(&w, opt.len)))
		return 0;
	for (unsigned i = 0; i <= kept->at && response_next(ours, &c, &record); i++) {
		const struct rdata target = {kept->target.wire, kept->target.len};
		struct name owner;
		response_owner(ours, &record, &owner);
		if (i == kept->at)
			writer_put(&w, DNS_ANSWER, &owner, record.type, record.rclass, record.ttl_s, &target);
		else if (record.type == DNS_TYPE_CNAME)
			response_put_record(ours, &record, DNS_ANSWER, &w);
	}
	response_put_answers(theirs, &w);
	for (unsigned s = DNS_AUTHORITY; s < DNS_SECTIONS; s++) {
		c = response_section(ours, (enum dns_section)s);
		while (response_next(ours, &c, &record))
			response_put_record(ours, &record, (enum dns_section)s, &w);
	}
	return writer_end(&w, ours->edns ? &opt : NULL);
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct changed *kept = x->waiting;
	struct response ours, theirs;
	x->waiting = NULL;
	x->reply_len = 0;
	if (response_parse(&ours, kept->octets, kept->len) == RESPONSE_OK && response_parse(&theirs, bytes, len) == RESPONSE_OK &&
	    theirs.rcode != DNS_SERVFAIL) /* a CNAME alone would say that there is nothing */
		x->reply_len = compose(kept, &ours, &theirs, x->reply, exchange_room(x));
	free(kept);
	if (!x->reply_len)
		exchange_fail(x, DNS_SERVFAIL, NULL, "what rewrite's cname leads to is not to be had");
	answered(self, state, x);
	return STEP_ANSWER;
}

static void forget(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	free(x->waiting);
	x->waiting = NULL;
}

/* The client's question is in the response, too. */
static enum step_verdict give_up(const void *self, void *state, struct exchange *x)
{
	static const struct ede late = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "what rewrite's cname leads to did not come in time");
	forget(self, state, x);
	exchange_restore(x);
	return exchange_fail(x, DNS_SERVFAIL, &late, "%s", late.text);
}

/* --- its life --- */

/* How many may be about one question: those that let others follow, and one that does not. */
static unsigned most_applied(const struct rewrite_options *o)
{
	unsigned n = 1;
	for (unsigned i = 0; i < o->count; i++)
		n += o->rules[i].goes_on;
	return n;
}

static void end(void *state)
{
	struct rewrite_state *w = state;
	regexp_match_free(w->match);
	free(w);
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	struct rewrite_state *w = calloc(1, sizeof *w + most_applied(self) * sizeof w->applied[0]);
	(void)worker;
	(void)loop;
	if (!w)
		return NULL;
	w->match = regexp_match_new(REGEXP_GROUPS_MAX);
	if (w->match)
		return w;
	free(w);
	return NULL;
}

const struct step_kind rewrite_step = {
        .name = "rewrite",
        .leaves = leaves,
        .ask = ask,
        .reconsider = reconsider,
        .heard = heard,
        .expired = give_up,
        .yield = give_up,
        .forget = forget,
        .answered = answered,
        .begin = begin,
        .end = end,
};
