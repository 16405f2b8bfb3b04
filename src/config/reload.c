/* `reload [INTERVAL [JITTER]]` */
#include "config/value.h"
#include "directives.h"

#define INTERVAL_MS     30000u
#define JITTER_MS       15000u
#define INTERVAL_MIN_MS 2000u
#define JITTER_MIN_MS   1000u

static enum err begin(void *values)
{
	*(struct reload_options *)values = (struct reload_options){INTERVAL_MS, JITTER_MS};
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct reload_options *o = values;
	enum err err = w->count ? value_duration_ms(w->texts[0], &o->interval_ms, d) : OK;
	if (!err && o->interval_ms < INTERVAL_MIN_MS)
		err = diag_set(d, ERR_RANGE, "an interval of 2s at least is wanted");
	if (!err && w->count > 1)
		err = value_duration_ms(w->texts[1], &o->jitter_ms, d);
	if (!err && w->count > 1 && o->jitter_ms && o->jitter_ms < JITTER_MIN_MS)
		err = diag_set(d, ERR_RANGE, "a jitter of 0, or of 1s at least, is wanted");
	if (!err && o->jitter_ms > o->interval_ms / 2)
		o->jitter_ms = o->interval_ms / 2;
	return err;
}

const struct directive reload_directive = {
        .name = "reload",
        .arguments = "[INTERVAL [JITTER]]",
        .max = 2,
        .again = AGAIN_FIRST,
        .size = sizeof(struct reload_options),
        .begin = begin,
        .take = take,
};
