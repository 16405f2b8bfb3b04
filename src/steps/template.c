/* `template`: records made of the question. The first rule that fits answers, as CoreDNS has it: with no SOA but its own, and with SERVFAIL where no
 * regexp of a rule that is about the name matches, unless it falls through. */
#include "config/template.h"
#include "base/sockaddr.h"
#include "config/corefile.h"
#include "dns/message.h"
#include "dns/record_text.h"
#include "dns/response_copy.h"
#include "dns/type.h"
#include "dns/writer.h"
#include "forward/cache.h"
#include "kinds.h"
#include <stdlib.h>
#include <time.h>

#define TEXT_MAX    4096            /* octets of a record's text */
#define OPTIONS_MAX (6 + UINT8_MAX) /* octets of an extended error as an option */
#define RCODE_LOW   15u

/* What counts beside the rules. */
struct template_step {
	const struct template_options *options; /* borrowed, as the next */
	const struct cache_options *cache;      /* NULL: the block has none */
	struct name_list keys;                  /* zones of the block */
};

/* What the cache, which stands before template in CoreDNS, makes of an answer. */
struct aging {
	uint8_t bytes[DNS_TCP_SIZE_MAX];
	uint16_t ttl_at[RESPONSE_RECORDS_MAX];
};

/* Of one worker. */
struct template_state {
	struct regexp_match *match;
	struct aging *aging; /* NULL: the block has no cache */
};

/* A query that is looked at, and what its fields stand for. */
struct asked {
	const struct template_step *step;
	struct template_state *state;
	struct exchange *x;
	const struct template_rule *rule; /* which fits */
	struct template_values values;
	char name[NAME_TEXT_MAX], question_name[NAME_TEXT_MAX], zone[NAME_TEXT_MAX];
	char type[TYPE_TEXT_MAX], remote[ADDR_TEXT_MAX];
};

/* --- which rule --- */

static bool is_in(const struct name *n, const struct name_list *zones)
{
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(n, &zones->names[i]))
			return true;
	}
	return false;
}

/* The longest one that the name is in; NULL: it is in none. */
static const struct name *find_zone(const struct name *n, const struct name_list *zones)
{
	const struct name *best = NULL;
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(n, &zones->names[i]) && (!best || zones->names[i].labels > best->labels))
			best = &zones->names[i];
	}
	return best;
}

static bool is_about(const struct template_rule *rule, const struct request *r)
{
	return (rule->rclass == DNS_CLASS_ANY || r->qclass == DNS_CLASS_ANY || r->qclass == rule->rclass) &&
	       (rule->type == DNS_TYPE_ANY || r->qtype == DNS_TYPE_ANY || r->qtype == rule->type);
}

static bool falls_through(const struct template_rule *rule, const struct name *n)
{
	return rule->fallthrough && (!rule->fallthrough_zones.count || is_in(n, &rule->fallthrough_zones));
}

/* The first of the rule's regexps that matches is what its groups are of. */
static enum regexp_outcome match(struct asked *a, const struct template_rule *rule)
{
	a->values.re = NULL;
	for (unsigned i = 0; i < rule->match_count; i++) {
		enum regexp_outcome o = regexp_find(rule->matches[i], a->name, strlen(a->name), a->state->match);
		a->values.re = rule->matches[i];
		if (o != REGEXP_NO_MATCH)
			return o;
	}
	return rule->match_count ? REGEXP_NO_MATCH : REGEXP_FOUND;
}

/* --- what its fields stand for --- */

/* Types that have no name have no text in Go's library either. */
static void find_type_name(uint16_t type, char text[TYPE_TEXT_MAX])
{
	type_to_text(type, text);
	if (strncmp(text, "TYPE", 4) == 0)
		*text = '\0';
}

static void fill_values(struct asked *a, const struct name *zone)
{
	const struct request *r = &a->x->query.request;
	const struct addr from = sockaddr_addr(&a->x->peer->sa);
	struct template_values *v = &a->values;
	struct name spelt;
	name_from_wire(&spelt, r->bytes + DNS_HEADER_LEN, r->question_len);
	name_to_go_text(&spelt, a->question_name);
	name_to_go_text(zone, a->zone);
	addr_format(&from, a->remote);
	find_type_name(r->qtype == DNS_TYPE_ANY ? a->rule->type : r->qtype, a->type);
	v->name = a->name;
	v->question_name = a->question_name;
	v->zone = a->zone;
	v->type = a->type;
	v->remote = a->remote;
	v->rclass = class_name(r->qclass == DNS_CLASS_ANY ? a->rule->rclass : r->qclass);
	v->qtype = r->qtype;
	v->qclass = r->qclass;
	v->id = r->id;
	v->flags = r->flags;
	v->match = a->state->match;
}

/* --- the response --- */

