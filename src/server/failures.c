#include "failures.h"
#include "base/log.h"
#include "dns/type.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DURATION_TEXT_MAX 40

struct count {
	_Atomic(uint32_t) lines; /* since it was said last; any worker's to add */
	uint64_t due_ms;         /* to say so; 0: nothing was counted yet. The control thread's */
};

struct failures {
	const struct errors_options *said;
	uv_async_t *news;
	struct count counts[]; /* by pattern */
};

struct failures *failures_new(const struct errors_options *said, struct uv_async_s *news)
{
	struct failures *f = calloc(1, sizeof *f + said->pattern_count * sizeof f->counts[0]);
	if (!f)
		return NULL;
	f->said = said;
	f->news = news;
	return f;
}

/* --- saying --- */

/* As Go writes a duration: "1h0m0s", "1m30s", "1.5s", "250ms". */
static void duration_text(uint64_t ms, char text[DURATION_TEXT_MAX])
{
	uint64_t s = ms / 1000, h = s / 3600, m = s / 60 % 60;
	int len = 0;
	if (ms && ms < 1000) {
		snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 "ms", ms);
		return;
	}
	if (h)
		len = snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 "h", h);
	if (h || m)
		len += snprintf(text + len, (size_t)(DURATION_TEXT_MAX - len), "%" PRIu64 "m", m);
	snprintf(text + len, (size_t)(DURATION_TEXT_MAX - len), "%gs", (double)(ms % 60000) / 1000);
}

/* The first was logged already where show_first says so. */
static void say(const struct error_pattern *p, uint32_t lines)
{
	char period[DURATION_TEXT_MAX];
	if (!lines || (lines == 1 && p->show_first))
		return;
	duration_text(p->period_ms, period);
	log_plugin(p->level, "errors", "%u errors like '%s' occurred in last %s", lines, p->text, period);
}

static void say_counted(struct failures *f, unsigned i)
{
	f->counts[i].due_ms = 0;
	say(&f->said->patterns[i], atomic_exchange(&f->counts[i].lines, 0));
}

uint64_t failures_tick(struct failures *f, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	for (unsigned i = 0; i < f->said->pattern_count; i++) {
		struct count *c = &f->counts[i];
		if (!c->due_ms && atomic_load(&c->lines))
			c->due_ms = now_ms + f->said->patterns[i].period_ms;
		if (c->due_ms && c->due_ms <= now_ms)
			say_counted(f, i);
		else if (c->due_ms && c->due_ms < next_ms)
			next_ms = c->due_ms;
	}
	return next_ms;
}

void failures_free(struct failures *f)
{
	for (unsigned i = 0; f && i < f->said->pattern_count; i++)
		say_counted(f, i);
	free(f);
}

/* --- counting --- */

/* The first that matches; NULL: none. Where a match has come to its bound, the line is rather written. */
static const struct error_pattern *find_pattern(const struct failures *f, struct regexp_match *m, const char *why)
{
	size_t len = strlen(why);
	for (unsigned i = 0; i < f->said->pattern_count && f->news; i++) {
		if (regexp_find(f->said->patterns[i].regexp, why, len, m) == REGEXP_FOUND)
			return &f->said->patterns[i];
	}
	return NULL;
}

/* True if it is to be logged all the same. */
static bool count(struct failures *f, const struct error_pattern *p)
{
	if (atomic_fetch_add(&f->counts[p - f->said->patterns].lines, 1))
		return false;
	uv_async_send(f->news);
	return p->show_first;
}

void failures_note(struct failures *f, struct regexp_match *m, const struct request *r, enum dns_rcode rcode, const char *why)
{
	const struct error_pattern *p = find_pattern(f, m, why);
	char name[NAME_TEXT_MAX], type[TYPE_TEXT_MAX];
	if (p && !count(f, p))
		return;
	name_to_go_text(&r->qname, name);
	type_to_text(r->qtype, type);
	log_plugin(p ? p->level : LOG_ERROR, "errors", "%d %s %s: %s", rcode, name, type, why);
}
