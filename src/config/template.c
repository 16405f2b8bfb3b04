/* `template CLASS TYPE [ZONES...] { match RE...; answer|additional|authority RR...; rcode CODE; ederror CODE [TEXT]; fallthrough [ZONES...];
 * upstream }`. Several lines are several rules, in their order. */
#include "config/template.h"
#include "config/value.h"
#include "directives.h"
#include "dns/message.h"
#include "dns/record_text.h"
#include "dns/type.h"
#include <stdlib.h>
#include <string.h>

#define EDE_WORDS_MAX 255 /* octets of the text of an extended error: no response is too small for more of them */

struct known {
	const char *name;
	uint16_t number;
};

static bool find(const char *name, const struct known *all, size_t count, uint16_t *number)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(all[i].name, name) == 0) {
			*number = all[i].number;
			return true;
		}
	}
	return false;
}

static struct template_rule *rule_of(void *values)
{
	struct template_options *o = values;
	return &o->rules[o->count - 1];
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	static const struct known classes[] = {{"IN", 1}, {"CS", 2}, {"CH", 3}, {"HS", 4}, {"NONE", 254}, {"ANY", DNS_CLASS_ANY}};
	const struct words zones = {w->name, w->texts + 2, w->count - 2};
	struct template_options *o = values;
	struct template_rule rule = {0}, *more;
	if (!find(w->texts[0], classes, sizeof classes / sizeof *classes, &rule.rclass))
		return diag_set(d, ERR_SYNTAX, "a class is wanted (IN, CH, ANY...), not \"%s\"", w->texts[0]);
	if (!type_from_text(w->texts[1], &rule.type))
		return diag_set(d, ERR_SYNTAX, "a type of record is wanted (A, AAAA, ANY...), not \"%s\"", w->texts[1]);
	more = realloc(o->rules, (o->count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	o->rules = more;
	more[o->count++] = rule;
	return zones.count ? option_zones(&more[o->count - 1].zones, &zones, d) : OK;
}

/* --- its lines --- */

static enum err add_match(struct template_rule *rule, const char *pattern, struct diag *d)
{
	struct regexp **more = realloc(rule->matches, (rule->match_count + 1) * sizeof *more);
	enum err err;
	if (!more)
		return diag_no_memory(d);
	rule->matches = more;
	err = regexp_new(pattern, &more[rule->match_count], d);
	if (!err)
		rule->match_count++;
	return err;
}

static enum err set_match(void *values, const struct words *w, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < w->count && !err; i++)
		err = add_match(rule_of(values), w->texts[i], d);
	return err;
}

/* Of a text without fields it is known now what comes of it. */
static enum err check_text(const struct template_text *t, struct diag *d)
{
	struct record_text record;
	const char *constant = template_text_constant(t);
	return constant ? record_from_text(constant, strlen(constant), &record, d) : OK;
}

static enum err add_text(struct template_rule *rule, enum dns_section section, const char *text, struct diag *d)
{
	const unsigned count = rule->text_counts[section];
	struct template_text *more = realloc(rule->texts[section], (count + 1) * sizeof *more);
	enum err err;
	if (!more)
		return diag_no_memory(d);
	rule->texts[section] = more;
	err = template_text_new(text, &more[count], d);
	if (err)
		return err;
	rule->text_counts[section]++;
	return check_text(&more[count], d);
}

static enum err add_texts(void *values, enum dns_section section, const struct words *w, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < w->count && !err; i++)
		err = add_text(rule_of(values), section, w->texts[i], d);
	return err;
}

static enum err set_answer(void *values, const struct words *w, struct diag *d)
{
	return add_texts(values, DNS_ANSWER, w, d);
}

static enum err set_authority(void *values, const struct words *w, struct diag *d)
{
	return add_texts(values, DNS_AUTHORITY, w, d);
}

static enum err set_additional(void *values, const struct words *w, struct diag *d)
{
	return add_texts(values, DNS_ADDITIONAL, w, d);
}

