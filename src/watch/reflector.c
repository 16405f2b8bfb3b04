#include "reflector.h"
#include "backoff.h"
#include "base/log.h"
#include "failure_log.h"
#include "list_target.h"
#include "object_batch.h"
#include "past.h"
#include "stream.h"
#include "version.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES             2 /* of a list under way: the next is asked for when the first octets of one are there */
#define SHORT_STREAMS_MAX 2 /* that ended before the list did; then lists are fetched */
#define WATCH_SHORT_MS    1000
#define GONE              410
#define GONE_MAX          3 /* in a row; then a list is asked for without a version */
#define ODD_FAILURES_MAX  3 /* of watches from a version that is no number */
#define NOT_FOUND         404

const struct reflector_limits reflector_default_limits = {
        .head = 10000,
        .list_silence = 30000,
        .watch_silence = 90000,
        .retry_min = 100,
        .retry_network = 1000, /* back within 2 s after the server is */
        .retry_server = 5000,
        .retry_refused = 15000,
        .watch_min = 300000, /* client-go's 5 to 10 minutes */
        .watch_max = 600000,
        .confirm_pause = 1000,
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
	const struct resource *resource, *newest; /* which is asked for, of its versions */
	char *selector;                           /* the start of each query, of any version */
	struct intern *pool;
	struct json_arena *arena;
	struct log_series lines; /* of objects, in one list or watch */
	struct reflector_limits limits;
	struct object_sink sink;
	struct reflector_handlers handlers;
	struct reflector_counts counts;
	struct backoff backoff;
	struct failure_log failures;
	struct past *past;
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
	bool unsure;       /* a watch did not end as it should: has the server, which may be another one by now, reached version? */
	bool doubtful;     /* most of the last list could not be read */
	bool crowded;      /* there was more than there may be; until a watch has gone well, nothing says that it was for once */
	bool other_absent; /* this server has just said that it has not got the other version of the resource */

	unsigned short_streams;
	unsigned gone;                 /* answers of 410 since a watch brought something */
	unsigned odd_failures;         /* of watches from this version, which is no number */
	struct object_batch batch;     /* what the list under way would add and take away */
	bool listed_gone;              /* it takes something away */
	bool marked;                   /* begin was called: something of it is given out */
	struct stream_counts listed;   /* what the pages had that are done */
	unsigned error_code;           /* of the ERROR event that ended the watch; 0: there was none */
	bool fresh;                    /* the connection seems dead */
	bool unreachable;              /* the last failure was no response of the server */
	uint64_t request_ms;           /* when the request was begun */
	struct list_progress progress; /* of the list under way */
	uint64_t connection;           /* by which the last response came */
};

static void begin_list(struct reflector *r);
static void begin_watch(struct reflector *r);
static bool ask_page(struct reflector *r, const char *continuation);

/* --- what comes in --- */

static void set_version(char out[VERSION_MAX], const char *version)
{
	snprintf(out, VERSION_MAX, "%s", version);
}

static void add_counts(struct stream_counts *sum, const struct stream *s)
{
	struct stream_counts c = s ? stream_counts(s) : (struct stream_counts){0};
	sum->objects += c.objects;
	sum->unreadable += c.unreadable;
}

/* The list under way so far. */
static struct stream_counts list_counts(const struct reflector *r)
{
	struct stream_counts sum = r->listed;
	for (unsigned i = 0; i < PAGES; i++)
		add_counts(&sum, r->pages[i].stream);
	return sum;
}

/* A list like that says little about what is gone. */
static bool is_doubtful(const struct reflector *r)
{
	struct stream_counts c = list_counts(r);
	if (c.unreadable * 2 <= c.objects)
		return false;
	log_line(LOG_WARNING, "%s: of the list's %llu objects %llu can't be read: what was known before stays", r->resource->plural,
	         (unsigned long long)c.objects, (unsigned long long)c.unreadable);
	return true;
}

/* What is not swept adds up. */
static enum err check_room(const struct reflector *r, struct diag *why)
{
	struct object_amount all = r->sink.amount(r->sink.arg, r->resource->kind);
	all.objects += r->batch.amount.objects;
	all.octets += r->batch.amount.octets;
	return list_bounds_check(&r->limits.list, all, why);
}

/* Before the first that is given out of a list. */
static void mark(struct reflector *r)
{
	if (!r->marked)
		r->sink.mark(r->sink.arg, r->resource->kind);
	r->marked = true;
}

