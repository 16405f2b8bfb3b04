#include "request_plan.h"
#include "api/api.h"
#include "base/log.h"

#define SHORT_STREAMS_MAX 2 /* then lists are fetched */
#define GONE_MAX          3 /* in a row; then a list is asked for without a version */
#define ODD_FAILURES_MAX  3
#define NOT_FOUND         404
#define GONE              410

void request_plan_init(struct request_plan *p, const struct resource *resource)
{
	*p = (struct request_plan){.resource = resource, .newest = resource};
}

enum request_kind request_plan_next(struct request_plan *p)
{
	if (p->complete)
		return REQUEST_WATCH;
	if (p->expired)
		p->version[0] = '\0';
	return p->no_streamed_list ? REQUEST_PAGES : REQUEST_STREAMED_LIST;
}

/* --- what went well --- */

void request_plan_listed(struct request_plan *p, const char *version)
{
	version_set(p->version, version);
	p->complete = true;
	p->expired = p->unpaged = p->other_absent = false;
	p->odd_failures = 0;
}

bool request_plan_watched(struct request_plan *p, const char *version)
{
	p->gone = p->odd_failures = 0;
	if (version_is_older(version, p->version))
		return false;
	version_set(p->version, version);
	return true;
}

/* --- what did not --- */

void request_plan_list_anew(struct request_plan *p, const char *why)
{
	log_line(LOG_INFO, "%s: %s; listing anew", p->resource->plural, why);
	p->complete = false;
	p->expired = true;
}

void request_plan_stream_was_short(struct request_plan *p)
{
	p->no_streamed_list = ++p->short_streams >= SHORT_STREAMS_MAX;
}

static void version_is_gone(struct request_plan *p, enum request_kind failed)
{
	if (failed == REQUEST_PAGES && p->expired) {
		p->unpaged = true; /* it can only be the continuation */
	} else if (failed == REQUEST_STREAMED_LIST && !*p->version) {
		p->no_streamed_list = true; /* there was none that could expire */
	} else if (failed == REQUEST_WATCH && p->gone < GONE_MAX) {
		log_line(LOG_INFO, "%s: version %.40s has expired; listing what is not older", p->resource->plural, p->version);
		p->complete = false;
	} else {
		request_plan_list_anew(p, "what it has is too old");
	}
}

/* A watch that failed may be asked for something that can't be had: by a proxy's error, a version that is no number is met by who knows what. */
static bool is_odd_version(struct request_plan *p, enum request_kind failed)
{
	p->odd_failures += failed == REQUEST_WATCH && !version_is_number(p->version);
	return failed == REQUEST_WATCH && p->odd_failures >= ODD_FAILURES_MAX;
}

/* The server has not got the resource in the version that was asked for. False: nor in the other one, if there is one. */
static bool ask_other_resource(struct request_plan *p)
{
	p->resource = p->resource->older ? p->resource->older : p->newest;
	p->other_absent = !p->other_absent && p->newest->older;
	return p->other_absent;
}

bool request_plan_otherwise(struct request_plan *p, enum request_kind failed, unsigned code, const char *text)
{
	p->gone += code == GONE;
	if (code == GONE) {
		version_is_gone(p, failed);
	} else if (failed == REQUEST_STREAMED_LIST && api_is_about_request(code)) {
		log_line(LOG_INFO, "%s: this server does not stream lists; they are fetched", p->resource->plural);
		p->no_streamed_list = true;
	} else if (code && *p->version && version_is_ahead(text)) {
		request_plan_list_anew(p, "the server's store is not what it was");
	} else if ((failed == REQUEST_WATCH && api_is_about_request(code)) || is_odd_version(p, failed)) {
		request_plan_list_anew(p, "it does not watch from the version that it gave");
	} else if (code == NOT_FOUND && ask_other_resource(p)) {
		p->complete = false;
	} else {
		return false;
	}
	return true;
}
