#include "families.h"

#define NS_PER_S 1e9

static const char *const protocols[TALLY_PROTOCOLS] = {"udp", "tcp"};
static const char *const families[TALLY_FAMILIES] = {"1", "2"};

/* One family of all rows: what a row has of it. */
typedef void row_writer(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n);

#define ROW_LABELS(r)                                                                                                                      \
	{"server", (r)->server}, {"zone", (r)->zone},                                                                                      \
	{                                                                                                                                  \
		"view", (r)->view                                                                                                          \
	}

/* Series begin with their first query, as CoreDNS's do. */
static void requests(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	(void)t;
	for (unsigned p = 0; p < TALLY_PROTOCOLS; p++) {
		for (unsigned f = 0; f < TALLY_FAMILIES; f++) {
			for (unsigned type = 0; type < TALLY_TYPES; type++) {
				if (n->requests[p][f][type])
					exposition_count(e,
					                 LABELS(ROW_LABELS(r), {"proto", protocols[p]}, {"family", families[f]},
					                        {"type", tally_type_name(type)}),
					                 n->requests[p][f][type]);
			}
		}
	}
}

static void with_do(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	(void)t;
	if (n->with_do)
		exposition_count(e, LABELS(ROW_LABELS(r)), n->with_do);
}

static void responses(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	for (unsigned rcode = 0; rcode < TALLY_RCODES; rcode++) {
		for (unsigned a = 0; a < t->answerer_count; a++) {
			const char *name = tally_rcode_name(rcode);
			if (name && n->responses[rcode][a])
				exposition_count(e, LABELS(ROW_LABELS(r), {"rcode", name}, {"plugin", t->answerers[a]}),
				                 n->responses[rcode][a]);
		}
	}
}

static bool plain(const tally_number *numbers, unsigned count, uint64_t *out)
{
	uint64_t all = 0;
	for (unsigned i = 0; i < count; i++)
		all += out[i] = numbers[i];
	return all;
}

static void durations(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	uint64_t counts[TALLY_TIMES + 1];
	(void)t;
	if (plain(n->times, TALLY_TIMES + 1, counts))
		exposition_histogram(e, LABELS(ROW_LABELS(r)), tally_time_bounds, TALLY_TIMES, counts, (double)n->time_ns / NS_PER_S);
}

static void sizes(struct exposition *e, const struct tally_row *r, const tally_number (*numbers)[TALLY_SIZES + 1],
                  const tally_number *octets)
{
	for (unsigned p = 0; p < TALLY_PROTOCOLS; p++) {
		uint64_t counts[TALLY_SIZES + 1];
		if (plain(numbers[p], TALLY_SIZES + 1, counts))
			exposition_histogram(e, LABELS(ROW_LABELS(r), {"proto", protocols[p]}), tally_size_bounds, TALLY_SIZES, counts,
			                     (double)octets[p]);
	}
}

static void request_sizes(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	(void)t;
	sizes(e, r, n->request_sizes, n->request_octets);
}

static void response_sizes(struct exposition *e, const struct tally *t, const struct tally_row *r, const struct tally_numbers *n)
{
	(void)t;
	sizes(e, r, n->response_sizes, n->response_octets);
}

/* Names, and what is said of them, are CoreDNS's (plugin/metrics/vars). */
static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	row_writer *write;
} all[] = {
        {"coredns_dns_requests_total", METRIC_COUNTER, "Counter of DNS requests made per zone, protocol and family.", requests},
        {"coredns_dns_request_duration_seconds", METRIC_HISTOGRAM, "Histogram of the time (in seconds) each request took per zone.",
         durations},
        {"coredns_dns_request_size_bytes", METRIC_HISTOGRAM, "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
         request_sizes},
        {"coredns_dns_do_requests_total", METRIC_COUNTER, "Counter of DNS requests with DO bit set per zone.", with_do},
        {"coredns_dns_response_size_bytes", METRIC_HISTOGRAM, "Size of the returned response in bytes.", response_sizes},
        {"coredns_dns_responses_total", METRIC_COUNTER, "Counter of response status codes.", responses},
};

void families_queries(const struct metrics_sources *from, struct exposition *e)
{
	const struct tally *t = server_tally(from->server);
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		const struct tally_row *r;
		exposition_family(e, all[i].name, all[i].type, all[i].help);
		SLIST_FOREACH(r, &t->rows, next)
		{
			struct tally_numbers sum;
			tally_sum(t, r, &sum);
			all[i].write(e, t, r, &sum);
		}
	}
}
