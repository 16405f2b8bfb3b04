/* `cache [TTL] [ZONES...] { success|denial CAPACITY [TTL [MINTTL]]; prefetch AMOUNT [DURATION [PERCENTAGE%]]; serve_stale [DURATION [MODE ...]];
 * serve_stale_policy prefer_positive; servfail DURATION; disable success|denial [ZONES...]; keepttl }` */
#include "config/value.h"
#include "directives.h"
#include <limits.h>
#include <string.h>
#include <strings.h>

#define STALE_S       3600
#define RECHECK_MAX_S 300
#define PERCENT_MIN   10
#define PERCENT_MAX   90
#define WORDS_MAX     5 /* of serve_stale */

static enum err begin(void *values)
{
	cache_options_default(&((struct cache_values *)values)->options);
	return OK;
}

/* A first word that is a number is the TTL; else it is a zone. */
static bool is_number(const char *text)
{
	text += *text == '-' || *text == '+';
	return *text && !text[strspn(text, "0123456789")];
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct cache_values *v = values;
	unsigned ttl_s, first = w->count && is_number(w->texts[0]);
	const struct words zones = {w->name, w->texts + first, w->count - first};
	if (first) {
		enum err err = value_number(w->texts[0], 1, INT_MAX, &ttl_s, d);
		if (err)
			return err;
		v->options.success.ttl_max_s = v->options.denial.ttl_max_s = ttl_s;
	}
	return zones.count ? option_zones(&v->zones, &zones, d) : OK;
}

static enum err take_bounds(struct cache_bounds *to, const struct words *w, struct diag *d)
{
	struct cache_bounds b = *to;
	enum err err = value_number(w->texts[0], 0, INT_MAX, &b.capacity, d);
	if (!err && w->count > 1)
		err = value_number(w->texts[1], 1, INT_MAX, &b.ttl_max_s, d);
	if (!err && w->count > 2)
		err = value_number(w->texts[2], 0, INT_MAX, &b.ttl_min_s, d);
	if (!err)
		*to = b;
	return err;
}

static enum err set_success(void *values, const struct words *w, struct diag *d)
{
	return take_bounds(&((struct cache_values *)values)->options.success, w, d);
}

static enum err set_denial(void *values, const struct words *w, struct diag *d)
{
	return take_bounds(&((struct cache_values *)values)->options.denial, w, d);
}

/* Whole seconds, as many as there are; more than 32 bits hold are as good as for ever. */
static enum err take_seconds(const char *text, uint32_t *seconds, struct diag *d)
{
	uint64_t ms;
	enum err err = value_duration_ms(text, &ms, d);
	if (!err)
		*seconds = ms / 1000 > INT_MAX ? INT_MAX : (uint32_t)(ms / 1000);
	return err;
}

/* The same, but what is less than a second is one. */
static enum err take_seconds_up(const char *text, uint32_t *seconds, struct diag *d)
{
	uint64_t ms;
	enum err err = value_duration_ms(text, &ms, d);
	if (!err)
		*seconds = ms > INT_MAX * UINT64_C(1000) ? INT_MAX : (uint32_t)((ms + 999) / 1000);
	return err;
}

static enum err take_percent(const char *text, unsigned *percent, struct diag *d)
{
	char digits[4] = "";
	size_t len = strlen(text);
	if (len >= 2 && len <= sizeof digits && text[len - 1] == '%')
		memcpy(digits, text, len - 1);
	return value_number(digits, PERCENT_MIN, PERCENT_MAX, percent, d)
	               ? diag_set(d, ERR_SYNTAX, "a percentage from 10%% to 90%% is wanted")
	               : OK;
}

static enum err set_prefetch(void *values, const struct words *w, struct diag *d)
{
	struct cache_options *o = &((struct cache_values *)values)->options;
	enum err err = value_number(w->texts[0], 0, INT_MAX, &o->prefetch_amount, d);
	if (!err && w->count > 1)
		err = take_seconds_up(w->texts[1], &o->prefetch_gap_s, d);
	if (!err && w->count > 2)
		err = take_percent(w->texts[2], &o->prefetch_percent, d);
	return err;
}

/* --- stale answers --- */

static enum err take_stale_ttl(const char *text, uint32_t *seconds, struct diag *d)
{
	uint64_t ms;
	enum err err = value_duration_ms(text, &ms, d);
	if (!err && (ms % 1000 || ms / 1000 > UINT32_MAX))
		return diag_set(d, ERR_RANGE, "a TTL of whole seconds is wanted, not \"%s\"", text);
	if (!err)
		*seconds = (uint32_t)(ms / 1000);
	return err;
}

static enum err take_recheck(const char *text, uint32_t *seconds, struct diag *d)
{
	uint32_t value;
	enum err err = take_seconds_up(text, &value, d);
	if (!err && value > RECHECK_MAX_S)
		return diag_set(d, ERR_RANGE, "5m at most may pass until the upstream is asked again");
	if (!err)
		*seconds = value;
	return err;
}

static enum err take_timeout(const char *text, uint32_t *ms, struct diag *d)
{
	uint64_t value;
	enum err err = value_duration_ms(text, &value, d);
	if (!err)
		*ms = value > INT_MAX ? INT_MAX : (uint32_t)value;
	return err;
}

