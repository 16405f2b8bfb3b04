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
#define NOWHERE    "default" /* a namespace, or the name of an object, that need not be there */

/* Which one is asked. */
enum question {
	QUESTION_OBJECT, /* the one that changed last, as it is now: tells both, in one answer */
	QUESTION_FIRST, /* any one, not older than the version: where there was none, or where the server does not take the other question */
};

struct confirm {
	uv_loop_t *loop;
	struct api *api;
	const struct resource *resource; /* of the question that is open */
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
	struct confirm_object last;
	enum question question; /* the one under way */
	bool found;             /* the object that changed last is in the answer as it was */
	uint64_t asked_ms;      /* when the last request was begun; 0: none was */
	struct api_request *request;
	struct stream *stream;
	size_t bytes; /* of the answer */
};

static void ask(struct confirm *c);

static void clear_answer(struct confirm *c)
{
	api_cancel(c->request);
	c->request = NULL;
	stream_free(c->stream);
	c->stream = NULL;
	log_series_end(&c->lines);
	c->bytes = 0;
	c->has[0] = '\0';
	c->found = false;
}

void confirm_stop(struct confirm *c)
{
	uv_timer_stop(&c->timer);
	clear_answer(c);
	c->version[0] = '\0';
	c->question = QUESTION_OBJECT;
}

static void on_timer(uv_timer_t *handle)
{
	ask(handle->data);
}

/* --- what is answered --- */

static enum err on_upsert(void *arg, struct object *o)
{
	const struct confirm *c = arg;
	object_free(o, c->pool);
	return OK;
}

static enum err on_gone(void *arg, const char *ns, const char *name)
{
	(void)arg;
	(void)ns;
	(void)name;
	return OK;
}

static void on_seen(void *arg, const char *ns, const char *name, const char *version, bool deleted)
{
	struct confirm *c = arg;
	(void)deleted;
	c->found |= strcmp(name, c->last.name) == 0 && strcmp(ns, c->last.ns) == 0 && strcmp(version, c->last.version) == 0;
}

