#include "secondaries_inside.h"
#include <stdlib.h>
#include <string.h>

static enum err add_source(struct secondaries *s, const struct secondaries_setting *setting, const struct secondary_line *line,
                           const struct name *apex)
{
	struct zone_slot *known = setting->find ? setting->find(setting->arg, line, apex) : NULL;
	struct zone_slot *slot = known ? zone_slot_hold(known) : zone_slot_new(apex);
	if (!slot)
		return ERR_NOMEM;
	s->sources[s->count].line = line;
	s->slots[s->count++] = slot;
	return OK;
}

static const struct name_list *zones_of(const struct secondaries_setting *setting, const struct secondary_line *line)
{
	return line->zones.count ? &line->zones : setting->keys;
}

static enum err add_sources(struct secondaries *s, const struct secondaries_setting *setting)
{
	const struct secondary_options *o = setting->options;
	unsigned count = 0;
	enum err err = OK;
	for (unsigned i = 0; i < o->count; i++)
		count += zones_of(setting, &o->lines[i])->count;
	s->sources = calloc(count + !count, sizeof *s->sources);
	s->slots = calloc(count + !count, sizeof(struct zone_slot *));
	if (!s->sources || !s->slots)
		return ERR_NOMEM;
	for (unsigned i = 0; i < o->count && !err; i++) {
		const struct name_list *zones = zones_of(setting, &o->lines[i]);
		for (unsigned k = 0; k < zones->count && !err; k++)
			err = add_source(s, setting, &o->lines[i], &zones->names[k]);
	}
	return err;
}

static void set_step(struct secondaries *s, const struct secondaries_setting *setting)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_NOT_READY, "the zone has not come from its primary, or has expired");
	s->step = (struct zone_step){
	        .directive = "secondary",
	        .missing = "has not come from its primary, or has expired",
	        .why = &why,
	        .slots = s->slots,
	        .count = s->count,
	        .fallthrough = setting->options->fallthrough,
	        .fallthrough_zones = &setting->options->fallthrough_zones,
	        .rotate = setting->rotate,
	        .explain = setting->explain,
	};
}

enum err secondaries_new(const struct secondaries_setting *setting, struct secondaries **out)
{
	struct secondaries *s = calloc(1, sizeof *s);
	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	s->users = 1;
	if (add_sources(s, setting)) {
		secondaries_unref(s);
		return ERR_NOMEM;
	}
	set_step(s, setting);
	*out = s;
	return OK;
}

void secondaries_unref(struct secondaries *s)
{
	if (!s || --s->users)
		return;
	for (unsigned i = 0; i < s->count; i++)
		zone_slot_drop(s->slots[i]);
	free(s->sources);
	free(s->slots);
	free(s);
}

enum err secondaries_watch(struct secondaries *s, struct uv_loop_s *loop)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct secondary_line *line = s->sources[i].line;
		const struct zone_follower_setting setting = {s->slots[i], line->primaries, line->primary_count, line->poll_ms};
		if (s->sources[i].follower)
			continue;
		s->sources[i].follower = zone_follower_start(&setting, loop);
		if (!s->sources[i].follower)
			return ERR_NOMEM;
	}
	return OK;
}

void secondaries_unwatch(struct secondaries *s)
{
	for (unsigned i = 0; s && i < s->count; i++) {
		zone_follower_stop(s->sources[i].follower);
		s->sources[i].follower = NULL;
	}
}

struct zone_slot *secondaries_slot(const struct secondaries *s, unsigned i)
{
	return i < s->count ? s->slots[i] : NULL;
}

bool secondaries_status(const struct secondaries *s, unsigned i, struct zone_follower_status *out)
{
	if (!s->sources[i].follower)
		return false;
	zone_follower_status(s->sources[i].follower, out);
	return true;
}

static bool same_primaries(const struct secondary_line *a, const struct secondary_line *b)
{
	return a->primary_count == b->primary_count && memcmp(a->primaries, b->primaries, a->primary_count * sizeof *a->primaries) == 0;
}

struct zone_slot *secondaries_find(const struct secondaries *s, const struct secondary_line *line, const struct name *apex)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (same_primaries(s->sources[i].line, line) && name_equal(zone_slot_apex(s->slots[i]), apex))
			return s->slots[i];
	}
	return NULL;
}
