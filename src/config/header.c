/* `header { query|response set|clear FLAG... }` */
#include "directives.h"
#include "dns/message.h"
#include <strings.h>

/* Words are taken in any case. */
static enum err find(const char *word, const char *const *words, unsigned count, unsigned *index)
{
	for (*index = 0; *index < count; ++*index) {
		if (strcasecmp(word, words[*index]) == 0)
			return OK;
	}
	return ERR_SYNTAX;
}

/* Of two lines about a flag the last counts. */
static enum err take_flags(const struct words *w, uint16_t *set, uint16_t *clear, struct diag *d)
{
	static const char *const actions[] = {"set", "clear"}, *const flags[] = {"aa", "ra", "rd"};
	static const uint16_t bits[] = {DNS_AA, DNS_RA, DNS_RD};
	unsigned action, flag;
	uint16_t all = 0;
	if (find(w->texts[0], actions, 2, &action))
		return diag_set(d, ERR_SYNTAX, "set or clear is wanted, not \"%s\"", w->texts[0]);
	for (unsigned i = 1; i < w->count; i++) {
		if (find(w->texts[i], flags, 3, &flag))
			return diag_set(d, ERR_SYNTAX, "aa, ra or rd is wanted, not \"%s\"", w->texts[i]);
		all |= bits[flag];
	}
	*set = (uint16_t)(action == 0 ? *set | all : *set & ~all);
	*clear = (uint16_t)(action == 1 ? *clear | all : *clear & ~all);
	return OK;
}

static enum err set_query(void *values, const struct words *w, struct diag *d)
{
	struct header_options *o = values;
	return take_flags(w, &o->query_set, &o->query_clear, d);
}

static enum err set_response(void *values, const struct words *w, struct diag *d)
{
	struct header_options *o = values;
	return take_flags(w, &o->response_set, &o->response_clear, d);
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	(void)values;
	return given ? OK : diag_set(d, ERR_SYNTAX, "nothing is said: query or response is wanted in braces");
}

static const struct option lines[] = {
        {"query", "set|clear FLAG...", 2, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_query},
        {"response", "set|clear FLAG...", 2, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_response},
};
static const struct option_table options = {"header", lines, sizeof lines / sizeof *lines, NULL};

const struct directive header_directive = {
        .name = "header",
        .arguments = "",
        .again = AGAIN_FIRST,
        .size = sizeof(struct header_options),
        .options = &options,
        .finish = finish,
};
