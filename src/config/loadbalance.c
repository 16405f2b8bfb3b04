/* `loadbalance [round_robin]`. CoreDNS's weighted and prefer are not built yet. */
#include "directives.h"
#include <string.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	if (w->count && strcmp(w->texts[0], "round_robin") != 0)
		return diag_set(d, ERR_SYNTAX, "headns has round_robin, not \"%s\"", w->texts[0]);
	if (w->count > 1)
		return diag_set(d, ERR_SYNTAX, "round_robin takes nothing more, such as \"%s\"", w->texts[1]);
	return OK;
}

static enum err take_option(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	return diag_set(d, ERR_SYNTAX, "loadbalance: headns has no \"%s\"", w->name);
}

static const struct option_table options = {"loadbalance", NULL, 0, take_option};

const struct directive loadbalance_directive = {
        .name = "loadbalance",
        .arguments = "[round_robin]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_LAST,
        .take = take,
        .options = &options,
};
