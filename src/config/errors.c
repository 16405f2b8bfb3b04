/* `errors [stdout] { stacktrace; consolidate DURATION REGEXP [warning|error|info|debug] [show_first] }` */
#include "config/value.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	if (!w->count || strcmp(w->texts[0], "stdout") == 0)
		return OK;
	return diag_set(d, ERR_SYNTAX, "it goes to the log: stdout or nothing is wanted, not \"%s\"", w->texts[0]);
}

/* A word behind the pattern. */
static enum err take_more(struct error_pattern *p, bool *has_level, const char *word, struct diag *d)
{
	if (strcmp(word, "show_first") == 0) {
		p->show_first = true;
		return OK;
	}
	if (*has_level || p->show_first)
		return diag_set(d, ERR_SYNTAX, *has_level ? "one level is enough: \"%s\"" : "the level stands before show_first: \"%s\"",
		                word);
	*has_level = log_level_parse(word, &p->level);
	return *has_level ? OK : diag_set(d, ERR_SYNTAX, "error, warning, info, debug or show_first is wanted, not \"%s\"", word);
}

static enum err read_pattern(struct error_pattern *p, const struct words *w, struct diag *d)
{
	struct diag why;
	bool has_level = false;
	enum err err = value_duration_ms(w->texts[0], &p->period_ms, d);
	for (unsigned i = 2; i < w->count && !err; i++)
		err = take_more(p, &has_level, w->texts[i], d);
	if (err)
		return err;
	err = regexp_new(w->texts[1], &p->regexp, &why);
	if (err)
		return diag_set(d, err, "the pattern %s: %s", w->texts[1], why.text);
	p->text = strdup(w->texts[1]);
	return p->text ? OK : diag_no_memory(d);
}

static void pattern_clear(struct error_pattern *p)
{
	regexp_free(p->regexp);
	free(p->text);
}

static enum err set_consolidate(void *values, const struct words *w, struct diag *d)
{
	struct errors_options *o = values;
	struct error_pattern p = {.level = LOG_ERROR}, *more;
	enum err err = read_pattern(&p, w, d);
	more = err ? NULL : realloc(o->patterns, (o->pattern_count + 1) * sizeof *more);
	if (!more) {
		pattern_clear(&p);
		return err ? err : diag_no_memory(d);
	}
	o->patterns = more;
	more[o->pattern_count++] = p;
	return OK;
}

static void clear(void *values)
{
	struct errors_options *o = values;
	for (unsigned i = 0; i < o->pattern_count; i++)
		pattern_clear(&o->patterns[i]);
	free(o->patterns);
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
        .size = sizeof(struct errors_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