/* As CoreDNS's library calls them. */
static enum err set_rcode(void *values, const struct words *w, struct diag *d)
{
	static const struct known rcodes[] = {
	        {"NOERROR", 0},  {"FORMERR", 1},  {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4},   {"NOTIMPL", 4},   {"REFUSED", 5},
	        {"YXDOMAIN", 6}, {"YXRRSET", 7},  {"NXRRSET", 8},  {"NOTAUTH", 9},  {"NOTZONE", 10}, {"BADSIG", 16},   {"BADVERS", 16},
	        {"BADKEY", 17},  {"BADTIME", 18}, {"BADMODE", 19}, {"BADNAME", 20}, {"BADALG", 21},  {"BADTRUNC", 22}, {"BADCOOKIE", 23},
	};
	if (find(w->texts[0], rcodes, sizeof rcodes / sizeof *rcodes, &rule_of(values)->rcode))
		return OK;
	return diag_set(d, ERR_SYNTAX, "an rcode such as NXDOMAIN or REFUSED is wanted, not \"%s\"", w->texts[0]);
}

static enum err set_ederror(void *values, const struct words *w, struct diag *d)
{
	struct template_rule *rule = rule_of(values);
	unsigned code;
	enum err err = value_number(w->texts[0], 0, UINT16_MAX, &code, d);
	if (err)
		return err;
	if (w->count > 1 && strlen(w->texts[1]) > EDE_WORDS_MAX)
		return diag_set(d, ERR_RANGE, "the text has more than %d octets", EDE_WORDS_MAX);
	rule->has_ede = true;
	rule->ede_code = (uint16_t)code;
	return option_maybe_text(&rule->ede_text, w->count > 1 ? w->texts[1] : "", d);
}

static enum err set_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct template_rule *rule = rule_of(values);
	return option_fallthrough(&rule->fallthrough, &rule->fallthrough_zones, w, d);
}

/* Targets of CNAMEs are looked up in any case, as in CoreDNS. */
static enum err set_upstream(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	(void)w;
	(void)d;
	return OK;
}

static enum err refuse(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	if (strcmp(w->name, "var") == 0 || strcmp(w->name, "expr") == 0)
		return diag_set(d, ERR_SYNTAX, "template has no \"%s\" in headns: rules choose by class, type, zone and match", w->name);
	return diag_set(d, ERR_SYNTAX,
	                "template has no \"%s\"; it has: additional, answer, authority, ederror, fallthrough, match, rcode, upstream",
	                w->name);
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	const struct template_rule *rule = rule_of(values);
	(void)given;
	if (rule->rcode != DNS_NOERROR || rule->text_counts[DNS_ANSWER] || rule->text_counts[DNS_AUTHORITY])
		return OK;
	return diag_set(d, ERR_SYNTAX, "there is nothing to answer: answer, authority or an rcode is wanted in braces");
}

static void texts_free(struct template_text *texts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		template_text_clear(&texts[i]);
	free(texts);
}

static void clear(void *values)
{
	struct template_options *o = values;
	for (unsigned i = 0; i < o->count; i++) {
		struct template_rule *rule = &o->rules[i];
		for (unsigned k = 0; k < rule->match_count; k++)
			regexp_free(rule->matches[k]);
		free(rule->matches);
		for (unsigned s = 0; s < TEMPLATE_SECTIONS; s++)
			texts_free(rule->texts[s], rule->text_counts[s]);
		names_clear(&rule->zones);
		names_clear(&rule->fallthrough_zones);
		free(rule->ede_text);
	}
	free(o->rules);
}

static const struct option lines[] = {
        {"additional", "RECORD...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_additional},
        {"answer", "RECORD...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_answer},
        {"authority", "RECORD...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_authority},
        {"ederror", "CODE [TEXT]", 1, 2, OPTION_CALL, 0, 0, 0, 0, set_ederror},
        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_fallthrough},
        {"match", "REGEXP...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_match},
        {"rcode", "CODE", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_rcode},
        {"upstream", "", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_upstream},
};
static const struct option_table options = {"template", lines, sizeof lines / sizeof *lines, refuse};

const struct directive template_directive = {
        .name = "template",
        .arguments = "CLASS TYPE [ZONE...]",
        .min = 2,
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct template_options),
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
