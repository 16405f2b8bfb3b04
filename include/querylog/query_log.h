/* query_log.h - what `log` writes: a line for each query of the blocks that say it, to standard output, as CoreDNS 1.15 does. It looks at queries
 * that are done and has no part in them: a worker copies their values into a ring of its own, and a thread of the log's makes lines of
 * these and waits for whoever reads them. What finds its ring full is lost, and counted. */
#pragma once
#include "base/diag.h"
#include "config/log.h"
#include "server/step.h"
#include <stdbool.h>
#include <stdint.h>

struct query_log;

struct query_log_options {
	unsigned workers;
	int fd;    /* where lines go; borrowed */
	bool json; /* they are JSON objects */
};

/* Takes no memory to speak of until the first block has a log. Control thread, as all but query_log_done(). ERR_NOMEM. */
enum err query_log_new(const struct query_log_options *options, struct query_log **out, struct diag *d);

/* When no worker calls query_log_done() any more: writes what is there, and waits for that LOG_STOP_MS (base/log.h) at most. Takes NULL. */
void query_log_free(struct query_log *q);

/* What a block says of it, ready for use: to be handed over as server_block.log. The first one starts the thread. ERR_NOMEM, ERR_SYS. */
struct query_log_rules;
enum err query_log_rules_new(struct query_log *q, const struct log_options *said, struct query_log_rules **out, struct diag *d);
void query_log_rules_free(struct query_log_rules *r); /* takes NULL */

/* For server_options.logged: arg is the query_log, log a query_log_rules. */
void query_log_done(void *arg, unsigned worker, const struct exchange *x, const void *log);

struct query_log_counts {
	uint64_t written; /* lines */
	uint64_t lost;    /* because a ring was full, or the system did not take them */
};

/* Since the start. Any thread. */
void query_log_count(const struct query_log *q, struct query_log_counts *counts);
