/* retry.h - how long to wait before the same is asked for again, by what became of the last try. */
#pragma once
#include "api/api.h"
#include "backoff.h"
#include <stdbool.h>

/* Milliseconds. */
struct retry_limits {
	unsigned min;     /* the first wait; doubled up to the maximum of its sort, less some at random */
	unsigned network; /* where the server could not be reached, or broke off */
	unsigned server;  /* where it refused for now (408, 429, 5xx) */
	unsigned refused; /* where it refused as things stand (401, 403, 404, ...), or we have no credentials */
};

/* The wait after a failure; counts one try. code: the status by which the server refused; 0: it did not. listing: a list was asked for, so that what
 * could not be used of it may be usable soon. Never less than what the server asked for, of which a minute counts. */
unsigned retry_wait_ms(struct backoff *b, const struct retry_limits *limits, const struct api_result *result, unsigned code, bool listing);
