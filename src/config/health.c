/* `health [ADDRESS] { lameduck DURATION }` */
#include "directives.h"
#include "host_port.h"

#define PORT 8080

static enum err begin(void *values)
{
	((struct health_options *)values)->at.port = PORT;
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return w->count ? host_port_take(&((struct health_options *)values)->at, w->texts[0], d) : OK;
}

static void clear(void *values)
{
	host_port_clear(&((struct health_options *)values)->at);
}

static const struct option lines[] = {
        {"lameduck", "DURATION", 1, 1, OPTION_DURATION, 0, offsetof(struct health_options, lameduck_ms), 0, 0, NULL},
};
static const struct option_table options = {"health", lines, sizeof lines / sizeof *lines, NULL};

const struct directive health_directive = {
        .name = "health",
        .arguments = "[ADDRESS]",
        .max = 1,
        .again = AGAIN_LAST,
        .state = DIRECTIVE_DONE,
        .size = sizeof(struct health_options),
        .begin = begin,
        .take = take,
        .options = &options,
        .clear = clear,
};
