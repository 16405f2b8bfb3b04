/* `file DBFILE [ZONES...] { reload DURATION; reload_by_mtime; fallthrough [ZONES...] }`: lines add up. What one says in braces counts for those after it,
 * too, and fallthrough for all, as in CoreDNS. */
#include "directives.h"
#include <stdlib.h>

#define RELOAD_MS 60000

static enum err begin(void *values)
{
	((struct file_options *)values)->reload_ms = RELOAD_MS;
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct file_options *o = values;
	const struct words zones = {w->name, w->texts + 1, w->count - 1};
	struct file_line *more = realloc(o->lines, (o->count + 1) * sizeof *more), *line;
	enum err err;
	if (!more)
		return diag_no_memory(d);
	o->lines = more;
	line = &o->lines[o->count++];
	*line = (struct file_line){.reload_ms = o->reload_ms, .reload_by_mtime = o->reload_by_mtime};
	err = option_text(&line->path, w->texts[0], d);
	return err || w->count < 2 ? err : option_zones(&line->zones, &zones, d);
}

static enum err set_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct file_options *o = values;
	return option_fallthrough(&o->fallthrough, &o->fallthrough_zones, w, d);
}

/* CoreDNS reads it still, and does nothing with it. */
static enum err set_upstream(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	(void)w;
	(void)d;
	return OK;
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct file_options *o = values;
	(void)given;
	(void)d;
	o->lines[o->count - 1].reload_ms = o->reload_ms;
	o->lines[o->count - 1].reload_by_mtime = o->reload_by_mtime;
	return OK;
}

static void clear(void *values)
{
	struct file_options *o = values;
	for (unsigned i = 0; i < o->count; i++) {
		free(o->lines[i].path);
		names_clear(&o->lines[i].zones);
	}
	free(o->lines);
	names_clear(&o->fallthrough_zones);
}

static const struct option lines[] = {
        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_fallthrough},
        {"reload", "DURATION", 1, 1, OPTION_DURATION, 0, offsetof(struct file_options, reload_ms), 0, 0, NULL},
        {"reload_by_mtime", "", 0, 0, OPTION_FLAG, 0, offsetof(struct file_options, reload_by_mtime), 0, 0, NULL},
        {"upstream", "[ADDRESS...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_upstream},
};
static const struct option_table options = {"file", lines, sizeof lines / sizeof *lines, NULL};

const struct directive file_directive = {
        .name = "file",
        .arguments = "DBFILE [ZONE...]",
        .min = 1,
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct file_options),
        .begin = begin,
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
