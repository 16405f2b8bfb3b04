#include "confirm.h"
#include "backoff.h"
#include "base/log.h"
#include "stream.h"
#include "target.h"
#include "version.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)8 << 20) /* octets: one object, and what stands around it; a server may not know of limits */
#define GONE       410

struct confirm {
	uv_loop_t *loop;
	struct api *api;
	const struct resource *resource;
	const char *selector;
	struct intern *pool;
	struct json_arena *arena;
	struct log_series lines; /* of objects in an answer */
	struct confirm_timing timing;
	struct confirm_handlers handlers;
	struct backoff backoff;
	uv_timer_t timer; /* until the next try */

	char version[VERSION_MAX]; /* asked for; "": nothing is */
	char has[VERSION_MAX];     /* what the answer is of; "": it has not said yet */
	uint64_t asked_ms;         /* when the last request was begun; 0: none was */
	struct api_request *request;
	struct stream *stream;
	size_t bytes; /* of the answer */
};

static void try(struct confirm *c);

static void clear_answer(struct confirm *c)
{
	api_cancel(c->request);
	c->request = NULL;
	stream_free(c->stream);
	c->stream = NULL;
	log_series_end(&c->lines);
	c->bytes = 0;
	c->has[0] = '\0';
}

void confirm_stop(struct confirm *c)
{
	uv_timer_stop(&c->timer);
	clear_answer(c);
	c->version[0] = '\0';
}

static void on_timer(uv_timer_t *handle)
{
	try(handle->data);
}

/* --- what is answered --- */

static enum err on_upsert(void *arg, struct object *o)
{
	const struct confirm *c = arg;
	object_free(o, c->pool);
	return OK;
}

static void on_gone(void *arg, const char *ns, const char *name)
{
	(void)arg;
	(void)ns;
	(void)name;
}

static void on_version(void *arg, const char *version, bool initial_end)
{
	(void)arg;
	(void)version;
	(void)initial_end;
}

static void on_list(void *arg, const char *version, const char *continuation)
{
	struct confirm *c = arg;
	(void)continuation;
	if (version_is_usable(version))
		snprintf(c->has, sizeof c->has, "%s", version);
}

static void on_error(void *arg, unsigned code, const char *message)
{
	(void)arg;
	(void)code;
	(void)message;
}

static const struct stream_handlers stream_handlers = {on_upsert, on_gone, on_version, on_list, on_error, NULL};

static enum err on_body(void *arg, const char *bytes, size_t len)
{
	struct confirm *c = arg;
	struct diag why;
	c->bytes += len;
	return c->bytes > ANSWER_MAX ? ERR_RANGE : stream_feed(c->stream, bytes, len, &why);
}

static void on_begun(void *arg)
{
	(void)arg;
}

/* Ends the question before telling of it, so that the next can be asked from the handler. */
static void tell_behind(struct confirm *c, const char *said)
{
	char text[DIAG_TEXT_MAX];
	snprintf(text, sizeof text, "%s", said);
	confirm_stop(c);
	c->handlers.behind(c->handlers.arg, text);
}

static void take_version(struct confirm *c)
{
	char said[DIAG_TEXT_MAX];
	if (version_is_older(c->has, c->version)) {
		snprintf(said, sizeof said, "it has version %.40s, and had %.40s", c->has, c->version);
		tell_behind(c, said);
		return;
	}
	confirm_stop(c);
	backoff_reset(&c->backoff);
	c->handlers.reached(c->handlers.arg);
}

static void try_later(struct confirm *c, const struct api_result *result)
{
	unsigned ms = backoff_next_ms(&c->backoff, c->timing.retry_min, c->timing.retry_max);
	unsigned asked = result->retry_after_s < 60 ? result->retry_after_s * 1000 : 60000;
	log_line(LOG_DEBUG, "%s: whether version %.40s was reached can't be told: %s", c->resource->plural, c->version, result->text);
	clear_answer(c);
	uv_timer_start(&c->timer, on_timer, ms > asked ? ms : asked, 0);
}

static void on_done(void *arg, const struct api_result *result)
{
	struct confirm *c = arg;
	c->request = NULL;
	if (*c->has)
		take_version(c);
	else if (result->outcome == API_STATUS &&
	         (version_is_ahead(result->text) || result->status == GONE || api_is_about_request(result->status)))
		tell_behind(c, result->text);
	else
		try_later(c, result);
}

/* --- asking --- */

static char *target_of(const struct confirm *c)
{
	struct buffer target = {0};
	buffer_append(&target, c->resource->path, strlen(c->resource->path));
	buffer_append(&target, "?", 1);
	buffer_append(&target, c->selector, strlen(c->selector));
	target_put(&target, "limit", "1");
	target_put(&target, "resourceVersion", c->version);
	target_put(&target, "resourceVersionMatch", "NotOlderThan");
	return target_take(&target);
}

static void try(struct confirm *c)
{
	char *target = target_of(c);
	struct stream_handlers handlers = stream_handlers;
	handlers.arg = c;
	c->asked_ms = uv_now(c->loop);
	c->stream = stream_new(c->resource, SCAN_LIST, c->pool, c->arena, &c->lines, &handlers);
	if (target && c->stream)
		c->request = api_start(c->api, &(struct api_get){.path = target,
		                                                 .head_ms = c->timing.head,
		                                                 .silence_ms = c->timing.silence,
		                                                 .begun = on_begun,
		                                                 .body = on_body,
		                                                 .done = on_done,
		                                                 .arg = c});
	free(target);
	if (!c->request)
		try_later(c, &(struct api_result){.outcome = API_NOMEM, .reason = "", .text = "out of memory"});
}

void confirm_ask(struct confirm *c, const char *version)
{
	uint64_t next_ms = c->asked_ms ? c->asked_ms + c->timing.pause : 0, now_ms = uv_now(c->loop);
	if (*c->version)
		return;
	snprintf(c->version, sizeof c->version, "%s", version);
	if (next_ms <= now_ms)
		try(c);
	else
		uv_timer_start(&c->timer, on_timer, next_ms - now_ms, 0);
}

struct confirm *confirm_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *selector, struct intern *pool,
                            struct json_arena *arena, const struct confirm_timing *timing, const struct confirm_handlers *handlers)
{
	struct confirm *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	*c = (struct confirm){.loop = loop,
	                      .api = api,
	                      .resource = resource,
	                      .selector = selector,
	                      .pool = pool,
	                      .arena = arena,
	                      .timing = *timing,
	                      .handlers = *handlers};
	backoff_init(&c->backoff);
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	return c;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void confirm_free(struct confirm *c)
{
	if (!c)
		return;
	confirm_stop(c);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}
