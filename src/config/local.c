/* `local { localhost_prefix on|off }` */
#include "directives.h"

static enum err begin(void *values)
{
	((struct local_options *)values)->localhost_prefix = true;
	return OK;
}

static const struct option lines[] = {
        {"localhost_prefix", "on|off", 1, 1, OPTION_ON_OFF, 0, offsetof(struct local_options, localhost_prefix), 0, 0, NULL},
};
static const struct option_table options = {"local", lines, sizeof lines / sizeof *lines, NULL};

const struct directive local_directive = {
        .name = "local",
        .arguments = "",
        .again = AGAIN_LAST,
        .size = sizeof(struct local_options),
        .begin = begin,
        .options = &options,
};
