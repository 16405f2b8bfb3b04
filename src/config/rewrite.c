/* `rewrite [continue|stop] FIELD ...`, also with the words behind it in braces: one rule a line. CoreDNS's edns0, and metadata of name, are not built
 * yet. */
#include "config/value.h"
#include "directives.h"
#include "dns/type.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TTL_MAX_S UINT64_C(2147483647)

/* The place of the word, in any case, among those; count: it is none. */
static unsigned find(const char *word, const char *const *words, unsigned count)
{
	unsigned i = 0;
	while (i < count && strcasecmp(word, words[i]) != 0)
		i++;
	return i;
}

/* --- texts --- */

/* In lower case, and with a last dot if it is to have one. */
static enum err take_part(char **out, const char *word, bool dot, struct diag *d)
{
	size_t len = strlen(word);
	char *text;
	if (len >= NAME_TEXT_MAX)
		return diag_set(d, ERR_RANGE, "%.40s...: that is too long for a name", word);
	text = malloc(len + 2);
	if (!text)
		return diag_no_memory(d);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)name_octet_lower((uint8_t)word[i]);
	if (dot && (!len || text[len - 1] != '.'))
		text[len++] = '.';
	text[len] = '\0';
	*out = text;
	return OK;
}

/* With a last dot, as CoreDNS makes all of them but those of cname. */
static enum err take_text(char **out, const char *word, struct diag *d)
{
	return take_part(out, word, true, d);
}

/* Parts of a target are as they are written. */
static bool is_whole(const struct rewrite_rule *rule)
{
	return rule->field != REWRITE_CNAME || rule->kind == REWRITE_EXACT;
}

static enum err take_pattern(struct regexp **out, const char *word, struct diag *d)
{
	struct diag why;
	enum err err = regexp_new(word, out, &why);
	return err ? diag_set(d, err, "the pattern %s: %s", word, why.text) : OK;
}

/* How many of {0} to {100} stand in it. */
static unsigned groups_used(const char *to)
{
	unsigned used = 0;
	for (unsigned i = 0; i <= REGEXP_GROUPS_MAX; i++) {
		char group[8];
		snprintf(group, sizeof group, "{%u}", i);
		used += strstr(to, group) != NULL;
	}
	return used;
}

/* A pattern, and what is made of what it finds. */
static enum err take_replacement(struct regexp **pattern, char **to, const char *const *words, struct diag *d)
{
	enum err err = take_pattern(pattern, words[0], d);
	if (err)
		return err;
	if (groups_used(words[1]) > regexp_groups(*pattern))
		return diag_set(d, ERR_RANGE, "%s uses more groups than the pattern %s has", words[1], words[0]);
	return take_text(to, words[1], d);
}

/* Which names a rule is about: [KIND] FROM, of all the words but the last `behind`. Sets how many words that are. */
static enum err take_names(struct rewrite_rule *rule, const struct words *w, unsigned behind, unsigned *taken, struct diag *d)
{
	static const char *const kinds[] = {"exact", "prefix", "suffix", "substring", "regex"};
	const char *from;
	*taken = w->count > behind + 1 ? 2 : 1;
	if (w->count < behind + 1)
		return diag_set(d, ERR_SYNTAX, "there are too few words");
	rule->kind = *taken == 2 ? find(w->texts[0], kinds, 5) : REWRITE_EXACT;
	if (rule->kind > REWRITE_REGEX)
		return diag_set(d, ERR_SYNTAX, "exact, prefix, suffix, substring or regex is wanted, not \"%s\"", w->texts[0]);
	from = w->texts[*taken - 1];
	if (rule->kind == REWRITE_REGEX)
		return take_pattern(&rule->pattern, from, d);
	if (rule->kind == REWRITE_EXACT && name_from_text(&rule->exact, from, strlen(from)))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is not a name", from);
	name_lower(&rule->exact);
	return take_part(&rule->from, from, is_whole(rule), d);
}

/* --- name --- */

