#include "reflector.h"
#include "backoff.h"
#include "base/log.h"
#include "stream.h"
#include "trouble.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_LIMIT        500
#define PAGES             2 /* of a list under way: the next is asked for when the first octets of one are there */
#define VERSION_MAX       64
#define SHORT_STREAMS_MAX 2 /* that ended before the list did; then lists are fetched */
#define WATCH_SHORT_MS    1000
#define GONE              410

const struct reflector_timing reflector_default_timing = {
        .head = 10000,
        .list_silence = 30000,
        .watch_silence = 90000,
        .retry_min = 100,
        .retry_network = 1000, /* back within 2 s after the server is */
        .retry_server = 5000,
        .retry_refused = 15000,
        .watch_min = 300000, /* client-go's 5 to 10 minutes */
        .watch_max = 600000,
};

enum phase {
	PHASE_WAITING,   /* for the timer */
	PHASE_STREAMING, /* a list as a watch's first events */
	PHASE_LISTING,   /* pages, or one long one */
	PHASE_WATCHING,
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
	const struct resource *resource;
	char *selector; /* the start of each query */
	struct intern *pool;
	struct json_arena *arena;
	struct log_series lines; /* of objects, in one list or watch */
	struct reflector_timing timing;
	struct reflector_handlers handlers;
	struct reflector_counts counts;
	struct backoff backoff;
	struct trouble trouble;
	uv_timer_t timer;

	enum phase phase;
	struct page pages[PAGES];
	char *continuation;             /* of the page to ask for as soon as one is free; NULL: none */
	char version[VERSION_MAX];      /* the world has, as far as we know; "": nothing known */
	char list_version[VERSION_MAX]; /* of the list under way */
	bool complete;                  /* since version: a watch can go on from there */
	bool expired;                   /* version, so that a list must not ask for it */
	bool unpaged;                   /* a continuation expired: pages take too long here */
	bool no_streamed_list;          /* this server refuses them */
	unsigned short_streams;
	unsigned error_code; /* of the ERROR event that ended the watch; 0: there was none */
	bool fresh;          /* the connection seems dead */
	bool unreachable;    /* the last failure was no response of the server */
	uint64_t request_ms; /* when the request was begun */
};

static void begin_list(struct reflector *r);
static void begin_watch(struct reflector *r);
static bool ask_page(struct reflector *r, const char *continuation);

/* --- what comes in --- */

static void set_version(char out[VERSION_MAX], const char *version)
{
	snprintf(out, VERSION_MAX, "%s", version);
}

static void list_is_whole(struct reflector *r, const char *version)
{
	set_version(r->version, version);
	r->complete = true;
	r->expired = r->unpaged = false;
	r->counts.synced = true;
	r->counts.refused_status = 0;
	log_series_end(&r->lines);
	trouble_over(&r->trouble, r->resource, uv_now(r->loop));
	r->handlers.synced(r->handlers.arg, r->resource->kind);
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct page *p = arg;
	p->owner->counts.objects++;
	return p->owner->handlers.upsert(p->owner->handlers.arg, o);
}

static void on_gone(void *arg, const char *ns, const char *name)
{
	const struct page *p = arg;
	p->owner->handlers.gone(p->owner->handlers.arg, p->owner->resource->kind, ns, name);
}

/* While a list is streamed, the versions of its objects say nothing about the whole. */
static void on_version(void *arg, const char *version, bool initial_end)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	if (r->phase == PHASE_WATCHING) {
		set_version(r->version, version);
		backoff_reset(&r->backoff);
	} else if (initial_end) {
		r->phase = PHASE_WATCHING;
		api_set_silence(p->request, r->timing.watch_silence);
		list_is_whole(r, version);
	}
}

static void on_list(void *arg, const char *version, const char *continuation)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	set_version(r->list_version, version);
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
	p->owner->error_code = code;
	diag_set(&p->why, OK, "it ended the stream with status %u: %.300s", code, message);
}

static const struct stream_handlers stream_handlers = {on_upsert, on_gone, on_version, on_list, on_error, NULL};

/* --- after a response --- */

static void page_clear(struct page *p)
{
	api_cancel(p->request);
	p->request = NULL;
	stream_free(p->stream);
	p->stream = NULL;
}

static void drop_all(struct reflector *r)
{
	for (unsigned i = 0; i < PAGES; i++)
		page_clear(&r->pages[i]);
	free(r->continuation);
	r->continuation = NULL;
}

