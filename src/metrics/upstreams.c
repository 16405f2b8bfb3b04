/* What CoreDNS counts of upstreams: once as it does since 1.11 (coredns_proxy_*), and once as it did before (coredns_forward_*), since dashboards and
 * alerts that people have ask for either. */
#include "families.h"
#include "forward/upstream.h"
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9
#define PROXY                                                                                                                              \
	{                                                                                                                                  \
		"proxy_name", "forward"                                                                                                    \
	}

static const char *const protocols[TRAFFIC_PROTOCOLS] = {"udp", "tcp", "tcp-tls"};

/* An upstream, of all lines and blocks that name it. */
struct cell {
	SLIST_ENTRY(cell) next;
	char to[UPSTREAM_TEXT_MAX];
	uint64_t requests, probe_failures;
	uint64_t times[TRAFFIC_RCODES][TRAFFIC_TIMES + 1], ns[TRAFFIC_RCODES];
	uint64_t reused[TRAFFIC_PROTOCOLS], opened[TRAFFIC_PROTOCOLS];
};

struct cells {
	SLIST_HEAD(, cell) all;
	bool failed; /* out of memory */
};

/* --- sums --- */

static struct cell *find_or_make(struct cells *cells, const char *to)
{
	struct cell *c;
	SLIST_FOREACH(c, &cells->all, next)
	{
		if (strcmp(c->to, to) == 0)
			return c;
	}
	c = calloc(1, sizeof *c);
	if (!c) {
		cells->failed = true;
		return NULL;
	}
	memccpy(c->to, to, 0, sizeof c->to - 1);
	SLIST_INSERT_HEAD(&cells->all, c, next);
	return c;
}

static void on_told(void *arg, const char *to, const struct traffic_numbers *n)
{
	struct cell *c = find_or_make(arg, to);
	if (!c)
		return;
	c->requests += n->requests;
	c->probe_failures += n->probe_failures;
	for (unsigned rcode = 0; rcode < TRAFFIC_RCODES; rcode++) {
		c->ns[rcode] += n->ns[rcode];
		for (unsigned i = 0; i <= TRAFFIC_TIMES; i++)
			c->times[rcode][i] += n->times[rcode][i];
	}
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		c->reused[p] += n->reused[p];
		c->opened[p] += n->opened[p];
	}
}

static uint64_t replies(const struct cell *c, unsigned rcode)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i <= TRAFFIC_TIMES; i++)
		sum += c->times[rcode][i];
	return sum;
}

static const char *rcode_name(unsigned rcode)
{
	return rcode < TRAFFIC_RCODES - 1 ? tally_rcode_name(rcode) : "other";
}

/* --- one family of one upstream --- */

typedef void cell_writer(struct exposition *e, const struct cell *c);

static void requests(struct exposition *e, const struct cell *c)
{
	exposition_count(e, LABELS({"to", c->to}), c->requests);
}

static void responses(struct exposition *e, const struct cell *c)
{
	for (unsigned rcode = 0; rcode < TRAFFIC_RCODES; rcode++) {
		if (replies(c, rcode))
			exposition_count(e, LABELS({"to", c->to}, {"rcode", rcode_name(rcode)}), replies(c, rcode));
	}
}

static void write_times(struct exposition *e, const struct cell *c, unsigned rcode, const struct metric_labels *labels)
{
	if (replies(c, rcode))
		exposition_histogram(e, labels, tally_time_bounds, TRAFFIC_TIMES, c->times[rcode], (double)c->ns[rcode] / NS_PER_S);
}

static void durations(struct exposition *e, const struct cell *c)
{
	for (unsigned rcode = 0; rcode < TRAFFIC_RCODES; rcode++)
		write_times(e, c, rcode, LABELS({"to", c->to}, {"rcode", rcode_name(rcode)}));
}

static void proxy_durations(struct exposition *e, const struct cell *c)
{
	for (unsigned rcode = 0; rcode < TRAFFIC_RCODES; rcode++)
		write_times(e, c, rcode, LABELS(PROXY, {"to", c->to}, {"rcode", rcode_name(rcode)}));
}

static void failures(struct exposition *e, const struct cell *c)
{
	exposition_count(e, LABELS({"to", c->to}), c->probe_failures);
}

