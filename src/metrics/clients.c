/* What client-go counts of requests to an API server; clusters of the same one are counted together. */
#include "api/api.h"
#include "families.h"
#include <stdio.h>
#include <string.h>

#define NS_PER_S   1e9
#define METHOD     "GET" /* there are no others */
#define STATUS_MAX 16

/* "10.0.0.1:6443", as it is written. NULL: it has no API server. */
static const char *host_of(const struct cluster *c, char text[DIAG_TEXT_MAX])
{
	const struct api_endpoint *endpoint = cluster_options(c)->endpoint;
	const char *host = endpoint && endpoint->url ? strstr(endpoint->url, "://") : NULL;
	if (!host || !cluster_api_counts(c))
		return NULL;
	host += strlen("://");
	snprintf(text, DIAG_TEXT_MAX, "%.*s", (int)strcspn(host, "/"), host);
	host = strrchr(text, '@');
	return host ? host + 1 : text;
}

static bool is_at(const struct cluster *c, const char *host)
{
	char text[DIAG_TEXT_MAX];
	const char *its = host_of(c, text);
	return its && strcmp(its, host) == 0;
}

/* A cluster before it has the same host. */
static bool is_repeated(const struct metrics_sources *from, unsigned at, const char *host)
{
	for (unsigned i = 0; i < at; i++) {
		if (is_at(from->clusters[i], host))
			return true;
	}
	return false;
}

static void add_times(struct api_times *sum, const struct api_times *t)
{
	sum->ns += t->ns;
	for (unsigned i = 0; i <= API_BOUNDS; i++)
		sum->counts[i] += t->counts[i];
}

static void sum_of(const struct metrics_sources *from, const char *host, struct api_counts *sum)
{
	*sum = (struct api_counts){0};
	for (unsigned i = 0; i < from->cluster_count; i++) {
		if (!is_at(from->clusters[i], host))
			continue;
		const struct api_counts *counts = cluster_api_counts(from->clusters[i]);
		add_times(&sum->took, &counts->took);
		add_times(&sum->waited, &counts->waited);
		for (unsigned status = 0; status < API_STATUSES; status++)
			sum->statuses[status] += counts->statuses[status];
	}
}

typedef void host_writer(struct exposition *e, const char *host, const struct api_counts *counts);

static void took(struct exposition *e, const char *host, const struct api_counts *counts)
{
	exposition_histogram(e, LABELS({"verb", METHOD}, {"host", host}), api_bounds, API_BOUNDS, counts->took.counts,
	                     (double)counts->took.ns / NS_PER_S);
}

static void waited(struct exposition *e, const char *host, const struct api_counts *counts)
{
	exposition_histogram(e, LABELS({"verb", METHOD}, {"host", host}), api_bounds, API_BOUNDS, counts->waited.counts,
	                     (double)counts->waited.ns / NS_PER_S);
}

static void statuses(struct exposition *e, const char *host, const struct api_counts *counts)
{
	for (unsigned status = 0; status < API_STATUSES; status++) {
		char code[STATUS_MAX] = "<error>";
		if (status)
			snprintf(code, sizeof code, "%u", status);
		if (counts->statuses[status])
			exposition_count(e, LABELS({"code", code}, {"method", METHOD}, {"host", host}), counts->statuses[status]);
	}
}

/* Names, and what is said of them, are CoreDNS's (plugin/kubernetes). */
static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	host_writer *write;
} all[] = {
        {"coredns_kubernetes_rest_client_request_duration_seconds", METRIC_HISTOGRAM,
         "Request latency in seconds. Broken down by verb and host.", took},
        {"coredns_kubernetes_rest_client_rate_limiter_duration_seconds", METRIC_HISTOGRAM,
         "Client side rate limiter latency in seconds. Broken down by verb and host.", waited},
        {"coredns_kubernetes_rest_client_requests_total", METRIC_COUNTER,
         "Number of HTTP requests, partitioned by status code, method, and host.", statuses},
};

void families_clients(const struct metrics_sources *from, struct exposition *e)
{
	for (unsigned f = 0; f < sizeof all / sizeof *all; f++) {
		exposition_family(e, all[f].name, all[f].type, all[f].help);
		for (unsigned i = 0; i < from->cluster_count; i++) {
			char text[DIAG_TEXT_MAX];
			const char *host = host_of(from->clusters[i], text);
			struct api_counts sum;
			if (!host || is_repeated(from, i, host))
				continue;
			sum_of(from, host, &sum);
			all[f].write(e, host, &sum);
		}
	}
}
