/* `ready [ADDRESS] { monitor until-ready|continuously }` */
#include "directives.h"
#include "host_port.h"

#define PORT 8181

static enum err begin(void *values)
{
	((struct ready_options *)values)->at.port = PORT;
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return w->count ? host_port_take(&((struct ready_options *)values)->at, w->texts[0], d) : OK;
}

static void clear(void *values)
{
	host_port_clear(&((struct ready_options *)values)->at);
}

static enum err set_monitor(void *values, const struct words *w, struct diag *d)
{
	unsigned index;
	enum err err = option_choose(w->texts[0], "until-ready|continuously", &index, d);
	if (!err)
		((struct ready_options *)values)->continuously = index == 1;
	return err;
}

static const struct option lines[] = {
        {"monitor", "until-ready|continuously", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_monitor},
};
static const struct option_table options = {"ready", lines, sizeof lines / sizeof *lines, NULL};

const struct directive ready_directive = {
        .name = "ready",
        .arguments = "[ADDRESS]",
        .max = 1,
        .state = DIRECTIVE_DONE,
        .size = sizeof(struct ready_options),
        .begin = begin,
        .take = take,
        .options = &options,
        .clear = clear,
};
