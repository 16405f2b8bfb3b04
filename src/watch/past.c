#include "past.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_MS 5000 /* for an event that the server has had since long */

struct past {
	struct confirm *confirm;
	struct past_handlers handlers;
	struct confirm_object last;
	uv_timer_t timer; /* ends a replay in vain */
	bool replaying;
};

/* --- what was seen --- */

void past_forget(struct past *p)
{
	p->last = (struct confirm_object){0};
	p->replaying = false;
	uv_timer_stop(&p->timer);
}

/* Objects of a list come in any order: the latest counts. */
void past_seen(struct past *p, const char *ns, const char *name, const char *version, bool deleted)
{
	struct confirm_object *last = &p->last;
	if (!version_is_usable(version) || (*last->version && !version_is_older(last->version, version)))
		return;
	*last = (struct confirm_object){0};
	snprintf(last->version, sizeof last->version, "%s", version);
	if (deleted || strlen(ns) >= sizeof last->ns || strlen(name) >= sizeof last->name)
		return;
	snprintf(last->ns, sizeof last->ns, "%s", ns);
	snprintf(last->name, sizeof last->name, "%s", name);
}

/* --- asking --- */

static void on_reached(void *arg)
{
	const struct past *p = arg;
	p->handlers.same(p->handlers.arg);
}

static void on_behind(void *arg, const char *said)
{
	const struct past *p = arg;
	p->handlers.broken(p->handlers.arg, said);
}

static void on_not_replayed(uv_timer_t *handle)
{
	on_behind(handle->data, "what changed last is not among its changes");
}

static void on_differs(void *arg)
{
	struct past *p = arg;
	char before[VERSION_MAX];
	if (!version_before(p->last.version, before)) {
		on_behind(p, "what changed last is not there, or not as it was");
		return;
	}
	confirm_stop(p->confirm);
	p->replaying = true;
	uv_timer_start(&p->timer, on_not_replayed, REPLAY_MS, 0);
	p->handlers.replay(p->handlers.arg, before);
}

void past_ask(struct past *p, const struct resource *resource, const char *version)
{
	confirm_ask(p->confirm, resource, version, &p->last);
}

void past_stop(struct past *p)
{
	confirm_stop(p->confirm);
	uv_timer_stop(&p->timer);
	p->replaying = false;
}

/* --- a replay --- */

bool past_is_replaying(const struct past *p)
{
	return p->replaying;
}

bool past_replay(struct past *p, const char *version)
{
	bool same = strcmp(version, p->last.version) == 0;
	p->replaying = !same;
	uv_timer_stop(&p->timer);
	if (!same)
		uv_timer_start(&p->timer, on_not_replayed, 0, 0);
	return same;
}

/* --- its life --- */

struct past *past_new(uv_loop_t *loop, struct api *api, const char *selector, struct intern *pool, struct json_arena *arena,
                      const struct confirm_timing *timing, const struct past_handlers *handlers)
{
	struct past *p = calloc(1, sizeof *p);
	const struct confirm_handlers answers = {on_reached, on_differs, on_behind, p};
	if (!p)
		return NULL;
	p->handlers = *handlers;
	p->confirm = confirm_new(loop, api, selector, pool, arena, timing, &answers);
	if (!p->confirm) {
		free(p);
		return NULL;
	}
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	return p;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void past_free(struct past *p)
{
	if (!p)
		return;
	confirm_free(p->confirm);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}
