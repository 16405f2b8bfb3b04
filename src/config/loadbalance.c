/* `loadbalance [round_robin] { prefer RANGE... }`. CoreDNS's weighted is not built yet. */
#include "config/value.h"
#include "directives.h"
#include <stdlib.h>
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

static enum err take_prefer(void *values, const struct words *w, struct diag *d)
{
	struct loadbalance_options *o = values;
	struct cidr *more = realloc(o->prefer, (o->prefer_count + w->count) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	o->prefer = more;
	for (unsigned i = 0; i < w->count; i++) {
		if (!value_range(w->texts[i], strlen(w->texts[i]), &more[o->prefer_count]))
			return diag_set(d, ERR_SYNTAX, "a range such as 10.0.0.0/8 is wanted, not \"%s\"", w->texts[i]);
		o->prefer_count++;
	}
	return OK;
}

static void clear(void *values)
{
	free(((struct loadbalance_options *)values)->prefer);
}

static const struct option rows[] = {
        {.name = "prefer", .arguments = "RANGE...", .min = 1, .max = OPTION_ANY_NUMBER, .set = take_prefer},
};
static const struct option_table options = {"loadbalance", rows, sizeof rows / sizeof *rows, NULL};

const struct directive loadbalance_directive = {
        .name = "loadbalance",
        .arguments = "[round_robin]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct loadbalance_options),
        .take = take,
        .options = &options,
        .clear = clear,
};
