/* `root PATH` */
#include "directives.h"
#include <stdlib.h>

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return option_text(&((struct root_options *)values)->path, w->texts[0], d);
}

static void clear(void *values)
{
	free(((struct root_options *)values)->path);
}

const struct directive root_directive = {
        .name = "root",
        .arguments = "PATH",
        .min = 1,
        .max = 1,
        .again = AGAIN_LAST,
        .size = sizeof(struct root_options),
        .take = take,
        .clear = clear,
};