static void proxy_failures(struct exposition *e, const struct cell *c)
{
	exposition_count(e, LABELS(PROXY, {"to", c->to}), c->probe_failures);
}

static void reused(struct exposition *e, const struct cell *c)
{
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		if (c->reused[p] || c->opened[p])
			exposition_count(e, LABELS({"to", c->to}, {"proto", protocols[p]}), c->reused[p]);
	}
}

static void opened(struct exposition *e, const struct cell *c)
{
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		if (c->reused[p] || c->opened[p])
			exposition_count(e, LABELS({"to", c->to}, {"proto", protocols[p]}), c->opened[p]);
	}
}

static void proxy_reused(struct exposition *e, const struct cell *c)
{
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		if (c->reused[p] || c->opened[p])
			exposition_count(e, LABELS(PROXY, {"to", c->to}, {"proto", protocols[p]}), c->reused[p]);
	}
}

static void proxy_opened(struct exposition *e, const struct cell *c)
{
	for (unsigned p = 0; p < TRAFFIC_PROTOCOLS; p++) {
		if (c->reused[p] || c->opened[p])
			exposition_count(e, LABELS(PROXY, {"to", c->to}, {"proto", protocols[p]}), c->opened[p]);
	}
}

/* Names, and what is said of them, are CoreDNS's (plugin/pkg/proxy, and plugin/forward before 1.11). */
static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	cell_writer *write;
} families[] = {
        {"coredns_proxy_request_duration_seconds", METRIC_HISTOGRAM, "Histogram of the time each request took.", proxy_durations},
        {"coredns_proxy_healthcheck_failures_total", METRIC_COUNTER, "Counter of the number of failed healthchecks.", proxy_failures},
        {"coredns_proxy_conn_cache_hits_total", METRIC_COUNTER, "Counter of connection cache hits per upstream and protocol.",
         proxy_reused},
        {"coredns_proxy_conn_cache_misses_total", METRIC_COUNTER, "Counter of connection cache misses per upstream and protocol.",
         proxy_opened},
        {"coredns_forward_requests_total", METRIC_COUNTER, "Counter of requests made per upstream.", requests},
        {"coredns_forward_responses_total", METRIC_COUNTER, "Counter of responses received per upstream.", responses},
        {"coredns_forward_request_duration_seconds", METRIC_HISTOGRAM, "Histogram of the time each request took.", durations},
        {"coredns_forward_healthcheck_failures_total", METRIC_COUNTER, "Counter of the number of failed healthchecks.", failures},
        {"coredns_forward_conn_cache_hits_total", METRIC_COUNTER, "Counter of connection cache hits per upstream and protocol.", reused},
        {"coredns_forward_conn_cache_misses_total", METRIC_COUNTER, "Counter of connection cache misses per upstream and protocol.",
         opened},
};

static void write_totals(const struct metrics_sources *from, struct exposition *e)
{
	struct traffic_totals sum = {0};
	for (unsigned i = 0; i < from->forwarding_count; i++)
		forwarding_totals(from->forwardings[i].forwarding, &sum);
	exposition_family(e, "coredns_forward_healthcheck_broken_total", METRIC_COUNTER,
	                  "Counter of the number of complete failures of the healthchecks.");
	exposition_count(e, NULL, sum.all_down);
	exposition_family(e, "coredns_forward_max_concurrent_rejects_total", METRIC_COUNTER,
	                  "Counter of the number of queries rejected because the concurrent queries were at maximum.");
	exposition_count(e, NULL, sum.rejected);
}

void families_upstreams(const struct metrics_sources *from, struct exposition *e)
{
	struct cells cells = {.all = SLIST_HEAD_INITIALIZER(cells.all)};
	struct cell *c;
	for (unsigned i = 0; i < from->forwarding_count; i++)
		forwarding_traffic(from->forwardings[i].forwarding, on_told, &cells);
	e->text.failed |= cells.failed;
	for (unsigned f = 0; f < sizeof families / sizeof *families; f++) {
		exposition_family(e, families[f].name, families[f].type, families[f].help);
		SLIST_FOREACH(c, &cells.all, next)
		families[f].write(e, c);
	}
	write_totals(from, e);
	while ((c = SLIST_FIRST(&cells.all))) {
		SLIST_REMOVE_HEAD(&cells.all, next);
		free(c);
	}
}
