#include "failure_log.h"
#include "base/log.h"
#include <stdio.h>

#define UNAUTHORIZED 401
#define FORBIDDEN    403
#define NOT_FOUND    404

static void status_text(const struct resource *res, const struct api_result *r, char *text, size_t cap)
{
	if (r->status == UNAUTHORIZED)
		snprintf(text, cap,
		         "%s: the API server does not know who we are; the token or client certificate is wrong or has expired (%s)",
		         res->plural, r->text);
	else if (r->status == FORBIDDEN)
		snprintf(text, cap,
		         "%s: not allowed; what is missing is the RBAC rule apiGroups: [\"%s\"], resources: [\"%s\"], verbs: [\"list\", "
		         "\"watch\"] (%s)",
		         res->plural, res->group, res->plural, r->text);
	else if (r->status == NOT_FOUND)
		snprintf(text, cap, "%s: the server has no %s; it is too old, or is no Kubernetes API server (%s)", res->plural, res->path,
		         r->text);
	else
		snprintf(text, cap, "%s: the API server refused: %s", res->plural, r->text);
}

static const char *what_happened(enum api_outcome outcome)
{
	switch (outcome) {
	case API_OK:
		return "the API server ended the response too soon";
	case API_STATUS:
		return "the API server refused";
	case API_UNRESOLVED:
		return "the API server's name has no address";
	case API_UNREACHABLE:
		return "the API server cannot be reached";
	case API_TLS:
		return "no TLS session with the API server";
	case API_CREDENTIALS:
		return "no credentials to show";
	case API_SILENT:
		return "the API server fell silent";
	case API_BROKEN:
		return "the connection broke";
	case API_REFUSED:
		return "what the API server sent can't be used";
	case API_NOMEM:
		return "out of memory";
	}
	return "unknown trouble";
}

void failure_log_text(const struct resource *resource, const struct api_result *result, char *text, size_t cap)
{
	if (result->outcome == API_STATUS)
		status_text(resource, result, text, cap);
	else
		snprintf(text, cap, "%s: %s%s%s", resource->plural, what_happened(result->outcome), *result->text ? ": " : "",
		         result->text);
}

void failure_log_tell(struct failure_log *t, const struct resource *resource, const struct api_result *result, unsigned wait_ms,
                      uint64_t now_ms)
{
	char text[DIAG_TEXT_MAX];
	bool known = t->on && t->outcome == result->outcome && t->status == result->status && now_ms - t->told_ms < FAILURE_LOG_AGAIN_MS;
	if (!t->on)
		t->since_ms = now_ms;
	t->on = true;
	t->outcome = result->outcome;
	t->status = result->status;
	failure_log_text(resource, result, text, sizeof text);
	log_line(known ? LOG_DEBUG : LOG_WARNING, "%s; trying again in %u ms", text, wait_ms);
	if (!known)
		t->told_ms = now_ms;
}

void failure_log_over(struct failure_log *t, const struct resource *resource, uint64_t now_ms)
{
	if (t->on)
		log_line(LOG_INFO, "%s: back after %llu ms", resource->plural, (unsigned long long)(now_ms - t->since_ms));
	t->on = false;
}
