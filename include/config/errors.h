/* errors.h - `errors [stdout] { stacktrace; consolidate DURATION REGEXP [LEVEL] [show_first] }`: what is logged of queries that fail. Of lines that a pattern
 * matches, the first that does, it is said after some time how many there were. Texts and patterns are owned by the Corefile. */
#pragma once
#include "base/log.h"
#include "base/regexp.h"
#include <stdbool.h>
#include <stdint.h>

struct error_pattern {
	uint64_t period_ms;
	char *text; /* of the pattern, as written */
	struct regexp *regexp;
	enum log_level level;
	bool show_first; /* the first one is logged as it is */
};
struct errors_options {
	bool stacktrace; /* nothing here panics */
	struct error_pattern *patterns;
	unsigned pattern_count;
};
