/* `hosts [FILE [ZONES...]] { INLINE...; ttl S; no_reverse; reload D; fallthrough [ZONES]; fallthrough_unsupported }` */
#include "base/buffer.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>

#define TTL_S     3600
#define TTL_MAX_S UINT16_MAX
#define RELOAD_MS 5000

static enum err begin(void *values)
{
	struct hosts_options *o = values;
	o->ttl_s = TTL_S;
	o->reload_ms = RELOAD_MS;
	return OK;
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct hosts_options *o = values;
	enum err err = w->count ? option_text(&o->file, w->texts[0], d) : OK;
	const struct words zones = {w->name, w->texts + 1, w->count - 1};
	return err || w->count < 2 ? err : option_zones(&o->zones, &zones, d);
}

static enum err set_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct hosts_options *o = values;
	return option_fallthrough(&o->fallthrough, &o->fallthrough_zones, w, d);
}

/* "ADDRESS NAME...", as it would stand in the file. What is no address is passed over there, and here is more likely to be a slip. */
static enum err take_line(void *values, const struct words *w, struct diag *d)
{
	struct hosts_options *o = values;
	struct buffer b = {0};
	struct addr address;
	const char *line;
	enum err err = OK;
	if (addr_parse(w->name, strcspn(w->name, "%"), &address))
		return diag_set(d, ERR_SYNTAX,
		                "hosts has no \"%s\"; it has: fallthrough, fallthrough_unsupported, no_reverse, reload, ttl, and lines of "
		                "an address and names",
		                w->name);
	if (o->fallthrough)
		return diag_set(d, ERR_SYNTAX, "%s: addresses stand before fallthrough, as CoreDNS has it", w->name);
	buffer_append(&b, w->name, strlen(w->name));
	for (unsigned i = 0; i < w->count; i++) {
		buffer_append(&b, " ", 1);
		buffer_append(&b, w->texts[i], strlen(w->texts[i]));
	}
	buffer_append(&b, "", 1);
	line = b.data;
	if (b.failed || texts_add(&o->lines, &line, 1))
		err = diag_set(d, ERR_NOMEM, "out of memory");
	buffer_free(&b);
	return err;
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	const struct hosts_options *o = values;
	(void)given;
	return o->fallthrough_unsupported && !o->fallthrough
	               ? diag_set(d, ERR_SYNTAX, "fallthrough_unsupported wants fallthrough beside it")
	               : OK;
}

static void clear(void *values)
{
	struct hosts_options *o = values;
	free(o->file);
	names_clear(&o->zones);
	names_clear(&o->fallthrough_zones);
	texts_clear(&o->lines);
}

static const struct option lines[] = {
        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_fallthrough},
        {"fallthrough_unsupported", "", 0, 0, OPTION_FLAG, 0, offsetof(struct hosts_options, fallthrough_unsupported), 0, 0, NULL},
        {"no_reverse", "", 0, 0, OPTION_FLAG, 0, offsetof(struct hosts_options, no_reverse), 0, 0, NULL},
        {"reload", "DURATION", 1, 1, OPTION_DURATION, 0, offsetof(struct hosts_options, reload_ms), 0, 0, NULL},
        {"ttl", "SECONDS", 1, 1, OPTION_NUMBER, 0, offsetof(struct hosts_options, ttl_s), 1, TTL_MAX_S, NULL},
};
static const struct option_table options = {"hosts", lines, sizeof lines / sizeof *lines, take_line};

const struct directive hosts_directive = {
        .name = "hosts",
        .arguments = "[FILE [ZONE...]]",
        .max = OPTION_ANY_NUMBER,
        .size = sizeof(struct hosts_options),
        .begin = begin,
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