static enum err give_out(struct reflector *r, struct diag *why)
{
	enum err err;
	mark(r);
	r->handlers.changing(r->handlers.arg, NULL);
	err = object_batch_give(&r->batch, &r->sink);
	return err ? diag_set(why, err, "the list's objects could not be taken: %s", err_str(err)) : OK;
}

/* On an error it is as if it was not. */
static enum err list_is_whole(struct reflector *r, const char *version, struct diag *why)
{
	bool doubtful = is_doubtful(r);
	enum err err = doubtful ? check_room(r, why) : OK;
	if (!err)
		err = give_out(r, why);
	if (err)
		return err;
	set_version(r->version, version);
	r->complete = true;
	r->expired = r->unpaged = r->unsure = false;
	r->odd_failures = 0;
	r->doubtful = doubtful;
	uv_timer_stop(&r->timer);
	past_stop(r->past);
	r->counts.synced = true;
	r->counts.heard_ms = uv_now(r->loop);
	r->counts.refused_status = 0;
	log_series_end(&r->lines);
	r->other_absent = false;
	failure_log_over(&r->failures, r->resource, uv_now(r->loop));
	if (!doubtful)
		r->sink.sweep(r->sink.arg, r->resource->kind);
	r->handlers.synced(r->handlers.arg, r->resource->kind);
	return OK;
}

static enum err give(const struct reflector *r, struct object *o)
{
	r->handlers.changing(r->handlers.arg, o);
	return r->sink.upsert(r->sink.arg, o);
}

/* A watch can bring more without end as well. What there is by then stays until a list says what of it is true. */
static enum err take_change(struct reflector *r, struct object *o, struct diag *why)
{
	enum err err = give(r, o);
	if (err)
		return err;
	err = list_bounds_check(&r->limits.list, r->sink.amount(r->sink.arg, r->resource->kind), why);
	if (err) {
		r->crowded = true;
		r->complete = false;
	}
	return err;
}

/* Where the list itself has said that something is gone, order counts. */
static enum err take_listed(struct reflector *r, struct object *o)
{
	if (r->listed_gone || !r->sink.knows(r->sink.arg, o))
		return object_batch_add(&r->batch, o);
	mark(r);
	return give(r, o);
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct page *p = arg;
	struct reflector *r = p->owner;
	r->counts.objects++;
	return r->phase == PHASE_WATCHING ? take_change(r, o, &p->why) : take_listed(r, o);
}

static enum err on_gone(void *arg, const char *ns, const char *name)
{
	const struct page *p = arg;
	struct reflector *r = p->owner;
	r->listed_gone = true;
	if (r->phase != PHASE_WATCHING)
		return object_batch_add_gone(&r->batch, r->resource->kind, ns, name);
	r->handlers.changing(r->handlers.arg, NULL);
	r->sink.gone(r->sink.arg, r->resource->kind, ns, name);
	return OK;
}

/* What a watch says before it is sure that the server is the same proves nothing. */
static void on_seen(void *arg, const char *ns, const char *name, const char *version, bool deleted)
{
	const struct page *p = arg;
	const struct reflector *r = p->owner;
	if (r->phase != PHASE_WATCHING || !(r->unsure || past_is_replaying(r->past)))
		past_seen(r->past, ns, name, version, deleted);
}

/* Versions of a watch grow. Where one does not, the server is not the one that it was. */
static void watch_is_at(struct reflector *r, const char *version)
{
	if (!r->crowded)
		backoff_reset(&r->backoff);
	r->gone = r->odd_failures = 0;
	if (version_is_older(version, r->version)) {
		past_ask(r->past, r->resource, r->version);
		return;
	}
	set_version(r->version, version);
	r->counts.heard_ms = uv_now(r->loop);
}

static void take_replay(struct reflector *r, const char *version);

