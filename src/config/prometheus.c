/* `prometheus [ADDRESS] { runtime_metrics; tls FILE }` */
#include "directives.h"
#include "host_port.h"
#include <stdlib.h>

#define ADDRESS "localhost:9153"

static enum err begin(void *values)
{
	struct diag d;
	return host_port_take(&((struct prometheus_options *)values)->at, ADDRESS, &d);
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	return w->count ? host_port_take(&((struct prometheus_options *)values)->at, w->texts[0], d) : OK;
}

static void clear(void *values)
{
	struct prometheus_options *o = values;
	host_port_clear(&o->at);
	free(o->tls);
}

static const struct option lines[] = {
        {"runtime_metrics", "", 0, 0, OPTION_FLAG, 0, offsetof(struct prometheus_options, runtime_metrics), 0, 0, NULL},
        {"tls", "FILE", 1, 1, OPTION_TEXT, OPTION_ONCE, offsetof(struct prometheus_options, tls), 0, 0, NULL},
};
static const struct option_table options = {"prometheus", lines, sizeof lines / sizeof *lines, NULL};

const struct directive prometheus_directive = {
        .name = "prometheus",
        .arguments = "[ADDRESS]",
        .max = 1,
        .state = DIRECTIVE_DONE,
        .size = sizeof(struct prometheus_options),
        .begin = begin,
        .take = take,
        .options = &options,
        .clear = clear,
};
