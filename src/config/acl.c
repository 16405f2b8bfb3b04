/* `acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }`. Several lines add up; the first policy that fits decides. */
#include "config/value.h"
#include "directives.h"
#include "dns/type.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct acl_options *o = values;
	struct acl_rule *more = realloc(o->rules, (o->rule_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	o->rules = more;
	more[o->rule_count++] = (struct acl_rule){0};
	return w->count ? option_zones(&more[o->rule_count - 1].zones, w, d) : OK;
}

/* --- one policy --- */

static enum err add_type(struct acl_policy *p, const char *text, struct diag *d)
{
	uint16_t *more, type;
	if (!type_from_text(text, &type))
		return diag_set(d, ERR_SYNTAX, "type: \"%s\" is no type of record (A, AAAA, ANY...)", text);
	more = realloc(p->types, (p->type_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	p->types = more;
	more[p->type_count++] = type;
	return OK;
}

static enum err add_net(struct acl_policy *p, const char *text, struct diag *d)
{
	struct cidr net, *more;
	if (!value_range(text, strlen(text), &net)) {
		if (addr_parse(text, strlen(text), &net.base))
			return diag_set(d, ERR_SYNTAX, "net: \"%s\" is neither an address nor a range such as 10.0.0.0/8", text);
		net.prefix = (uint8_t)(8 * addr_len(&net.base));
	}
	more = realloc(p->nets, (p->net_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	p->nets = more;
	more[p->net_count++] = net;
	return OK;
}

static bool is_section(const char *word)
{
	return strcasecmp(word, "type") == 0 || strcasecmp(word, "net") == 0;
}

/* "type A AAAA" from words[*at] on. A star is all of them, and what stands behind it does not count. */
static enum err take_section(struct acl_policy *p, const struct words *w, unsigned *at, bool *all_types, bool *all_nets, struct diag *d)
{
	bool is_type = strcasecmp(w->texts[*at], "type") == 0, *all = is_type ? all_types : all_nets;
	unsigned first = ++*at;
	for (; *at < w->count && !is_section(w->texts[*at]); ++*at) {
		const char *text = w->texts[*at];
		enum err err = OK;
		if (strcmp(text, "*") == 0)
			*all = true;
		else if (!*all)
			err = is_type ? add_type(p, text, d) : add_net(p, text, d);
		if (err)
			return err;
	}
	return *at > first ? OK : diag_set(d, ERR_SYNTAX, "%s: %s is wanted", is_type ? "type" : "net", is_type ? "a type" : "an address");
}

static void policy_clear(struct acl_policy *p)
{
	free(p->types);
	free(p->nets);
}

static enum err take_sections(struct acl_policy *p, const struct words *w, struct diag *d)
{
	bool all_types = false, all_nets = false;
	enum err err = OK;
	for (unsigned at = 0; at < w->count && !err;) {
		if (is_section(w->texts[at]))
			err = take_section(p, w, &at, &all_types, &all_nets, d);
		else
			err = diag_set(d, ERR_SYNTAX, "type or net is wanted, not \"%s\"", w->texts[at]);
	}
	if (all_types)
		p->type_count = 0;
	if (all_nets)
		p->net_count = 0;
	return err;
}

static enum err take_policy(void *values, const struct words *w, struct diag *d)
{
	static const char *const actions[] = {"allow", "block", "filter", "drop"};
	struct acl_options *o = values;
	struct acl_rule *rule = &o->rules[o->rule_count - 1];
	struct acl_policy policy = {0}, *more;
	unsigned action = 0;
	struct diag why;
	enum err err;
	while (action < 4 && strcasecmp(actions[action], w->name) != 0)
		action++;
	if (action == 4)
		return diag_set(d, ERR_SYNTAX, "acl has no \"%s\"; it has: allow, block, filter, drop", w->name);
	policy.action = (enum acl_action)action;
	err = take_sections(&policy, w, &why);
	more = err ? NULL : realloc(rule->policies, (rule->policy_count + 1) * sizeof *more);
	if (!more) {
		policy_clear(&policy);
		return err ? diag_set(d, err, "%s: %s", w->name, why.text) : diag_no_memory(d);
	}
	rule->policies = more;
	more[rule->policy_count++] = policy;
	return OK;
}

static void clear(void *values)
{
	struct acl_options *o = values;
	for (unsigned i = 0; i < o->rule_count; i++) {
		for (unsigned p = 0; p < o->rules[i].policy_count; p++)
			policy_clear(&o->rules[i].policies[p]);
		free(o->rules[i].policies);
		names_clear(&o->rules[i].zones);
	}
	free(o->rules);
}

static const struct option_table options = {"acl", NULL, 0, take_policy};

const struct directive acl_directive = {
        .name = "acl",
        .arguments = "[ZONE...]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct acl_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
