#include "option.h"
#include "base/suggest.h"
#include "config/list.h"
#include "config/value.h"
#include "key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- words --- */

/* "a|b|c" as "a, b or c". */
static void list_choices(const char *choices, char *text, size_t cap)
{
	size_t len = 0;
	while (len < cap) {
		size_t word = strcspn(choices, "|");
		const char *next = choices + word;
		len += (size_t)snprintf(text + len, cap - len, "%.*s", (int)word, choices);
		if (!*next || len >= cap)
			return;
		choices = next + 1;
		len += (size_t)snprintf(text + len, cap - len, "%s", strchr(choices, '|') ? ", " : " or ");
	}
}

enum err option_choose(const char *word, const char *choices, unsigned *index, struct diag *d)
{
	char text[DIAG_TEXT_MAX / 2];
	const char *at = choices;
	for (unsigned i = 0;; i++) {
		size_t len = strcspn(at, "|");
		if (strlen(word) == len && memcmp(word, at, len) == 0) {
			*index = i;
			return OK;
		}
		if (!at[len])
			break;
		at += len + 1;
	}
	list_choices(choices, text, sizeof text);
	return diag_set(d, ERR_SYNTAX, "%s is wanted, not \"%s\"", text, word);
}

enum err option_maybe_text(char **text, const char *value, struct diag *d)
{
	char *copy = *value ? strdup(value) : NULL;
	if (*value && !copy)
		return diag_no_memory(d);
	free(*text);
	*text = copy;
	return OK;
}

enum err option_text(char **text, const char *value, struct diag *d)
{
	if (*value)
		return option_maybe_text(text, value, d);
	return diag_set(d, ERR_SYNTAX, "nothing is said between the quotes; an environment variable that is not set?");
}

static enum err take_flag(const struct option *o, bool *flag, const struct words *w, struct diag *d)
{
	unsigned index;
	enum err err = w->count ? option_choose(w->texts[0], o->arguments, &index, d) : OK;
	*flag |= !err;
	return err;
}

static enum err take_on_off(bool *flag, const struct words *w, struct diag *d)
{
	unsigned index = !*flag;
	enum err err = option_choose(w->texts[0], "on|off", &index, d);
	*flag = !index;
	return err;
}

static enum err take_choice(const struct option *o, void *at, const struct words *w, struct diag *d)
{
	unsigned index;
	enum err err = option_choose(w->texts[0], o->arguments, &index, d);
	if (!err)
		memcpy(at, &index, sizeof index);
	return err;
}

enum err option_zones(struct name_list *zones, const struct words *w, struct diag *d)
{
	struct name_list list = {0};
	for (unsigned i = 0; i < w->count; i++) {
		struct key key; /* CoreDNS passes over scheme and port here */
		enum err err = key_parse(w->texts[i], &key, &list, d);
		if (err) {
			names_clear(&list);
			return err;
		}
	}
	names_clear(zones);
	*zones = list;
	return OK;
}

enum err option_fallthrough(bool *on, struct name_list *zones, const struct words *w, struct diag *d)
{
	enum err err = option_zones(zones, w, d);
	*on |= !err;
	return err;
}

/* --- numbers --- */

/* "24h", "60s", "500ms". */
static const char *duration_text(uint64_t ms, char text[32])
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = {{3600000, "h"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;
	while (ms % units[i].ms || (!ms && i + 2 < sizeof units / sizeof *units))
		i++;
	snprintf(text, 32, "%llu%s", (unsigned long long)(ms / units[i].ms), units[i].name);
	return text;
}

static enum err take_duration(const struct option *o, uint64_t *ms, const struct words *w, struct diag *d)
{
	char least[32], most[32];
	uint64_t value;
	enum err err = value_duration_ms(w->texts[0], &value, d);
	if (err)
		return err;
	duration_text(o->least, least);
	duration_text(o->most, most);
	if (value < o->least && !o->most)
		return diag_set(d, ERR_RANGE, "at least %s is wanted", least);
	if (value < o->least || (o->most && value > o->most))
		return diag_set(d, ERR_RANGE, "a duration from %s to %s is wanted", least, most);
	*ms = value;
	return OK;
}

/* --- options --- */

static enum err take_value(const struct option *o, void *values, const struct words *w, struct diag *d)
{
	void *at = (char *)values + o->at;
	switch (o->kind) {
	case OPTION_CALL:
		return o->set(values, w, d);
	case OPTION_FLAG:
		return take_flag(o, at, w, d);
	case OPTION_ON_OFF:
		return take_on_off(at, w, d);
	case OPTION_NUMBER:
		return value_number(w->texts[0], (unsigned)o->least, (unsigned)o->most, at, d);
	case OPTION_DURATION:
		return take_duration(o, at, w, d);
	case OPTION_CHOICE:
		return take_choice(o, at, w, d);
	case OPTION_TEXT:
		return option_text(at, w->texts[0], d);
	case OPTION_TEXTS:
		return texts_add(at, w->texts, w->count) ? diag_no_memory(d) : OK;
	case OPTION_ZONES:
		return option_zones(at, w, d);
	}
	return OK;
}

static enum err unknown(const struct option_table *t, const char *name, struct diag *d)
{
	struct suggest s = {.wanted = name};
	char text[DIAG_TEXT_MAX] = "";
	size_t len = 0;
	for (unsigned i = 0; i < t->count; i++)
		suggest_consider(&s, t->all[i].name);
	if (s.count)
		return diag_set(d, ERR_SYNTAX, "%s has no \"%s\": is %s meant?", t->directive, name,
		                suggest_text(&s, "", text, sizeof text));
	for (unsigned i = 0; i < t->count && len < sizeof text; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? ", " : "", t->all[i].name);
	return diag_set(d, ERR_SYNTAX, "%s has no \"%s\"; it has: %s", t->directive, name, text);
}

static const struct option *find(const struct option_table *t, const char *name)
{
	for (unsigned i = 0; i < t->count; i++) {
		if (strcmp(t->all[i].name, name) == 0)
			return &t->all[i];
	}
	return NULL;
}

static option_set bit_of(const struct option_table *t, const struct option *o)
{
	return (option_set)1 << (o - t->all);
}

enum err option_take(const struct option_table *t, void *values, option_set *given, const struct words *w, struct diag *d)
{
	const struct option *o = find(t, w->name);
	struct diag why;
	enum err err;
	if (!o && t->other)
		return t->other(values, w, d);
	if (!o)
		return unknown(t, w->name, d);
	if (w->count < o->min || w->count > o->max)
		return diag_set(d, ERR_SYNTAX, "%s: it is written: %s%s%s", o->name, o->name, *o->arguments ? " " : "", o->arguments);
	if (o->flags & OPTION_ONCE && *given & bit_of(t, o))
		return diag_set(d, ERR_EXISTS, "%s: it has been said already", o->name);
	err = take_value(o, values, w, &why);
	if (err)
		return diag_set(d, err, "%s: %s", o->name, why.text);
	*given |= bit_of(t, o);
	return OK;
}

bool option_given(const struct option_table *t, option_set given, const char *name)
{
	return given & bit_of(t, find(t, name));
}

const char *option_first(const struct option_table *t, option_set given, unsigned flags)
{
	for (unsigned i = 0; i < t->count; i++) {
		if (t->all[i].flags & flags && given & bit_of(t, &t->all[i]))
			return t->all[i].name;
	}
	return NULL;
}
