/* `bufsize [SIZE]` */
#include "config/value.h"
#include "directives.h"

#define SIZE_LEAST   512
#define SIZE_MOST    4096
#define SIZE_DEFAULT 1232 /* DNS flag day 2020 */

static enum err begin(void *values)
{
	((struct bufsize_options *)values)->max = SIZE_DEFAULT;
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return w->count ? value_number(w->texts[0], SIZE_LEAST, SIZE_MOST, &((struct bufsize_options *)values)->max, d) : OK;
}

const struct directive bufsize_directive = {
        .name = "bufsize",
        .arguments = "[SIZE]",
        .max = 1,
        .again = AGAIN_FIRST,
        .size = sizeof(struct bufsize_options),
        .begin = begin,
        .take = take,
};
