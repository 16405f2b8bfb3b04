/* `chaos [VERSION] [AUTHORS...]` */
#include "directives.h"
#include <stdlib.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct chaos_options *o = values;
	enum err err = w->count ? option_maybe_text(&o->version, w->texts[0], d) : OK;
	if (err || w->count < 2)
		return err;
	return texts_add(&o->authors, w->texts + 1, w->count - 1) ? diag_set(d, ERR_NOMEM, "out of memory") : OK;
}

static void clear(void *values)
{
	struct chaos_options *o = values;
	free(o->version);
	texts_clear(&o->authors);
}

const struct directive chaos_directive = {
        .name = "chaos",
        .arguments = "[VERSION] [AUTHORS...]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_FIRST,
        .size = sizeof(struct chaos_options),
        .take = take,
        .clear = clear,
};
