/* `secondary [ZONES...] { transfer from ADDRESS...; poll DURATION; fallthrough [ZONES...] }`: lines add up, with primaries of their own. */
#include "base/sockaddr.h"
#include "directives.h"
#include "forward/upstream.h"
#include <stdlib.h>
#include <string.h>

#define POLL_MIN_MS   100
#define PRIMARIES_MAX 64

static struct secondary_line *line_of(struct secondary_options *o)
{
	return &o->lines[o->count - 1];
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct secondary_options *o = values;
	struct secondary_line *more = realloc(o->lines, (o->count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	o->lines = more;
	o->lines[o->count++] = (struct secondary_line){0};
	o->poll_ms = 0;
	return w->count ? option_zones(&line_of(o)->zones, w, d) : OK;
}

static enum err add_primary(struct secondary_line *l, const char *text, struct diag *d)
{
	struct upstream u;
	struct sockaddr_storage *more;
	enum err err = upstream_parse(text, &u, d);
	if (err)
		return err;
	if (u.transport != UPSTREAM_PLAIN)
		return diag_set(d, ERR_SYNTAX, "\"%s\": zones are transferred over plain TCP", text);
	if (l->primary_count == PRIMARIES_MAX)
		return diag_set(d, ERR_RANGE, "there are more than %d primaries", PRIMARIES_MAX);
	more = realloc(l->primaries, (l->primary_count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	l->primaries = more;
	more[l->primary_count] = (struct sockaddr_storage){0};
	memcpy(&more[l->primary_count++], &u.at, upstream_address_len(&u));
	return OK;
}

static enum err set_transfer(void *values, const struct words *w, struct diag *d)
{
	enum err err = OK;
	if (strcmp(w->texts[0], "from") != 0)
		return diag_set(d, ERR_SYNTAX,
		                "%s: secondary has transfer from ADDRESS...; who may fetch zones, the directive transfer says",
		                w->texts[0]);
	for (unsigned i = 1; i < w->count && !err; i++)
		err = add_primary(line_of(values), w->texts[i], d);
	return err;
}

static enum err set_fallthrough(void *values, const struct words *w, struct diag *d)
{
	struct secondary_options *o = values;
	return option_fallthrough(&o->fallthrough, &o->fallthrough_zones, w, d);
}

static enum err refuse_catalog(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	(void)w;
	return diag_set(d, ERR_SYNTAX, "zones of a catalog are not followed; name each zone");
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct secondary_options *o = values;
	(void)given;
	if (!o->count || !line_of(o)->primary_count)
		return diag_set(d, ERR_SYNTAX, "transfer from ADDRESS... is wanted in its braces");
	line_of(o)->poll_ms = o->poll_ms;
	return OK;
}

static void clear(void *values)
{
	struct secondary_options *o = values;
	for (unsigned i = 0; i < o->count; i++) {
		names_clear(&o->lines[i].zones);
		free(o->lines[i].primaries);
	}
	free(o->lines);
	names_clear(&o->fallthrough_zones);
}

static const struct option lines[] = {
        {"catalog", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, refuse_catalog},
        {"fallthrough", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_fallthrough},
        {"poll", "DURATION", 1, 1, OPTION_DURATION, 0, offsetof(struct secondary_options, poll_ms), POLL_MIN_MS, 0, NULL},
        {"transfer", "from ADDRESS...", 2, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_transfer},
};
static const struct option_table options = {"secondary", lines, sizeof lines / sizeof *lines, NULL};

const struct directive secondary_directive = {
        .name = "secondary",
        .arguments = "[ZONE...]",
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct secondary_options),
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
