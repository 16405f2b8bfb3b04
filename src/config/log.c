/* `log [NAMES...] [FORMAT] { class CLASS... }`. Several lines add up. */
#include "directives.h"
#include <stdlib.h>
#include <string.h>

/* A rule for each name of one line. */
static enum err add_rule(struct log_options *o, const char *scope, const char *format, struct diag *d)
{
	struct log_rule rule = {.classes = LOG_CLASS_ALL}, *more;
	if (name_from_text(&rule.scope, scope, strlen(scope)))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is no name", scope);
	name_lower(&rule.scope);
	more = realloc(o->rules, (o->rule_count + 1) * sizeof *more);
	if (!more)
		return diag_set(d, ERR_NOMEM, "out of memory");
	o->rules = more;
	if (format && !(rule.format = strdup(format)))
		return diag_set(d, ERR_NOMEM, "out of memory");
	more[o->rule_count++] = rule;
	return OK;
}

/* A single argument is a name, never a format. */
static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct log_options *o = values;
	const char *last = w->count > 1 ? w->texts[w->count - 1] : "";
	const char *format = strchr(last, '{') ? last : NULL;
	unsigned names = w->count - (format != NULL);
	enum err err = OK;
	o->line_begin = o->rule_count;
	if (!names)
		return add_rule(o, ".", format, d);
	for (unsigned i = 0; i < names && !err; i++)
		err = add_rule(o, w->texts[i], format, d);
	return err;
}

static enum err set_class(void *values, const struct words *w, struct diag *d)
{
	struct log_options *o = values;
	static const unsigned classes[] = {LOG_CLASS_ALL, LOG_CLASS_SUCCESS, LOG_CLASS_DENIAL, LOG_CLASS_ERROR};
	for (unsigned i = 0; i < w->count; i++) {
		unsigned index;
		enum err err = option_choose(w->texts[i], "all|success|denial|error", &index, d);
		if (err)
			return err;
		o->line_classes |= classes[index];
	}
	return OK;
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct log_options *o = values;
	(void)given;
	(void)d;
	for (unsigned i = o->line_begin; i < o->rule_count && o->line_classes; i++)
		o->rules[i].classes = o->line_classes;
	o->line_classes = 0;
	return OK;
}

static void clear(void *values)
{
	struct log_options *o = values;
	for (unsigned i = 0; i < o->rule_count; i++)
		free(o->rules[i].format);
	free(o->rules);
}

static const struct option lines[] = {
        {"class", "all|success|denial|error...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_class},
};
static const struct option_table options = {"log", lines, sizeof lines / sizeof *lines, NULL};

const struct directive log_directive = {
        .name = "log",
        .arguments = "[NAME...] [FORMAT]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct log_options),
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
