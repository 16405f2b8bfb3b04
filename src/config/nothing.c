/* Directives that are about the inside of CoreDNS or of Go: they are checked as CoreDNS checks them, and there is nothing to do. */
#include "config/value.h"
#include "directives.h"
#include "host_port.h"
#include <limits.h>
#include <string.h>

/* Numbers, and what else is checked and forgotten. */
struct nothing {
	unsigned number;
	uint64_t ms;
	bool flag;
};

#define AT(field) offsetof(struct nothing, field)

/* --- cancel [TIMEOUT] --- */

static enum err take_cancel(void *values, const struct words *w, struct diag *d)
{
	struct nothing *n = values;
	enum err err = w->count ? value_duration_ms(w->texts[0], &n->ms, d) : OK;
	return !err && w->count && !n->ms ? diag_set(d, ERR_RANGE, "more than 0 is wanted") : err;
}

const struct directive cancel_directive = {
        .name = "cancel",
        .arguments = "[TIMEOUT]",
        .max = 1,
        .again = AGAIN_LAST,
        .state = DIRECTIVE_NOTHING,
        .why = "cancel: nothing is to be done: no query waits for longer than its client",
        .size = sizeof(struct nothing),
        .take = take_cancel,
};

/* --- multisocket [N] --- */

#define SOCKETS_MAX 1024

static enum err take_multisocket(void *values, const struct words *w, struct diag *d)
{
	return w->count ? value_number(w->texts[0], 1, SOCKETS_MAX, &((struct nothing *)values)->number, d) : OK;
}

const struct directive multisocket_directive = {
        .name = "multisocket",
        .arguments = "[N]",
        .max = 1,
        .state = DIRECTIVE_NOTHING,
        .why = "multisocket: nothing is to be done: each worker has sockets of its own (--workers says how many there are)",
        .size = sizeof(struct nothing),
        .take = take_multisocket,
};

/* --- pprof [ADDRESS] { block [RATE] } --- */

static enum err take_pprof(void *values, const struct words *w, struct diag *d)
{
	struct host_port at = {0};
	enum err err = w->count ? host_port_take(&at, w->texts[0], d) : OK;
	(void)values;
	host_port_clear(&at);
	return err;
}

static enum err set_block(void *values, const struct words *w, struct diag *d)
{
	return w->count ? value_number(w->texts[0], 0, INT_MAX, &((struct nothing *)values)->number, d) : OK;
}

static const struct option pprof_lines[] = {{"block", "[RATE]", 0, 1, OPTION_CALL, 0, 0, 0, 0, set_block}};
static const struct option_table pprof_options = {"pprof", pprof_lines, sizeof pprof_lines / sizeof *pprof_lines, NULL};

const struct directive pprof_directive = {
        .name = "pprof",
        .arguments = "[ADDRESS]",
        .max = 1,
        .state = DIRECTIVE_NOTHING,
        .why = "pprof: nothing is to be done: it is the profiler of Go programs, which headns is not",
        .size = sizeof(struct nothing),
        .take = take_pprof,
        .options = &pprof_options,
};

/* --- shed --- */

const struct directive shed_directive = {
        .name = "shed",
        .arguments = "",
        .state = DIRECTIVE_NOTHING,
        .why = "shed: nothing is to be done: queues are bounded anyway",
        .size = sizeof(struct nothing),
};

/* --- trace [TYPE] [ENDPOINT] { ... } --- */

static enum err take_trace(void *values, const struct words *w, struct diag *d)
{
	unsigned index;
	(void)values;
	return w->count > 1 ? option_choose(w->texts[0], "zipkin|datadog", &index, d) : OK;
}

static enum err set_client_server(void *values, const struct words *w, struct diag *d)
{
	unsigned index;
	(void)values;
	if (!w->count || !option_choose(w->texts[0], "1|t|T|TRUE|true|True|0|f|F|FALSE|false|False", &index, d))
		return OK;
	return diag_set(d, ERR_SYNTAX, "true or false is wanted, not \"%s\"", w->texts[0]);
}

static enum err set_rate(void *values, const struct words *w, struct diag *d)
{
	double rate = 0;
	enum err err = w->count ? value_decimal(w->texts[0], &rate, d) : OK;
	(void)values;
	return !err && rate > 1 ? diag_set(d, ERR_RANGE, "a number from 0 to 1 is wanted") : err;
}

static enum err set_service(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	(void)w;
	(void)d;
	return OK;
}

static const struct option trace_lines[] = {
        {"client_server", "[true|false]", 0, 1, OPTION_CALL, 0, 0, 0, 0, set_client_server},
        {"datadog_analytics_rate", "[RATE]", 0, 1, OPTION_CALL, 0, 0, 0, 0, set_rate},
        {"every", "N", 1, 1, OPTION_NUMBER, 0, AT(number), 0, UINT_MAX, NULL},
        {"service", "NAME", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_service},
        {"zipkin_max_backlog_size", "N", 1, 1, OPTION_NUMBER, 0, AT(number), 0, INT_MAX, NULL},
        {"zipkin_max_batch_interval", "DURATION", 1, 1, OPTION_DURATION, 0, AT(ms), 0, 0, NULL},
        {"zipkin_max_batch_size", "N", 1, 1, OPTION_NUMBER, 0, AT(number), 0, INT_MAX, NULL},
};
static const struct option_table trace_options = {"trace", trace_lines, sizeof trace_lines / sizeof *trace_lines, NULL};

const struct directive trace_directive = {
        .name = "trace",
        .arguments = "[[TYPE] ENDPOINT]",
        .max = 2,
        .again = AGAIN_LAST,
        .state = DIRECTIVE_NOTHING,
        .why = "trace: nothing is to be done: headns sends no traces",
        .size = sizeof(struct nothing),
        .take = take_trace,
        .options = &trace_options,
};
