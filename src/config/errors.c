/* `errors [stdout] { stacktrace; consolidate DURATION REGEXP [warning|error|info|debug] [show_first] }` */
#include "config/value.h"
#include "directives.h"
#include <string.h>

#define PATTERN_MAX 10000 /* CoreDNS's, in octets */

static enum err take(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	if (!w->count || strcmp(w->texts[0], "stdout") == 0)
		return OK;
	return diag_set(d, ERR_SYNTAX, "it goes to the log: stdout or nothing is wanted, not \"%s\"", w->texts[0]);
}

/* The words that may stand behind the pattern, in their order. */
struct more_words {
	bool level, show_first;
};

static enum err take_more(struct more_words *more, const char *word, struct diag *d)
{
	unsigned level;
	if (strcmp(word, "show_first") == 0) {
		more->show_first = true;
		return OK;
	}
	if (option_choose(word, "error|warning|info|debug", &level, d))
		return diag_set(d, ERR_SYNTAX, "error, warning, info, debug or show_first is wanted, not \"%s\"", word);
	if (more->level)
		return diag_set(d, ERR_SYNTAX, "one level is enough: \"%s\"", word);
	if (more->show_first)
		return diag_set(d, ERR_SYNTAX, "the level stands before show_first: \"%s\"", word);
	more->level = true;
	return OK;
}

/* It is checked, but nothing does yet what it says. */
static enum err set_consolidate(void *values, const struct words *w, struct diag *d)
{
	struct more_words more = {0};
	uint64_t period_ms;
	enum err err = value_duration_ms(w->texts[0], &period_ms, d);
	(void)values;
	if (!err && strlen(w->texts[1]) > PATTERN_MAX)
		err = diag_set(d, ERR_RANGE, "a pattern of more than %d octets", PATTERN_MAX);
	for (unsigned i = 2; i < w->count && !err; i++)
		err = take_more(&more, w->texts[i], d);
	return err ? err : diag_set(d, ERR_SYNTAX, "it is not built yet");
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
};
