/* failures.h - `errors`: a line for each query of a block that fails, or, where a pattern of `consolidate` matches, one after some time that says how many
 * there were. Workers count; the control thread says. */
#pragma once
#include "config/errors.h"
#include "dns/message.h"
#include <stdint.h>

struct failures;
struct uv_async_s; /* libuv's uv_async_t */

/* Borrows said. news is sent to where something has been counted, and failures_tick() is to be called then; NULL: nobody would, so that all lines
 * are written. NULL: out of memory. Control thread, as the next two. */
struct failures *failures_new(const struct errors_options *said, struct uv_async_s *news);

/* When no worker uses it any more: says what has been counted. Takes NULL. */
void failures_free(struct failures *f);

/* Says what is due. When to call it again; UINT64_MAX: not before there is news. */
uint64_t failures_tick(struct failures *f, uint64_t now_ms);

/* A query has failed, and why. m is the worker's. */
void failures_note(struct failures *f, struct regexp_match *m, const struct request *r, enum dns_rcode rcode, const char *why);
