#include "reflector.h"
#include "backoff.h"
#include "base/log.h"
#include "failure_log.h"
#include "list_target.h"
#include "listing.h"
#include "past.h"
#include "request_plan.h"
#include "stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES          2 /* of a list under way: the next is asked for when the first octets of one are there */
#define WATCH_SHORT_MS 1000

const struct reflector_limits reflector_default_limits = {
        .head = 10000,
        .list_silence = 30000,
        .watch_silence = 90000,
        .retry = {.min = 100,
                  .network = 1000, /* back within 2 s after the server is */
                  .server = 5000,
                  .refused = 15000},
        .watch_min = 300000, /* client-go's 5 to 10 minutes */
        .watch_max = 600000,
        .confirm_pause = 1000,
};

/* One response under way. */
struct page {
	struct reflector *owner;
	struct api_request *request; /* NULL: free */
	struct stream *stream;
	struct diag why; /* what stream_feed had to say */
};

struct reflector {
	uv_loop_t *loop;
	struct api *api;
	char *selector; /* the start of each query, of any version of the resource */
	struct intern *pool;
	struct json_arena *arena;
	struct log_series lines; /* of objects, in one list or watch */
	struct reflector_limits limits;
	struct listing_outlet outlet;
	struct reflector_handlers handlers;
	struct reflector_counts counts;
	struct request_plan plan;
	struct listing listing;
	struct backoff backoff;
	struct failure_log failures;
	struct past *past;
	uv_timer_t timer;

	enum request_kind under_way; /* REQUEST_NONE: the timer is waited for */
	struct page pages[PAGES];
	char *continuation;  /* of the page to ask for as soon as one is free; NULL: none */
	unsigned error_code; /* of the ERROR event that ended the watch; 0: there was none */
	uint64_t request_ms; /* when the request was begun */
	uint64_t connection; /* by which the last response came */
	bool fresh;          /* the connection seems dead */
	bool unreachable;    /* the last failure was no response of the server */
	bool unsure;         /* a watch did not end as it should: has the server, which may be another one by now, reached the version? */
	bool doubtful;       /* most of the last list could not be read */
	bool crowded;        /* there was more than there may be; until a watch has gone well, nothing says that it was for once */
};

static void begin_list(struct reflector *r, enum request_kind kind);
static void begin_watch(struct reflector *r);
static bool ask_page(struct reflector *r, const char *continuation);

/* --- what comes in --- */

static const char *name_of(const struct reflector *r)
{
	return r->plan.resource->plural;
}

/* On an error it is as if it was not. */
static enum err list_is_whole(struct reflector *r, const char *version, struct diag *why)
{
	enum err err = listing_finish(&r->listing, &r->limits.list, name_of(r), &r->doubtful, why);
	if (err)
		return err;
	request_plan_listed(&r->plan, version);
	r->unsure = false;
	uv_timer_stop(&r->timer);
	past_stop(r->past);
	r->counts.synced = true;
	r->counts.heard_ms = uv_now(r->loop);
	r->counts.refused_status = 0;
	log_series_end(&r->lines);
	failure_log_over(&r->failures, r->plan.resource, uv_now(r->loop));
	r->handlers.synced(r->handlers.arg, r->listing.kind);
	return OK;
}

/* A watch can bring more without end as well. What there is by then stays until a list says what of it is true. */
static enum err take_change(struct reflector *r, struct object *o, struct diag *why)
{
	const struct object_sink *sink = &r->outlet.sink;
	enum err err;
	r->outlet.changing(r->outlet.arg, o);
	err = sink->upsert(sink->arg, o);
	if (err)
		return err;
	err = list_bounds_check(&r->limits.list, sink->amount(sink->arg, r->listing.kind), why);
	if (err) {
		r->crowded = true;
		r->plan.complete = false;
	}
	return err;
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct page *p = arg;
	struct reflector *r = p->owner;
	r->counts.objects++;
	return r->under_way == REQUEST_WATCH ? take_change(r, o, &p->why) : listing_take(&r->listing, o);
}