static enum err on_version(void *arg, const char *version, enum stream_mark mark)
{
	(void)arg;
	(void)version;
	(void)mark;
	return OK;
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

static const struct stream_handlers stream_handlers = {on_upsert, on_gone, on_seen, on_version, on_list, on_error, NULL};

static enum err on_body(void *arg, const char *bytes, size_t len)
{
	struct confirm *c = arg;
	struct diag why;
	c->bytes += len;
	return c->bytes > ANSWER_MAX ? ERR_RANGE : stream_feed(c->stream, bytes, len, &why);
}

static void on_begun(void *arg, uint64_t connection)
{
	(void)arg;
	(void)connection;
}

/* Ends the question before telling of it, so that the next can be asked from the handler. */
static void tell_behind(struct confirm *c, const char *said)
{
	char text[DIAG_TEXT_MAX];
	snprintf(text, sizeof text, "%s", said);
	confirm_stop(c);
	c->handlers.behind(c->handlers.arg, text);
}

static void tell_reached(struct confirm *c, bool same)
{
	confirm_stop(c);
	backoff_reset(&c->backoff);
	if (same)
		c->handlers.reached(c->handlers.arg);
	else
		c->handlers.differs(c->handlers.arg);
}

static void ask_first(struct confirm *c)
{
	clear_answer(c);
	c->question = QUESTION_FIRST;
	ask(c);
}

static void take_version(struct confirm *c)
{
	bool any = *c->last.version;
	char said[DIAG_TEXT_MAX];
	if (version_is_older(c->has, c->version)) {
		snprintf(said, sizeof said, "it has version %.40s, and had %.40s", c->has, c->version);
		tell_behind(c, said);
	} else if (c->question == QUESTION_FIRST) {
		tell_reached(c, any || stream_counts(c->stream).objects == 0);
	} else if (any) {
		tell_reached(c, c->found);
	} else {
		ask_first(c);
	}
}

static void try_later(struct confirm *c, const struct api_result *result)
{
	unsigned ms = backoff_next_ms(&c->backoff, c->timing.retry_min, c->timing.retry_max);
	unsigned asked = result->retry_after_s < 60 ? result->retry_after_s * 1000 : 60000;
	log_line(LOG_DEBUG, "%s: whether version %.40s was reached can't be told: %s", c->resource->plural, c->version, result->text);
	clear_answer(c);
	c->question = QUESTION_OBJECT;
	uv_timer_start(&c->timer, on_timer, ms > asked ? ms : asked, 0);
}

static bool is_for_good(unsigned status)
{
	return status >= 400 && status < 500 && status != 429 && status != 408 && status != 401;
}

static void on_done(void *arg, const struct api_result *result)
{
	struct confirm *c = arg;
	c->request = NULL;
	if (*c->has)
		take_version(c);
	else if (c->question == QUESTION_OBJECT && result->outcome == API_STATUS && is_for_good(result->status))
		ask_first(c);
	else if (result->outcome == API_STATUS &&
	         (version_is_ahead(result->text) || result->status == GONE || api_is_about_request(result->status)))
		tell_behind(c, result->text);
	else
		try_later(c, result);
}

/* --- asking --- */

/* What is in a namespace is looked up by its name only if that is in the path; else all of them are gone through. */
static void put_path(struct buffer *target, const struct resource *r, const char *ns)
{
	size_t base = strlen(r->path) - strlen(r->plural);
	buffer_append(target, r->path, base);
	if (*ns) {
		buffer_append(target, "namespaces/", strlen("namespaces/"));
		target_escape(target, ns);
		buffer_append(target, "/", 1);
	}
	buffer_append(target, r->plural, strlen(r->plural));
	buffer_append(target, "?", 1);
}

/* Without a version: the answer is of the latest one there is. If no name is known, any will do, since all that counts then is the version. */
static void put_object(struct buffer *target, const struct confirm *c)
{
	bool known = *c->last.name;
	const char *somewhere = c->resource->kind == OBJECT_NAMESPACE ? "" : NOWHERE;
	char field[sizeof c->last.name + sizeof "metadata.name="];
	snprintf(field, sizeof field, "metadata.name=%s", known ? c->last.name : NOWHERE);
	put_path(target, c->resource, known ? c->last.ns : somewhere);
	target_put(target, "fieldSelector", field);
}

static void put_first(struct buffer *target, const struct confirm *c)
{
	put_path(target, c->resource, "");
	buffer_append(target, c->selector, strlen(c->selector));
	target_put(target, "limit", "1");
	target_put(target, "resourceVersion", c->version);
	target_put(target, "resourceVersionMatch", "NotOlderThan");
}

static char *target_of(const struct confirm *c)
{
	struct buffer target = {0};
	if (c->question == QUESTION_OBJECT)
		put_object(&target, c);
	else
		put_first(&target, c);
	return target_take(&target);
}

static void ask(struct confirm *c)
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

void confirm_ask(struct confirm *c, const struct resource *resource, const char *version, const struct confirm_object *last)
{
	uint64_t next_ms = c->asked_ms ? c->asked_ms + c->timing.pause : 0, now_ms = uv_now(c->loop);
	if (*c->version)
		return;
	snprintf(c->version, sizeof c->version, "%s", version);
	c->resource = resource;
	c->last = *last;
	if (next_ms <= now_ms)
		ask(c);
	else
		uv_timer_start(&c->timer, on_timer, next_ms - now_ms, 0);
}

struct confirm *confirm_new(uv_loop_t *loop, struct api *api, const char *selector, struct intern *pool, struct json_arena *arena,
                            const struct confirm_timing *timing, const struct confirm_handlers *handlers)
{
	struct confirm *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	*c = (struct confirm){
	        .loop = loop, .api = api, .selector = selector, .pool = pool, .arena = arena, .timing = *timing, .handlers = *handlers};
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