/* One that is being written. */
struct writing {
	struct writer w;
	struct record_text record;     /* the last one */
	char text[TEXT_MAX];           /* that it was read from */
	const struct response *theirs; /* to what the first CNAME leads to; NULL: nobody has asked, or has an answer */
	bool has_cname;                /* there is such a CNAME, */
	struct name target;            /* and this is its target */
};

static enum err make_record(const struct asked *a, struct writing *g, const struct template_text *t, struct diag *d)
{
	size_t len;
	enum err err = template_text_expand(t, &a->values, g->text, sizeof g->text, &len, d);
	return err ? err : record_from_text(g->text, len, &g->record, d);
}

static void put_record(struct writing *g, enum dns_section section)
{
	const struct record_text *r = &g->record;
	const struct rdata rdata = {r->rdata, r->rdata_len};
	writer_put(&g->w, section, &r->owner, r->type, r->rclass, r->ttl_s, &rdata);
}

static bool is_wanted(const struct response *theirs, const struct name *target)
{
	return theirs->has_question && name_equal(&theirs->qname, target);
}

/* Who asks for an address gets what a CNAME leads to, too. */
static void follow(const struct asked *a, struct writing *g)
{
	const uint16_t qtype = a->x->query.request.qtype;
	if (g->has_cname || g->record.type != DNS_TYPE_CNAME || (qtype != DNS_TYPE_A && qtype != DNS_TYPE_AAAA))
		return;
	g->has_cname = true;
	name_from_wire(&g->target, g->record.rdata, g->record.rdata_len);
	name_lower(&g->target);
	if (g->theirs && is_wanted(g->theirs, &g->target))
		response_put_answers(g->theirs, &g->w);
}

static enum err put_section(const struct asked *a, struct writing *g, enum dns_section section, struct diag *d)
{
	for (unsigned i = 0; i < a->rule->text_counts[section]; i++) {
		enum err err = make_record(a, g, &a->rule->texts[section][i], d);
		if (err)
			return err;
		put_record(g, section);
		if (section == DNS_ANSWER)
			follow(a, g);
	}
	return OK;
}

/* RFC 8914 2 */
static uint16_t write_option(const struct template_rule *rule, uint8_t *bytes)
{
	struct wire_writer w = {.bytes = bytes, .limit = OPTIONS_MAX};
	const size_t len = rule->ede_text ? strlen(rule->ede_text) : 0;
	if (!rule->has_ede)
		return 0;
	wire_put_u16(&w, EDNS_EXTENDED_ERROR);
	wire_put_u16(&w, (uint16_t)(2 + len));
	wire_put_u16(&w, rule->ede_code);
	wire_put_bytes(&w, rule->ede_text, len);
	return (uint16_t)w.len;
}

/* Into x->reply; whoever has no EDNS is told no reason, and one that has no room is left out. */
static enum err write_response(const struct asked *a, struct writing *g, struct diag *d)
{
	struct exchange *x = a->x;
	const struct request *r = &x->query.request;
	uint8_t options[OPTIONS_MAX];
	const uint16_t rcode = r->edns ? a->rule->rcode : a->rule->rcode & RCODE_LOW;
	struct opt opt = {DNS_UDP_SIZE_CAP, r->edns_do, rcode, 0, options, write_option(a->rule, options)};
	struct name spelt;
	enum err err = OK;
	g->has_cname = false;
	name_from_wire(&spelt, r->bytes + DNS_HEADER_LEN, r->question_len);
	writer_begin(&g->w, x->reply, exchange_room(x), r->id,
	             (uint16_t)(DNS_QR | DNS_AA | (r->flags & (DNS_RD | DNS_CD)) | (rcode & RCODE_LOW)));
	writer_put_question(&g->w, &spelt, r->qtype, r->qclass); /* fits in the least there is */
	if (r->edns && !writer_reserve_opt(&g->w, opt.len)) {
		opt.len = 0;
		writer_reserve_opt(&g->w, 0);
	}
	for (unsigned s = 0; s < DNS_SECTIONS && !err; s++)
		err = put_section(a, g, (enum dns_section)s, d);
	if (!err)
		x->reply_len = writer_end(&g->w, r->edns ? &opt : NULL);
	x->query.rcode = (uint8_t)rcode;
	return err;
}

/* --- TTLs --- */

static void set_ttls(struct exchange *x, const struct response *r, uint32_t ttl_s)
{
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(r, (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &c, &record))
			wire_store_u32(x->reply + record.ttl_at, ttl_s);
	}
}

