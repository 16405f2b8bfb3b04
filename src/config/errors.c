/* `errors [stdout] { stacktrace; consolidate DURATION REGEXP [warning|error|info|debug] [show_first] }` */
#include "config/value.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 10000 /* CoreDNS's, in octets */

static enum err take(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	if (!w->count || strcmp(w->texts[0], "stdout") == 0)
		return OK;
	return diag_set(d, ERR_SYNTAX, "it goes to the log: stdout or nothing is wanted, not \"%s\"", w->texts[0]);
}

/* A level, which stands before show_first. */
static enum err take_more(struct errors_rule *rule, const char *word, bool *has_level, struct diag *d)
{
	unsigned level;
	if (strcmp(word, "show_first") == 0) {
		rule->show_first = true;
		return OK;
	}
	if (option_choose(word, "error|warning|info|debug", &level, d))
		return diag_set(d, ERR_SYNTAX, "error, warning, info, debug or show_first is wanted, not \"%s\"", word);
	if (*has_level)
		return diag_set(d, ERR_SYNTAX, "one level is enough: \"%s\"", word);
	if (rule->show_first)
		return diag_set(d, ERR_SYNTAX, "the level stands before show_first: \"%s\"", word);
	*has_level = true;
	rule->level = (enum log_level)level; /* in its order */
	return OK;
}

static enum err set_consolidate(void *values, const struct words *w, struct diag *d)
{
	struct errors_options *o = values;
	struct errors_rule rule = {.level = LOG_ERROR}, *more;
	bool has_level = false;
	enum err err = value_duration_ms(w->texts[0], &rule.period_ms, d);
	if (!err && strlen(w->texts[1]) > PATTERN_MAX)
		err = diag_set(d, ERR_RANGE, "a pattern of more than %d octets", PATTERN_MAX);
	for (unsigned i = 2; i < w->count && !err; i++)
		err = take_more(&rule, w->texts[i], &has_level, d);
	if (err)
		return err;
	more = realloc(o->rules, (o->rule_count + 1) * sizeof *more);
	if (more)
		o->rules = more;
	rule.pattern = more ? strdup(w->texts[1]) : NULL;
	if (!rule.pattern)
		return diag_set(d, ERR_NOMEM, "out of memory");
	more[o->rule_count++] = rule;
	return OK;
}

static void clear(void *values)
{
	struct errors_options *o = values;
	for (unsigned i = 0; i < o->rule_count; i++)
		free(o->rules[i].pattern);
	free(o->rules);
}

static const struct option lines[] = {
        {"consolidate", "DURATION REGEXP [LEVEL] [show_first]", 2, 4, OPTION_CALL, 0, 0, 0, 0, set_consolidate},
        {"stacktrace", "", 0, 0, OPTION_FLAG, 0, offsetof(struct errors_options, stacktrace), 0, 0, NULL},
};
static const struct option_table options = {"errors", lines, sizeof lines / sizeof *lines, NULL};

const struct directive errors_directive = {
        .name = "errors",
        .arguments = "[stdout]",
        .max = 1,
        .state = DIRECTIVE_READ,
        .size = sizeof(struct errors_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
