#include "families.h"

#define NS_PER_S 1e9

/* What a reason is called here; for people there is absence_ede(). */
static const char *const reasons[ABSENCES] = {
        [ABSENCE_NOT_READY] = "not_ready",
        [ABSENCE_TERMINATING] = "terminating",
        [ABSENCE_NO_ENDPOINTS] = "no_endpoints",
        [ABSENCE_NO_TARGET] = "no_target",
        [ABSENCE_NOT_SERVED] = "not_served",
        [ABSENCE_NOT_EXTERNAL] = "not_external",
        [ABSENCE_NO_NAMESPACE] = "no_namespace",
        [ABSENCE_NO_SERVICE] = "no_service",
        [ABSENCE_NO_ENDPOINT] = "no_endpoint",
        [ABSENCE_NO_PORT] = "no_port",
        [ABSENCE_PODS_OFF] = "pods_off",
        [ABSENCE_NO_POD] = "no_pod",
        [ABSENCE_NO_ADDRESS] = "no_address",
        [ABSENCE_NO_NAME] = "no_name",
        [ABSENCE_NO_FAMILY] = "no_family",
        [ABSENCE_NO_TYPE] = "no_type",
        [ABSENCE_EMPTY] = "empty",
};

static void write_builds(struct exposition *e)
{
	exposition_family(e, "headns_build_info", METRIC_GAUGE, "Always 1; the version of headns.");
	exposition_count(e, LABELS({"version", HEADNS_VERSION}), 1);
	exposition_family(e, "coredns_build_info", METRIC_GAUGE, "Always 1; for dashboards of CoreDNS. The version is that of headns.");
	exposition_count(e, LABELS({"version", HEADNS_VERSION}, {"revision", NULL}, {"goversion", NULL}), 1);
	exposition_family(e, "coredns_panics_total", METRIC_COUNTER, "Always 0: where CoreDNS recovers from a panic, headns would end.");
	exposition_count(e, NULL, 0);
}

static void on_step(void *arg, const char *server, const char *zone, const char *view, const char *step)
{
	exposition_count(arg, LABELS({"server", server}, {"zone", zone}, {"view", view}, {"name", step}), 1);
}

static void write_plugins(const struct server *s, struct exposition *e)
{
	exposition_family(e, "coredns_plugin_enabled", METRIC_GAUGE,
	                  "A metric that indicates whether a plugin is enabled on per server and zone basis.");
	server_each_step(s, on_step, e);
}

static void write_reloads(const struct metrics_reloads *r, struct exposition *e)
{
	exposition_family(e, "coredns_reload_failed_total", METRIC_COUNTER, "Counter of the number of failed reload attempts.");
	exposition_count(e, NULL, r->failed);
	exposition_family(e, "headns_reloads_total", METRIC_COUNTER, "Configurations that took the place of an earlier one.");
	exposition_count(e, NULL, r->adopted);
	if (!r->hash)
		return;
	exposition_family(e, "coredns_reload_version_info", METRIC_GAUGE,
	                  "A metric with a constant '1' value labeled by hash, and value which type of hash generated.");
	exposition_count(e, LABELS({"hash", "xxh3"}, {"value", r->hash}), 1);
}

static void write_health(struct admin *a, struct exposition *e)
{
	struct admin_health_times t;
	admin_health_times(a, &t);
	exposition_family(e, "coredns_health_request_duration_seconds", METRIC_HISTOGRAM,
	                  "Histogram of the time (in seconds) each request took.");
	exposition_histogram(e, NULL, admin_health_bounds, ADMIN_HEALTH_BOUNDS, t.counts, (double)t.ns / NS_PER_S);
	exposition_family(e, "coredns_health_request_failures_total", METRIC_COUNTER, "The number of times the health check failed.");
	exposition_count(e, NULL, t.failures);
}

static void write_absences(const struct server *s, struct exposition *e)
{
	uint64_t counts[ABSENCES];
	server_absences(s, counts);
	exposition_family(e, "headns_absences_total", METRIC_COUNTER,
	                  "Questions about the cluster's names that got no records, by reason.");
	for (unsigned a = ABSENCE_NONE + 1; a < ABSENCES; a++)
		exposition_count(e, LABELS({"reason", reasons[a]}), counts[a]);
}

static const char *ending_name(unsigned rcode)
{
	if (rcode == QUERY_SILENT)
		return "silent";
	return rcode == QUERY_GONE ? "gone" : tally_rcode_name(rcode);
}

/* Of all blocks, whether they have prometheus or not. */
static void write_endings(const struct server *s, struct exposition *e)
{
	struct server_counts counts;
	server_count(s, &counts);
	exposition_family(e, "headns_queries_total", METRIC_COUNTER,
	                  "Queries of all server blocks, by how they ended: rcode of the response, silent, or gone where the client was.");
	for (unsigned rcode = 0; rcode < QUERY_RCODES; rcode++) {
		uint64_t sum = 0;
		for (unsigned a = 0; a < ABSENCES; a++)
			sum += counts.ended[a][rcode];
		if (ending_name(rcode))
			exposition_count(e, LABELS({"ending", ending_name(rcode)}), sum);
	}
	exposition_family(e, "headns_unsent_responses_total", METRIC_COUNTER, "Responses over UDP that the system did not take.");
	exposition_count(e, NULL, counts.unsent);
}

static void write_log(const struct query_log *log, struct exposition *e)
{
	struct query_log_counts counts;
	if (!log)
		return;
	query_log_count(log, &counts);
	exposition_family(e, "headns_log_lines_total", METRIC_COUNTER, "Lines about queries that were written.");
	exposition_count(e, NULL, counts.written);
	exposition_family(e, "headns_log_lost_total", METRIC_COUNTER,
	                  "Lines about queries that were not, because whoever reads them was too slow.");
	exposition_count(e, NULL, counts.lost);
}

void families_program(const struct metrics_sources *from, struct exposition *e)
{
	write_builds(e);
	write_plugins(from->server, e);
	write_reloads(&from->reloads, e);
	write_health(from->admin, e);
	write_endings(from->server, e);
	write_absences(from->server, e);
	write_log(from->log, e);
	exposition_family(e, "headns_held_queries", METRIC_GAUGE, "Queries that hold keeps waiting for their name.");
	exposition_count(e, NULL, server_held(from->server));
	exposition_family(e, "headns_workers", METRIC_GAUGE, "Threads that answer queries.");
	exposition_count(e, NULL, server_tally(from->server)->workers);
}