static enum err on_gone(void *arg, const char *ns, const char *name)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	if (r->under_way != REQUEST_WATCH)
		return listing_take_gone(&r->listing, ns, name);
	r->outlet.changing(r->outlet.arg, NULL);
	r->outlet.sink.gone(r->outlet.sink.arg, r->listing.kind, ns, name);
	return OK;
}

/* What a watch says before it is sure that the server is the same proves nothing. */
static void on_seen(void *arg, const char *ns, const char *name, const char *version, bool deleted)
{
	const struct page *p = arg;
	const struct reflector *r = p->owner;
	if (r->under_way != REQUEST_WATCH || !(r->unsure || past_is_replaying(r->past)))
		past_seen(r->past, ns, name, version, deleted);
}

static void watch_is_at(struct reflector *r, const char *version)
{
	if (!r->crowded)
		backoff_reset(&r->backoff);
	if (request_plan_watched(&r->plan, version))
		r->counts.heard_ms = uv_now(r->loop);
	else
		past_ask(r->past, r->plan.resource, r->plan.version);
}

static void take_replay(struct reflector *r, const char *version);

/* The list is whole, and the stream goes on as a watch. */
static enum err begin_changes(struct page *p, const char *version)
{
	struct reflector *r = p->owner;
	enum err err;
	listing_add_counts(&r->listing, stream_counts(p->stream));
	err = list_is_whole(r, version, &p->why);
	if (err)
		return err;
	r->under_way = REQUEST_WATCH;
	api_set_silence(p->request, r->limits.watch_silence);
	return OK;
}

/* While a list is streamed, the versions of its objects say nothing about the whole. */
static enum err on_version(void *arg, const char *version, enum stream_mark mark)
{
	struct page *p = arg;
	struct reflector *r = p->owner;
	if (past_is_replaying(r->past)) {
		take_replay(r, version);
	} else if (r->under_way == REQUEST_WATCH) {
		watch_is_at(r, version);
	} else if (mark == STREAM_INITIAL_END) {
		return begin_changes(p, version);
	}
	return OK;
}

static void on_list(void *arg, const char *version, const char *continuation)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	version_set(r->listing.version, version);
	if (!*continuation)
		return;
	free(r->continuation);
	r->continuation = strdup(continuation);
	if (r->continuation && ask_page(r, r->continuation)) {
		free(r->continuation);
		r->continuation = NULL;
	}
}

static void on_error(void *arg, unsigned code, const char *message)
{
	struct page *p = arg;
	char code_text[32] = "an error";
	if (code)
		snprintf(code_text, sizeof code_text, "status %u", code);
	p->owner->error_code = code;
	diag_set(&p->why, OK, "it ended the stream with %s: %.300s", code_text, *message ? message : "no reason is given");
}

static const struct stream_handlers stream_handlers = {on_upsert, on_gone, on_seen, on_version, on_list, on_error, NULL};

/* --- after a response --- */

static void page_clear(struct page *p)
{
	api_cancel(p->request);
	p->request = NULL;
	stream_free(p->stream);
	p->stream = NULL;
}

static void drop_pages(struct reflector *r)
{
	for (unsigned i = 0; i < PAGES; i++)
		page_clear(&r->pages[i]);
	listing_drop(&r->listing);
	free(r->continuation);
	r->continuation = NULL;
}

static void drop_all(struct reflector *r)
{
	past_stop(r->past);
	drop_pages(r);
}

static void resume(struct reflector *r)
{
	enum request_kind next = request_plan_next(&r->plan);
	if (next == REQUEST_WATCH)
		begin_watch(r);
	else
		begin_list(r, next);
}

static void on_timer(uv_timer_t *handle)
{
	resume(handle->data);
}