/* The list is whole, and the stream goes on as a watch. */
static enum err begin_changes(struct page *p, const char *version)
{
	struct reflector *r = p->owner;
	enum err err = list_is_whole(r, version, &p->why);
	if (err)
		return err;
	r->phase = PHASE_WATCHING;
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
	} else if (r->phase == PHASE_WATCHING) {
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
	object_batch_clear(&r->batch);
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
	unsigned ms = r->backoff.tries ? backoff_next_ms(&r->backoff, r->limits.retry_min, r->limits.retry_server) : 0;
	r->backoff.tries += !r->backoff.tries;
	r->phase = PHASE_WAITING;
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

/* The longest wait after such a failure. */
static unsigned retry_max(const struct reflector *r, const struct api_result *result, unsigned code)
{
	bool for_now = code == 429 || code == 408 || code >= 500 || (result->outcome == API_REFUSED && !r->complete);
	if (!code && !for_now && result->outcome != API_CREDENTIALS)
		return r->limits.retry_network;
	return for_now ? r->limits.retry_server : r->limits.retry_refused;
}

static void retry_later(struct reflector *r, const struct api_result *result, unsigned code)
{
	unsigned ms = backoff_next_ms(&r->backoff, r->limits.retry_min, retry_max(r, result, code));
	unsigned asked = result->retry_after_s < 60 ? result->retry_after_s * 1000 : 60000;
	if (ms < asked)
		ms = backoff_draw(&r->backoff, asked, asked + asked / 4);
	r->fresh = result->outcome == API_SILENT && !result->status;
	r->counts.refused_status = result->outcome == API_STATUS ? result->status : 0;
	r->phase = PHASE_WAITING;
	failure_log_tell(&r->failures, r->resource, result, ms, uv_now(r->loop));
	uv_timer_start(&r->timer, on_timer, ms, 0);
}

/* The next list is not bound to what we know. */
static void list_anew(struct reflector *r, const char *why)
{
	log_line(LOG_INFO, "%s: %s; listing anew", r->resource->plural, why);
	r->complete = false;
	r->expired = true;
}

static void version_is_gone(struct reflector *r)
{
	if (r->phase == PHASE_LISTING && r->expired) {
		r->unpaged = true; /* it can only be the continuation */
	} else if (r->phase == PHASE_STREAMING && !*r->version) {
		r->no_streamed_list = true; /* there was none that could expire */
	} else if (r->phase == PHASE_WATCHING && r->gone < GONE_MAX) {
		log_line(LOG_INFO, "%s: version %.40s has expired; listing what is not older", r->resource->plural, r->version);
		r->complete = false;
	} else {
		list_anew(r, "what it has is too old");
	}
}

/* A watch that failed may be asked for something that can't be had: by a proxy's error, a version that is no number is met by who knows what. */
static bool is_odd_version(struct reflector *r)
{
	r->odd_failures += r->phase == PHASE_WATCHING && !version_is_number(r->version);
	return r->phase == PHASE_WATCHING && r->odd_failures >= ODD_FAILURES_MAX;
}

/* The server has not got the version that was asked for. False: nor the other one, if there is one. */
static bool ask_other_version(struct reflector *r)
{
	r->resource = r->resource->older ? r->resource->older : r->newest;
	r->other_absent = !r->other_absent && r->newest->older;
	return r->other_absent;
}

/* A failure whose remedy is to ask for something else. False: it isn't. */
static bool ask_otherwise(struct reflector *r, unsigned code, const char *text)
{
	r->gone += code == GONE;
	if (code == GONE) {
		version_is_gone(r);
	} else if (r->phase == PHASE_STREAMING && api_is_about_request(code)) {
		log_line(LOG_INFO, "%s: this server does not stream lists; they are fetched", r->resource->plural);
		r->no_streamed_list = true;
	} else if (code && *r->version && version_is_ahead(text)) {
		list_anew(r, "the server's store is not what it was");
	} else if ((r->phase == PHASE_WATCHING && api_is_about_request(code)) || is_odd_version(r)) {
		list_anew(r, "it does not watch from the version that it gave");
	} else if (code == NOT_FOUND && ask_other_version(r)) {
		r->complete = false;
	} else {
		return false;
	}
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
	r->unsure |= r->phase == PHASE_WATCHING;
	if (ask_otherwise(r, code, result->text))
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
	if (list_is_whole(r, r->list_version, &why))
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
		r->complete = false;
	if (too_short && r->backoff.tries) {
		on_failure(r, result);
		return;
	}
	r->backoff.tries = too_short;
	resume(r);
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
		seen.outcome = API_REFUSED;
	if (*p->why.text)
		seen.text = p->why.text;
	add_counts(&r->listed, p->stream);
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
	if (r->phase != PHASE_WATCHING) {
		list_progress_begin(&r->progress, uv_now(r->loop));
		return;
	}
	failure_log_over(&r->failures, r->resource, uv_now(r->loop));
	if (r->unsure && !past_is_replaying(r->past))
		past_ask(r->past, r->resource, r->version);
}

/* Not of a watch, which brings more and more, and is not expected to end. */
static enum err add_progress(struct reflector *r, struct diag *why)
{
	if (r->phase == PHASE_WATCHING)
		return OK;
	return list_progress_add(&r->progress, &r->limits.list, list_counts(r).objects, r->counts.bytes, uv_now(r->loop), why);
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

/* False: no page is free, or out of memory. */
static bool ask_page(struct reflector *r, const char *continuation)
{
	struct page *p = free_page(r);
	const struct list_target wanted = {.resource = r->resource,
	                                   .selector = r->selector,
	                                   .version = r->version,
	                                   .continuation = continuation,
	                                   .expired = r->expired,
	                                   .unpaged = r->unpaged};
	char *target = p ? list_target(&wanted) : NULL;
	bool asked = target && ask(p, SCAN_LIST, target, r->limits.list_silence);
	free(target);
	return asked;
}

static bool ask_watch(struct reflector *r, const char *from, bool with_list)
{
	const struct list_target wanted = {.resource = r->resource,
	                                   .selector = r->selector,
	                                   .version = from,
	                                   .with_list = with_list,
	                                   .seconds = backoff_draw(&r->backoff, r->limits.watch_min, r->limits.watch_max) / 1000};
	char *target = watch_target(&wanted);
	bool asked = target && ask(&r->pages[0], SCAN_WATCH, target, with_list ? r->limits.list_silence : r->limits.watch_silence);
	free(target);
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

static void begin_watch_from(struct reflector *r, const char *version)
{
	begin(r, PHASE_WATCHING);
	r->counts.watches++;
	if (!ask_watch(r, version, false))
		out_of_memory(r);
}

static void begin_watch(struct reflector *r)
{
	begin_watch_from(r, r->version);
}

static void on_list_timer(uv_timer_t *handle)
{
	struct reflector *r = handle->data;
	struct diag why;
	uint64_t again_ms;
	if (list_progress_check(&r->progress, &r->limits.list, uv_now(r->loop), &again_ms, &why))
		on_failure(r, &(struct api_result){.outcome = API_REFUSED, .reason = "", .text = why.text});
	else
		uv_timer_start(&r->timer, on_list_timer, again_ms, 0);
}

static void begin_list(struct reflector *r)
{
	begin(r, r->no_streamed_list ? PHASE_LISTING : PHASE_STREAMING);
	r->counts.lists++;
	r->counts.objects = r->counts.bytes = 0;
	r->listed = (struct stream_counts){0};
	r->progress = (struct list_progress){0};
	past_forget(r->past);
	r->listed_gone = r->marked = false;
	uv_timer_start(&r->timer, on_list_timer, list_first_check_ms(&r->limits.list), 0);
	if (r->expired)
		r->version[0] = '\0';
	log_line(LOG_DEBUG, "%s: listing what is not older than version %.40s", r->resource->plural, *r->version ? r->version : "0");
	if (!(r->no_streamed_list ? ask_page(r, NULL) : ask_watch(r, r->version, true)))
		out_of_memory(r);
}

/* --- what the server has reached --- */

static void on_same(void *arg)
{
	struct reflector *r = arg;
	log_line(LOG_DEBUG, "%s: the server has version %.40s; going on from there", r->resource->plural, r->version);
	r->unsure = false;
}

static void on_broken(void *arg, const char *said)
{
	struct reflector *r = arg;
	char why[DIAG_TEXT_MAX];
	snprintf(why, sizeof why, "the server's store is not what it was (%.300s)", said);
	drop_all(r);
	list_anew(r, why);
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
	set_version(r->version, version); /* what came since comes again */
	on_same(r);
}

static bool make_past(struct reflector *r)
{
	const struct past_handlers handlers = {on_same, on_replay, on_broken, r};
	const struct confirm_timing timing = {r->limits.head, r->limits.list_silence, r->limits.retry_min, r->limits.retry_refused,
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
	                        .resource = resource,
	                        .newest = resource,
	                        .selector = selector,
	                        .pool = pool,
	                        .batch = {.pool = pool},
	                        .arena = arena,
	                        .limits = *limits,
	                        .sink = *sink,
	                        .handlers = *handlers};
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
	counts.watching = r->phase == PHASE_WATCHING && !r->unsure;
	counts.version = r->version;
	return counts;
}
