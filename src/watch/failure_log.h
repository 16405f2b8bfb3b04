/* failure_log.h - tells in the log what keeps one resource from being listed or watched: at once, and then not at every try. */
#pragma once
#include "api/api.h"
#include "resource.h"

struct failure_log {
	bool on;
	enum api_outcome outcome; /* what was told last */
	unsigned status;
	uint64_t since_ms, told_ms;
};

/* A try failed; the next is after wait_ms. */
void failure_log_tell(struct failure_log *t, const struct resource *resource, const struct api_result *result, unsigned wait_ms,
                      uint64_t now_ms);

/* It works (again). */
void failure_log_over(struct failure_log *t, const struct resource *resource, uint64_t now_ms);

/* The line's text, for tests. */
void failure_log_text(const struct resource *resource, const struct api_result *result, char *text, size_t cap);

#define FAILURE_LOG_AGAIN_MS 30000