/* What may be done at once, but only if it is not what has just been tried in vain. */
static void resume_soon(struct reflector *r)
{
	unsigned ms = r->backoff.tries ? backoff_next_ms(&r->backoff, r->limits.retry.min, r->limits.retry.server) : 0;
	r->backoff.tries += !r->backoff.tries;
	r->under_way = REQUEST_NONE;
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

static void retry_later(struct reflector *r, const struct api_result *result, unsigned code)
{
	unsigned ms = retry_wait_ms(&r->backoff, &r->limits.retry, result, code, !r->plan.complete);
	r->fresh = result->outcome == API_SILENT && !result->status;
	r->counts.refused_status = result->outcome == API_STATUS ? result->status : 0;
	r->under_way = REQUEST_NONE;
	failure_log_tell(&r->failures, r->plan.resource, result, ms, uv_now(r->loop));
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

static void on_failure(struct reflector *r, const struct api_result *result)
{
	unsigned code = r->error_code ? r->error_code : result->outcome == API_STATUS ? result->status : 0;
	drop_all(r);
	/* A server that is back may have forgotten our version, or refuse everybody until it has read its RBAC rules: the tries while it was
	 * away don't count. */
	if (code && r->unreachable)
		backoff_reset(&r->backoff);
	r->unreachable = !code;
	r->unsure |= r->under_way == REQUEST_WATCH;
	if (request_plan_otherwise(&r->plan, r->under_way, code, result->text))
		resume_soon(r);
	else
		retry_later(r, result, code);
}

static void on_list_page_end(struct reflector *r)
{
	struct diag why;
	if (r->continuation) {
		char *continuation = r->continuation;
		r->continuation = NULL;
		if (!ask_page(r, continuation))
			on_failure(r, &(struct api_result){
			                      .outcome = API_NOMEM, .reason = "", .text = "the next page could not be asked for"});
		free(continuation);
		return;
	}
	for (unsigned i = 0; i < PAGES; i++) {
		if (r->pages[i].request)
			return;
	}
	if (list_is_whole(r, r->listing.version, &why))
		on_failure(r, &(struct api_result){.outcome = API_REFUSED, .reason = "", .text = why.text});
	else
		begin_watch(r);
}

/* The server ends a watch as it was asked to, after minutes. Where it does so at once, and no event came, that is a failure. */
static void on_watch_end(struct reflector *r, const struct api_result *result)
{
	bool too_short = uv_now(r->loop) - r->request_ms < WATCH_SHORT_MS;
	r->crowded = false;
	if (r->doubtful)
		r->plan.complete = false;
	if (too_short && r->backoff.tries) {
		on_failure(r, result);
		return;
	}
	r->backoff.tries = too_short;
	resume(r);
}

static void on_success(struct reflector *r, const struct api_result *result)
{
	switch (r->under_way) {
	case REQUEST_PAGES:
		on_list_page_end(r);
		break;
	case REQUEST_WATCH:
		on_watch_end(r, result);
		break;
	case REQUEST_STREAMED_LIST:
		request_plan_stream_was_short(&r->plan);
		on_failure(r, result);
		break;
	case REQUEST_NONE:
		break;
	}
}

static void on_done(void *arg, const struct api_result *result)
{
	struct page *p = arg;
	struct reflector *r = p->owner;
	struct api_result seen = *result;
	p->request = NULL;
	if (seen.outcome == API_OK && stream_end(p->stream, &p->why))
		seen.outcome = API_REFUSED;
	if (*p->why.text)
		seen.text = p->why.text;
	listing_add_counts(&r->listing, stream_counts(p->stream));
	page_clear(p);
	if (seen.outcome == API_OK)
		on_success(r, &seen);
	else
		on_failure(r, &seen);
}

static void on_begun(void *arg, uint64_t connection)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	r->unsure |= connection && connection != r->connection;
	if (connection)
		r->connection = connection;
	r->fresh = false;
	r->counts.refused_status = 0;
	if (r->under_way != REQUEST_WATCH) {
		list_progress_begin(&r->listing.progress, uv_now(r->loop));
		return;
	}
	failure_log_over(&r->failures, r->plan.resource, uv_now(r->loop));
	if (r->unsure && !past_is_replaying(r->past))
		past_ask(r->past, r->plan.resource, r->plan.version);
}

/* Of the list under way, so far. */
static uint64_t listed_objects(const struct reflector *r)
{
	uint64_t objects = r->listing.ended.objects;
	for (unsigned i = 0; i < PAGES; i++)
		objects += r->pages[i].stream ? stream_counts(r->pages[i].stream).objects : 0;
	return objects;
}

/* Not of a watch, which brings more and more, and is not expected to end. */
static enum err add_progress(struct reflector *r, struct diag *why)
{
	if (r->under_way == REQUEST_WATCH)
		return OK;
	return list_progress_add(&r->listing.progress, &r->limits.list, listed_objects(r), r->counts.bytes, uv_now(r->loop), why);
}

static enum err on_body(void *arg, const char *bytes, size_t len)
{
	struct page *p = arg;
	struct diag why;
	enum err err;
	*why.text = '\0';
	p->owner->counts.bytes += len;
	err = stream_feed(p->stream, bytes, len, &why);
	if (!err)
		err = add_progress(p->owner, &why);
	if (err && !*p->why.text) /* else on_error has said more */
		p->why = why;
	return err;
}

/* --- asking --- */

/* Starts a request in that page; false: out of memory. */
static bool ask(struct page *p, enum scan_form form, const char *path, unsigned silence_ms)
{
	struct reflector *r = p->owner;
	struct stream_handlers handlers = stream_handlers;
	struct api_get get = {
	        .path = path,
	        .head_ms = r->limits.head,
	        .silence_ms = silence_ms,
	        .fresh_connection = r->fresh,
	        .begun = on_begun,
	        .body = on_body,
	        .done = on_done,
	        .arg = p,
	};
	handlers.arg = p;
	*p->why.text = '\0';
	p->stream = stream_new(r->plan.resource, form, r->pool, r->arena, &r->lines, &handlers);
	if (p->stream)
		p->request = api_start(r->api, &get);
	if (!p->request)
		page_clear(p);
	return p->request;
}

static struct page *free_page(struct reflector *r)
{
	for (unsigned i = 0; i < PAGES; i++) {
		if (!r->pages[i].request)
			return &r->pages[i];
	}
	return NULL;
}

/* False: no page is free, or out of memory. */
static bool ask_page(struct reflector *r, const char *continuation)
{
	struct page *p = free_page(r);
	const struct list_target wanted = {.resource = r->plan.resource,
	                                   .selector = r->selector,
	                                   .version = r->plan.version,
	                                   .continuation = continuation,
	                                   .expired = r->plan.expired,
	                                   .unpaged = r->plan.unpaged};
	char *target = p ? list_target(&wanted) : NULL;
	bool asked = target && ask(p, SCAN_LIST, target, r->limits.list_silence);
	free(target);
	return asked;
}

static bool ask_watch(struct reflector *r, const char *from, bool with_list)
{
	const struct list_target wanted = {.resource = r->plan.resource,
	                                   .selector = r->selector,
	                                   .version = from,
	                                   .with_list = with_list,
	                                   .seconds = backoff_draw(&r->backoff, r->limits.watch_min, r->limits.watch_max) / 1000};
	char *target = watch_target(&wanted);
	bool asked = target && ask(&r->pages[0], SCAN_WATCH, target, with_list ? r->limits.list_silence : r->limits.watch_silence);
	free(target);
	return asked;
}

static void begin(struct reflector *r, enum request_kind kind)
{
	r->under_way = kind;
	r->error_code = 0;
	log_series_end(&r->lines);
	r->request_ms = uv_now(r->loop);
}

static void out_of_memory(struct reflector *r)
{
	on_failure(r, &(struct api_result){.outcome = API_NOMEM, .reason = "", .text = "the request could not be made"});
}

static void begin_watch_from(struct reflector *r, const char *version)
{
	begin(r, REQUEST_WATCH);
	r->counts.watches++;
	if (!ask_watch(r, version, false))
		out_of_memory(r);
}

static void begin_watch(struct reflector *r)
{
	begin_watch_from(r, r->plan.version);
}

static void on_list_timer(uv_timer_t *handle)
{
	struct reflector *r = handle->data;
	struct diag why;
	uint64_t again_ms;
	if (list_progress_check(&r->listing.progress, &r->limits.list, uv_now(r->loop), &again_ms, &why))
		on_failure(r, &(struct api_result){.outcome = API_REFUSED, .reason = "", .text = why.text});
	else
		uv_timer_start(&r->timer, on_list_timer, again_ms, 0);
}

static void begin_list(struct reflector *r, enum request_kind kind)
{
	const char *version = r->plan.version;
	begin(r, kind);
	r->counts.lists++;
	r->counts.objects = r->counts.bytes = 0;
	listing_begin(&r->listing);
	past_forget(r->past);
	uv_timer_start(&r->timer, on_list_timer, list_first_check_ms(&r->limits.list), 0);
	log_line(LOG_DEBUG, "%s: listing what is not older than version %.40s", name_of(r), *version ? version : "0");
	if (!(kind == REQUEST_PAGES ? ask_page(r, NULL) : ask_watch(r, version, true)))
		out_of_memory(r);
}

/* --- what the server has reached --- */

static void on_same(void *arg)
{
	struct reflector *r = arg;
	log_line(LOG_DEBUG, "%s: the server has version %.40s; going on from there", name_of(r), r->plan.version);
	r->unsure = false;
}

static void on_broken(void *arg, const char *said)
{
	struct reflector *r = arg;
	char why[DIAG_TEXT_MAX];
	snprintf(why, sizeof why, "the server's store is not what it was (%.300s)", said);
	drop_all(r);
	request_plan_list_anew(&r->plan, why);
	resume_soon(r);
}

static void on_replay(void *arg, const char *from)
{
	struct reflector *r = arg;
	drop_pages(r);
	begin_watch_from(r, from);
}

static void take_replay(struct reflector *r, const char *version)
{
	if (!past_replay(r->past, version))
		return;
	version_set(r->plan.version, version); /* what came since comes again */
	on_same(r);
}

static bool make_past(struct reflector *r)
{
	const struct past_handlers handlers = {on_same, on_replay, on_broken, r};
	const struct confirm_timing timing = {r->limits.head, r->limits.list_silence, r->limits.retry.min, r->limits.retry.refused,
	                                      r->limits.confirm_pause};
	r->past = past_new(r->loop, r->api, r->selector, r->pool, r->arena, &timing, &handlers);
	return r->past;
}

/* --- the reflector --- */

struct reflector *reflector_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *labels, struct intern *pool,
                                struct json_arena *arena, const struct reflector_limits *limits, const struct object_sink *sink,
                                const struct reflector_handlers *handlers)
{
	struct reflector *r = calloc(1, sizeof *r);
	char *selector = resource_query(resource, labels);
	if (!r || !selector) {
		free(selector);
		free(r);
		return NULL;
	}
	*r = (struct reflector){.loop = loop,
	                        .api = api,
	                        .selector = selector,
	                        .pool = pool,
	                        .arena = arena,
	                        .limits = *limits,
	                        .outlet = {*sink, handlers->changing, handlers->arg},
	                        .handlers = *handlers};
	request_plan_init(&r->plan, resource);
	listing_init(&r->listing, &r->outlet, resource->kind, pool);
	if (!make_past(r)) {
		free(selector);
		free(r);
		return NULL;
	}
	for (unsigned i = 0; i < PAGES; i++)
		r->pages[i].owner = r;
	backoff_init(&r->backoff);
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	uv_timer_start(&r->timer, on_timer, 0, 0);
	return r;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void reflector_free(struct reflector *r)
{
	if (!r)
		return;
	drop_all(r);
	log_series_end(&r->lines);
	past_free(r->past);
	free(r->selector);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}

struct reflector_counts reflector_counts(const struct reflector *r)
{
	struct reflector_counts counts = r->counts;
	counts.watching = r->under_way == REQUEST_WATCH && !r->unsure;
	counts.version = r->plan.version;
	return counts;
}