/* All records have one TTL then, as in the first answer that the cache gives. */
static void age(const struct asked *a)
{
	struct aging *aging = a->state->aging;
	const struct cache_options *o = a->step->cache;
	struct exchange *x = a->x;
	struct response_copy copy;
	struct cache_judgement j;
	struct cache_key key;
	struct response r;
	if (!aging || !cache_names_cover(&o->zones, &x->query.request.qname))
		return;
	copy = (struct response_copy){
	        .bytes = aging->bytes, .cap = sizeof aging->bytes, .ttl_at = aging->ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	if (response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK || response_rewrite(&r, &copy))
		return;
	cache_key_of(&key, &x->query.request);
	cache_judge(o, &key, &r, &copy, (uint32_t)time(NULL), &j);
	set_ttls(x, &r, j.ttl_s);
}

/* --- the step --- */

static enum step_verdict fail(struct asked *a, const struct diag *d)
{
	return exchange_fail(a->x, DNS_SERVFAIL, NULL, "template: %s", d->text);
}

/* theirs: what the CNAME leads to, once it was asked for. */
static enum step_verdict answer(struct asked *a, const struct response *theirs, bool may_ask)
{
	struct writing g;
	struct diag d;
	enum step_verdict v;
	g.theirs = theirs;
	if (a->rule->rcode == DNS_SERVFAIL)
		return exchange_error(a->x, DNS_SERVFAIL, NULL);
	if (write_response(a, &g, &d))
		return fail(a, &d);
	if (g.has_cname && may_ask) {
		v = exchange_ask(a->x, &g.target, a->x->query.request.qtype);
		if (v == STEP_WAIT || v == STEP_DROP)
			return v;
		if (write_response(a, &g, &d)) /* nobody can be asked: without it, then */
			return fail(a, &d);
	}
	age(a);
	return STEP_ANSWER;
}

/* The zone of the rule that the question is in; NULL: the rule is not about it. */
static const struct name *zone_of(const struct template_step *t, const struct template_rule *rule, const struct request *r)
{
	return is_about(rule, r) ? find_zone(&r->qname, rule->zones.count ? &rule->zones : &t->keys) : NULL;
}

/* STEP_PASS: no rule has it. */
static enum step_verdict decide(struct asked *a, const struct response *theirs, bool may_ask)
{
	const struct request *r = &a->x->query.request;
	const struct template_options *o = a->step->options;
	for (unsigned i = 0; i < o->count; i++) {
		const struct template_rule *rule = &o->rules[i];
		const struct name *zone = zone_of(a->step, rule, r);
		if (!zone)
			continue;
		if (!*a->name) /* most questions are nobody's here, and need no text */
			name_to_go_text(&r->qname, a->name);
		switch (match(a, rule)) {
		case REGEXP_FOUND:
			a->rule = rule;
			fill_values(a, zone);
			return answer(a, theirs, may_ask);
		case REGEXP_GAVE_UP:
			return exchange_fail(a->x, DNS_SERVFAIL, NULL, "template: a regexp takes too long for this name");
		case REGEXP_NO_MATCH:
			if (!falls_through(rule, &r->qname))
				return exchange_error(a->x, DNS_SERVFAIL, NULL);
		}
	}
	return STEP_PASS;
}

/* Regexps are left to ask(). */
static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct template_step *t = self;
	(void)state;
	for (unsigned i = 0; i < t->options->count; i++) {
		if (zone_of(t, &t->options->rules[i], &x->query.request))
			return false;
	}
	return true;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct asked a;
	a.step = self;
	a.state = state;
	a.x = x;
	a.name[0] = '\0';
	return decide(&a, NULL, true);
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct response theirs;
	bool good = len && response_parse(&theirs, bytes, len) == RESPONSE_OK;
	struct asked a;
	a.step = self;
	a.state = state;
	a.x = x;
	a.name[0] = '\0';
	return decide(&a, good ? &theirs : NULL, false);
}

static void end(void *state)
{
	struct template_state *s = state;
	if (!s)
		return;
	regexp_match_free(s->match);
	free(s->aging);
	free(s);
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	const struct template_step *step = self;
	struct template_state *s = calloc(1, sizeof *s);
	(void)worker;
	(void)loop;
	if (!s)
		return NULL;
	s->match = regexp_match_new(REGEXP_GROUPS_MAX);
	s->aging = step->cache ? malloc(sizeof *s->aging) : NULL;
	if (s->match && (s->aging || !step->cache))
		return s;
	end(s);
	return NULL;
}

static void step_free(void *self)
{
	struct template_step *s = self;
	names_clear(&s->keys);
	free(s);
}

static const struct step_kind kind = {
        .name = "template",
        .leaves = leaves,
        .ask = ask,
        .heard = heard,
        .begin = begin,
        .end = end,
        .free = step_free,
};

enum err template_step_new(const struct corefile_block *block, struct server_step *step)
{
	const struct cache_values *cache = corefile_values(block, DIRECTIVE_CACHE);
	struct template_step *s = calloc(1, sizeof *s);
	if (!s || corefile_zones(block, &s->keys)) {
		free(s);
		return ERR_NOMEM;
	}
	s->options = corefile_values(block, DIRECTIVE_TEMPLATE);
	s->cache = cache ? &cache->options : NULL;
	*step = (struct server_step){&kind, s, true};
	return OK;
}