static void resume(struct reflector *r)
{
	if (r->complete)
		begin_watch(r);
	else
		begin_list(r);
}

static void on_timer(uv_timer_t *handle)
{
	resume(handle->data);
}

/* What may be done at once, but only if it is not what has just been tried in vain. */
static void resume_soon(struct reflector *r)
{
	unsigned ms = r->backoff.tries ? backoff_next_ms(&r->backoff, r->timing.retry_min, r->timing.retry_server) : 0;
	r->backoff.tries += !r->backoff.tries;
	r->phase = PHASE_WAITING;
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

/* The longest wait after such a failure. */
static unsigned retry_max(const struct reflector *r, const struct api_result *result, unsigned code)
{
	bool for_now = code == 429 || code == 408 || code >= 500;
	if (!code && result->outcome != API_CREDENTIALS)
		return r->timing.retry_network;
	return for_now ? r->timing.retry_server : r->timing.retry_refused;
}

static void retry_later(struct reflector *r, const struct api_result *result, unsigned code)
{
	unsigned ms = backoff_next_ms(&r->backoff, r->timing.retry_min, retry_max(r, result, code));
	unsigned asked = result->retry_after_s < 60 ? result->retry_after_s * 1000 : 60000;
	if (ms < asked)
		ms = backoff_draw(&r->backoff, asked, asked + asked / 4);
	r->fresh = result->outcome == API_SILENT && !result->status;
	r->counts.refused_status = result->outcome == API_STATUS ? result->status : 0;
	r->phase = PHASE_WAITING;
	trouble_tell(&r->trouble, r->resource, result, ms, uv_now(r->loop));
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

/* True if the request itself, other than who makes it and when, is what the server objects to. */
static bool is_about_the_request(unsigned code)
{
	return code == 400 || code == 405 || code == 406 || code == 415 || code == 422;
}

/* A failure whose remedy is to ask for something else. False: it isn't. */
static bool ask_otherwise(struct reflector *r, unsigned code, const char *reason)
{
	/* A version that the server has not reached, because its store was set back to an earlier state. */
	bool too_new = code == 504 && strcmp(reason, "Timeout") == 0 && *r->version;
	if (r->phase == PHASE_STREAMING && is_about_the_request(code)) {
		log_line(LOG_INFO, "%s: this server does not stream lists; they are fetched", r->resource->plural);
		r->no_streamed_list = true;
	} else if (r->phase == PHASE_LISTING && code == GONE && r->expired) {
		r->unpaged = true; /* it can only be the continuation */
	} else if (code == GONE || too_new || (r->phase == PHASE_WATCHING && is_about_the_request(code))) {
		log_line(LOG_INFO, "%s: version %s has expired; listing anew", r->resource->plural, *r->version ? r->version : "0");
		r->expired = r->phase != PHASE_WATCHING || code != GONE;
	} else {
		return false;
	}
	r->complete = false;
	return true;
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
	if (ask_otherwise(r, code, result->reason))
		resume_soon(r);
	else
		retry_later(r, result, code);
}

static void on_list_page_end(struct reflector *r)
{
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
	list_is_whole(r, r->list_version);
	begin_watch(r);
}

/* The server ends a watch as it was asked to, after minutes. Where it does so at once, and no event came, that is a failure. */
static void on_watch_end(struct reflector *r, const struct api_result *result)
{
	bool too_short = uv_now(r->loop) - r->request_ms < WATCH_SHORT_MS;
	if (too_short && r->backoff.tries) {
		on_failure(r, result);
		return;
	}
	r->backoff.tries = too_short;
	begin_watch(r);
}

static void on_success(struct reflector *r, const struct api_result *result)
{
	switch (r->phase) {
	case PHASE_LISTING:
		on_list_page_end(r);
		break;
	case PHASE_WATCHING:
		on_watch_end(r, result);
		break;
	case PHASE_STREAMING:
		r->no_streamed_list = ++r->short_streams >= SHORT_STREAMS_MAX;
		on_failure(r, result);
		break;
	case PHASE_WAITING:
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
		seen.outcome = API_BROKEN;
	if (*p->why.text)
		seen.text = p->why.text;
	page_clear(p);
	if (seen.outcome == API_OK)
		on_success(r, &seen);
	else
		on_failure(r, &seen);
}

static void on_begun(void *arg)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	r->fresh = false;
	r->counts.refused_status = 0;
	if (r->phase == PHASE_WATCHING)
		trouble_over(&r->trouble, r->resource, uv_now(r->loop));
}

static enum err on_body(void *arg, const char *bytes, size_t len)
{
	struct page *p = arg;
	struct diag why;
	enum err err;
	*why.text = '\0';
	p->owner->counts.bytes += len;
	err = stream_feed(p->stream, bytes, len, &why);
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
	        .head_ms = r->timing.head,
	        .silence_ms = silence_ms,
	        .fresh_connection = r->fresh,
	        .begun = on_begun,
	        .body = on_body,
	        .done = on_done,
	        .arg = p,
	};
	handlers.arg = p;
	*p->why.text = '\0';
	p->stream = stream_new(r->resource, form, r->pool, r->arena, &r->lines, &handlers);
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

/* What a list may be served from: what we have seen or later, where that still can be asked for; else the server's own store, which is
 * read in pages. */
static void list_query(const struct reflector *r, char *query, size_t cap)
{
	if (!r->expired)
		snprintf(query, cap, "resourceVersion=%s", *r->version ? r->version : "0");
	else if (!r->unpaged)
		snprintf(query, cap, "limit=%d", PAGE_LIMIT);
	else
		query[0] = '\0';
}

/* False: no page is free, or out of memory. */
static bool ask_page(struct reflector *r, const char *continuation)
{
	struct page *p = free_page(r);
	char query[VERSION_MAX + 32], *escaped = NULL, *path = NULL;
	bool asked = false;
	if (!p)
		return false;
	list_query(r, query, sizeof query);
	if (continuation) {
		snprintf(query, sizeof query, "limit=%d&continue=", PAGE_LIMIT);
		escaped = curl_easy_escape(NULL, continuation, 0);
	}
	if ((!continuation || escaped) && asprintf(&path, "%s?%s%s%s", r->resource->path, r->selector, query, escaped ? escaped : "") >= 0)
		asked = ask(p, SCAN_LIST, path, r->timing.list_silence);
	free(path);
	curl_free(escaped);
	return asked;
}

static bool ask_watch(struct reflector *r, bool with_list)
{
	char *path = NULL;
	unsigned seconds = backoff_draw(&r->backoff, r->timing.watch_min, r->timing.watch_max) / 1000;
	bool asked = asprintf(&path, "%s?%swatch=1&allowWatchBookmarks=true%s%s%s&timeoutSeconds=%u", r->resource->path, r->selector,
	                      with_list ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : "",
	                      *r->version ? "&resourceVersion=" : "", r->version, seconds ? seconds : 1) >= 0 &&
	             ask(&r->pages[0], SCAN_WATCH, path, with_list ? r->timing.list_silence : r->timing.watch_silence);
	free(path);
	return asked;
}

static void begin(struct reflector *r, enum phase phase)
{
	r->phase = phase;
	r->error_code = 0;
	log_series_end(&r->lines);
	r->request_ms = uv_now(r->loop);
}

static void out_of_memory(struct reflector *r)
{
	on_failure(r, &(struct api_result){.outcome = API_NOMEM, .reason = "", .text = "the request could not be made"});
}

static void begin_watch(struct reflector *r)
{
	begin(r, PHASE_WATCHING);
	r->counts.watches++;
	if (!ask_watch(r, false))
		out_of_memory(r);
}

static void begin_list(struct reflector *r)
{
	begin(r, r->no_streamed_list ? PHASE_LISTING : PHASE_STREAMING);
	r->counts.lists++;
	r->counts.objects = r->counts.bytes = 0;
	if (r->expired)
		r->version[0] = '\0';
	r->handlers.begin(r->handlers.arg, r->resource->kind);
	if (!(r->no_streamed_list ? ask_page(r, NULL) : ask_watch(r, true)))
		out_of_memory(r);
}

/* --- the reflector --- */

struct reflector *reflector_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *labels, struct intern *pool,
                                struct json_arena *arena, const struct reflector_timing *timing, const struct reflector_handlers *handlers)
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
	                        .resource = resource,
	                        .selector = selector,
	                        .pool = pool,
	                        .arena = arena,
	                        .timing = *timing,
	                        .handlers = *handlers};
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
	free(r->selector);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}

struct reflector_counts reflector_counts(const struct reflector *r)
{
	return r->counts;
}