static enum err take_mode(const char *text, bool *verify, struct diag *d)
{
	*verify = strcasecmp(text, "verify") == 0;
	if (*verify || strcasecmp(text, "immediate") == 0)
		return OK;
	return diag_set(d, ERR_SYNTAX, "immediate or verify is wanted, not \"%s\"", text);
}

/* What is not said is as by default, whatever an earlier line said. */
static enum err set_serve_stale(void *values, const struct words *w, struct diag *d)
{
	struct cache_options *o = &((struct cache_values *)values)->options;
	unsigned at = 0;
	enum err err = OK;
	o->stale_s = STALE_S;
	o->stale_verify = false;
	o->stale_verify_ms = o->stale_ttl_s = o->stale_recheck_s = 0;
	if (at < w->count)
		err = take_seconds(w->texts[at++], &o->stale_s, d);
	if (!err && at < w->count)
		err = take_mode(w->texts[at++], &o->stale_verify, d);
	if (!err && at < w->count && o->stale_verify)
		err = take_timeout(w->texts[at++], &o->stale_verify_ms, d);
	if (!err && at < w->count)
		err = take_stale_ttl(w->texts[at++], &o->stale_ttl_s, d);
	if (!err && at < w->count)
		err = take_recheck(w->texts[at++], &o->stale_recheck_s, d);
	if (!err && at < w->count)
		return diag_set(d, ERR_SYNTAX, "\"%s\" is one word too many: immediate has no timeout", w->texts[at]);
	return err;
}

static enum err set_policy(void *values, const struct words *w, struct diag *d)
{
	if (strcasecmp(w->texts[0], "prefer_positive") != 0)
		return diag_set(d, ERR_SYNTAX, "prefer_positive is wanted, not \"%s\"", w->texts[0]);
	((struct cache_values *)values)->options.stale_prefer_positive = true;
	return OK;
}

static enum err set_servfail(void *values, const struct words *w, struct diag *d)
{
	uint64_t ms;
	enum err err = value_duration_ms(w->texts[0], &ms, d);
	if (!err && ms > CACHE_SERVFAIL_MAX_S * 1000)
		return diag_set(d, ERR_RANGE, "failures may be kept for 5m at most");
	if (!err)
		((struct cache_values *)values)->options.servfail_s = (uint32_t)(ms / 1000);
	return err;
}

/* A second line about the same kind takes the place of the first. */
static enum err set_disable(void *values, const struct words *w, struct diag *d)
{
	struct cache_values *v = values;
	static const char *const everything = ".";
	const bool all = w->count == 1;
	const struct words zones = {w->name, all ? &everything : w->texts + 1, all ? 1 : w->count - 1};
	if (strcmp(w->texts[0], "success") == 0)
		return option_zones(&v->no_success, &zones, d);
	if (strcmp(w->texts[0], "denial") == 0)
		return option_zones(&v->no_denial, &zones, d);
	return diag_set(d, ERR_SYNTAX, "success or denial is wanted, not \"%s\"", w->texts[0]);
}

/* --- the row --- */

static const struct option lines[] = {
        {"denial", "CAPACITY [TTL [MINTTL]]", 1, 3, OPTION_CALL, 0, 0, 0, 0, set_denial},
        {"disable", "success|denial [ZONE...]", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_disable},
        {"keepttl", "", 0, 0, OPTION_FLAG, 0, offsetof(struct cache_values, options.keep_ttl), 0, 0, NULL},
        {"prefetch", "AMOUNT [DURATION [PERCENTAGE%]]", 1, 3, OPTION_CALL, 0, 0, 0, 0, set_prefetch},
        {"serve_stale", "[DURATION [immediate|verify [TIMEOUT] [TTL [RECHECK]]]]", 0, WORDS_MAX, OPTION_CALL, 0, 0, 0, 0, set_serve_stale},
        {"serve_stale_policy", "prefer_positive", 1, 1, OPTION_CALL, OPTION_ONCE, 0, 0, 0, set_policy},
        {"servfail", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_servfail},
        {"success", "CAPACITY [TTL [MINTTL]]", 1, 3, OPTION_CALL, 0, 0, 0, 0, set_success},
};
static const struct option_table options = {"cache", lines, sizeof lines / sizeof *lines, NULL};

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct cache_values *v = values;
	if (v->options.stale_prefer_positive && !option_given(&options, given, "serve_stale"))
		return diag_set(d, ERR_SYNTAX, "serve_stale_policy wants serve_stale beside it");
	v->options.zones = (struct cache_names){v->zones.names, v->zones.count};
	v->options.no_success = (struct cache_names){v->no_success.names, v->no_success.count};
	v->options.no_denial = (struct cache_names){v->no_denial.names, v->no_denial.count};
	return OK;
}

static void clear(void *values)
{
	struct cache_values *v = values;
	names_clear(&v->zones);
	names_clear(&v->no_success);
	names_clear(&v->no_denial);
}

const struct directive cache_directive = {
        .name = "cache",
        .arguments = "[TTL] [ZONE...]",
        .max = OPTION_ANY_NUMBER,
        .size = sizeof(struct cache_values),
        .begin = begin,
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