/* `name PATTERN TO`, `value PATTERN TO` or `auto`; the word answer may stand before all but the first. */
static enum err take_answer(struct rewrite_rule *rule, const struct words *w, unsigned *at, unsigned *names, struct diag *d)
{
	static const char *const fields[] = {"name", "value", "auto"};
	const unsigned left = w->count - *at;
	struct rewrite_answer *more;
	unsigned field = 0;
	while (field < 3 && strcmp(w->texts[*at], fields[field]) != 0)
		field++;
	if (field == 3)
		return diag_set(d, ERR_SYNTAX, "answer: name, value or auto is wanted, not \"%s\"", w->texts[*at]);
	if (field == 2) {
		rule->automatic = true;
		++*at;
		return OK;
	}
	if (left < 3)
		return diag_set(d, ERR_SYNTAX, "answer %s: a pattern and a name are wanted", fields[field]);
	more = realloc(rule->answers, (rule->answer_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	rule->answers = more;
	more += rule->answer_count++;
	*more = (struct rewrite_answer){.value = field == 1};
	*names += !more->value;
	*at += 3;
	return take_replacement(&more->pattern, &more->to, &w->texts[*at - 2], d);
}

static enum err take_answers(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	unsigned names = 0;
	enum err err = OK;
	if (w->count && strcmp(w->texts[0], "metadata") == 0)
		return diag_set(d, ERR_SYNTAX, "metadata is not built yet");
	if (w->count && strcmp(w->texts[0], "answer") != 0)
		return diag_set(d, ERR_SYNTAX, "answer is wanted, not \"%s\"", w->texts[0]);
	for (unsigned at = 0; at < w->count && !err;) {
		at += strcmp(w->texts[at], "answer") == 0;
		if (at == w->count)
			return diag_set(d, ERR_SYNTAX, "answer: name, value or auto is wanted");
		err = take_answer(rule, w, &at, &names, d);
	}
	if (!err && rule->automatic && names)
		return diag_set(d, ERR_SYNTAX, "answer auto and answer name exclude each other");
	return err;
}

static enum err take_name(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	const struct words front = {w->name, w->texts, w->count < 3 ? w->count : 3};
	struct words answers = {w->name, w->texts, 0};
	struct name n;
	unsigned taken = 0;
	enum err err = take_names(rule, &front, 1, &taken, d);
	if (err)
		return err;
	if (rule->kind == REWRITE_REGEX && groups_used(front.texts[taken]) > regexp_groups(rule->pattern))
		return diag_set(d, ERR_RANGE, "%s uses more groups than the pattern %s has", front.texts[taken], front.texts[taken - 1]);
	err = take_text(&rule->to, front.texts[taken], d);
	if (!err && rule->kind == REWRITE_EXACT && name_from_text(&n, front.texts[taken], strlen(front.texts[taken])))
		err = diag_set(d, ERR_SYNTAX, "\"%s\" is not a name", front.texts[taken]);
	if (err)
		return err;
	answers.texts += taken + 1;
	answers.count = w->count - taken - 1;
	err = take_answers(rule, &answers, d);
	rule->automatic |= rule->kind == REWRITE_EXACT;
	return err;
}

/* --- the other fields --- */

static bool class_from_text(const char *word, uint16_t *class)
{
	static const char *const classes[] = {"IN", "CS", "CH", "HS", "NONE", "ANY"};
	static const uint16_t numbers[] = {1, 2, 3, 4, 254, 255};
	unsigned i = find(word, classes, 6);
	if (i < 6)
		*class = numbers[i];
	return i < 6;
}

static enum err take_class(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	uint16_t *const numbers[] = {&rule->number, &rule->new_number};
	if (w->count != 2)
		return diag_set(d, ERR_SYNTAX, "two classes are wanted");
	for (unsigned i = 0; i < 2; i++) {
		if (!class_from_text(w->texts[i], numbers[i]))
			return diag_set(d, ERR_SYNTAX, "\"%s\" is not a class (IN, CH, ANY...)", w->texts[i]);
	}
	return OK;
}

static enum err take_type(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	uint16_t *const numbers[] = {&rule->number, &rule->new_number};
	if (w->count != 2)
		return diag_set(d, ERR_SYNTAX, "two types are wanted");
	for (unsigned i = 0; i < 2; i++) {
		char upper[TYPE_TEXT_MAX];
		size_t len = strlen(w->texts[i]);
		for (size_t k = 0; k <= len && k < sizeof upper; k++)
			upper[k] = (char)(w->texts[i][k] >= 'a' && w->texts[i][k] <= 'z' ? w->texts[i][k] - 0x20 : w->texts[i][k]);
		if (len >= sizeof upper || !type_from_text(upper, numbers[i]))
			return diag_set(d, ERR_SYNTAX, "\"%s\" is not a type of record (A, AAAA, ANY...)", w->texts[i]);
	}
	return OK;
}

/* Digits alone, up to the end or to a '-'. */
static bool take_seconds(const char **text, uint32_t *seconds)
{
	uint64_t n = 0;
	const char *at = *text;
	for (; *at >= '0' && *at <= '9' && n <= UINT32_MAX; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	if (at == *text || n > UINT32_MAX || (*at && *at != '-'))
		return false;
	*seconds = (uint32_t)n;
	*text = at;
	return true;
}

/* "30", "10-60", "-60", "10-" */
static bool take_range(const char *text, uint32_t *min_s, uint32_t *max_s)
{
	*min_s = 0;
	*max_s = TTL_MAX_S;
	if (strcmp(text, "-") == 0 || (*text != '-' && !take_seconds(&text, min_s)))
		return false;
	if (!*text) {
		*max_s = *min_s;
		return true;
	}
	text++;
	return (!*text || (take_seconds(&text, max_s) && !*text)) && *min_s <= *max_s;
}

static enum err take_ttl(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	unsigned taken = 0;
	enum err err = w->count > 3 ? diag_set(d, ERR_SYNTAX, "\"%s\" is too much", w->texts[3]) : take_names(rule, w, 1, &taken, d);
	if (err)
		return err;
	if (take_range(w->texts[taken], &rule->ttl_min_s, &rule->ttl_max_s))
		return OK;
	return diag_set(d, ERR_SYNTAX, "seconds such as 30, 10-60, 10- or -60 are wanted, not \"%s\"", w->texts[taken]);
}

static bool rcode_from_text(const char *word, uint16_t *rcode)
{
	static const char *const names[] = {
	        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",  "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
	        "NXRRSET", "NOTAUTH", "NOTZONE",  "DSOTYPENI", NULL,      NULL,      NULL,       NULL,
	        "BADSIG",  "BADKEY",  "BADTIME",  "BADMODE",   "BADNAME", "BADALG",  "BADTRUNC", "BADCOOKIE",
	};
	unsigned n = 0;
	char *end;
	if (*word >= '0' && *word <= '9') {
		unsigned long number = strtoul(word, &end, 10);
		*rcode = (uint16_t)number;
		return !*end && number < sizeof names / sizeof *names;
	}
	while (n < sizeof names / sizeof *names && (!names[n] || strcasecmp(names[n], word) != 0))
		n++;
	*rcode = (uint16_t)(strcasecmp(word, "BADVERS") == 0 ? DNS_BADVERS : n);
	return *rcode < sizeof names / sizeof *names;
}

static enum err take_rcode(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	uint16_t *const numbers[] = {&rule->number, &rule->new_number};
	unsigned taken = 0;
	enum err err = w->count > 4 ? diag_set(d, ERR_SYNTAX, "\"%s\" is too much", w->texts[4]) : take_names(rule, w, 2, &taken, d);
	for (unsigned i = 0; i < 2 && !err; i++) {
		if (!rcode_from_text(w->texts[taken + i], numbers[i]))
			err = diag_set(d, ERR_SYNTAX, "an rcode such as NXDOMAIN or 3 is wanted, not \"%s\"", w->texts[taken + i]);
	}
	return err;
}

static enum err take_cname(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	unsigned taken = 0;
	const char *to;
	enum err err = w->count > 3 ? diag_set(d, ERR_SYNTAX, "\"%s\" is too much", w->texts[3]) : take_names(rule, w, 1, &taken, d);
	if (err)
		return err;
	to = w->texts[taken];
	if (rule->kind == REWRITE_REGEX && groups_used(to) > regexp_groups(rule->pattern))
		return diag_set(d, ERR_RANGE, "%s uses more groups than the pattern %s has", to, w->texts[taken - 1]);
	return take_part(&rule->to, to, is_whole(rule), d);
}

static enum err take_later(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	(void)rule;
	(void)w;
	return diag_set(d, ERR_SYNTAX, "it is not built yet");
}

/* --- one rule --- */

static enum err take_rule(struct rewrite_rule *rule, const struct words *w, struct diag *d)
{
	static const char *const fields[] = {"name", "class", "type", "ttl", "rcode", "cname", "edns0"};
	static enum err (*const takers[])(struct rewrite_rule *, const struct words *,
	                                  struct diag *) = {take_name, take_class, take_type, take_ttl, take_rcode, take_cname, take_later};
	static const char *const modes[] = {"stop", "continue"};
	const unsigned mode = w->count ? find(w->texts[0], modes, 2) : 2, at = mode < 2;
	struct words behind = {w->name, w->texts + at + 1, 0};
	struct diag why;
	unsigned field = w->count > at ? find(w->texts[at], fields, 7) : 7;
	enum err err;
	if (w->count <= at)
		return diag_set(d, ERR_SYNTAX, "a field is wanted: name, class, type, ttl, rcode or cname");
	if (field == 7)
		return diag_set(d, ERR_SYNTAX, "name, class, type, ttl, rcode or cname is wanted, not \"%s\"", w->texts[at]);
	rule->field = (enum rewrite_field)field;
	rule->goes_on = mode == 1;
	behind.count = w->count - at - 1;
	err = takers[field](rule, &behind, &why);
	return err ? diag_set(d, err, "%s: %s", fields[field], why.text) : OK;
}

static void rule_clear(struct rewrite_rule *rule)
{
	for (unsigned i = 0; i < rule->answer_count; i++) {
		regexp_free(rule->answers[i].pattern);
		free(rule->answers[i].to);
	}
	free(rule->answers);
	regexp_free(rule->pattern);
	free(rule->from);
	free(rule->to);
}

static enum err add_rule(struct rewrite_options *o, const struct words *w, struct diag *d)
{
	struct rewrite_rule rule = {0}, *more;
	enum err err = take_rule(&rule, w, d);
	more = err ? NULL : realloc(o->rules, (o->count + 1) * sizeof *more);
	if (!more) {
		rule_clear(&rule);
		return err ? err : diag_no_memory(d);
	}
	o->rules = more;
	o->any_cname |= rule.field == REWRITE_CNAME;
	more[o->count++] = rule;
	return OK;
}

/* --- the line: less than two words go on in braces --- */

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct rewrite_options *o = values;
	texts_clear(&o->reading);
	o->whole = w->count > 1;
	return texts_add(&o->reading, w->texts, w->count) ? diag_no_memory(d) : OK;
}

static enum err take_more(void *values, const struct words *w, struct diag *d)
{
	struct rewrite_options *o = values;
	if (o->whole)
		return diag_set(d, ERR_SYNTAX, "\"%s\": a rule stands in the line or in braces, not in both", w->name);
	if (texts_add(&o->reading, &w->name, 1) || texts_add(&o->reading, w->texts, w->count))
		return diag_no_memory(d);
	return OK;
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct rewrite_options *o = values;
	const struct words w = {"rewrite", (const char *const *)o->reading.texts, o->reading.count};
	enum err err = add_rule(o, &w, d);
	(void)given;
	texts_clear(&o->reading);
	return err;
}

static void clear(void *values)
{
	struct rewrite_options *o = values;
	for (unsigned i = 0; i < o->count; i++)
		rule_clear(&o->rules[i]);
	free(o->rules);
	texts_clear(&o->reading);
}

static const struct option_table options = {"rewrite", NULL, 0, take_more};

const struct directive rewrite_directive = {
        .name = "rewrite",
        .arguments = "[continue|stop] FIELD ...",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct rewrite_options),
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
