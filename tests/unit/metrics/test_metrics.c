/* All families of a server that has counted a query; what clusters add, black-box tests see. */
#include "fail_alloc.h"
#include "metrics/metrics.h"
#include "server/server.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct server *server;
	struct admin *admin;
};

static void on_wanted(void *arg)
{
	(void)arg;
}

static void on_collect(void *arg, struct exposition *e)
{
	(void)arg, (void)e;
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const struct server_options options = {.workers = 2};
	const struct admin_options pages = {on_wanted, on_collect, NULL};
	struct diag d;
	*state = w;
	return !w || server_new(&options, &w->server, &d) || admin_new(&pages, &w->admin, &d);
}

static int end(void **state)
{
	struct world *w = *state;
	server_free(w->server);
	admin_free(w->admin);
	free(w);
	return 0;
}

static struct exposition written(const struct world *w, const char *hash)
{
	const struct metrics_sources from = {.server = w->server, .admin = w->admin, .reloads = {3, 4, hash}};
	struct exposition e = {0};
	metrics_write(&from, &e);
	return e;
}

static char *text_of(const struct world *w, const char *hash)
{
	struct exposition e = written(w, hash);
	char *text = buffer_take_text(&e.text);
	assert_non_null(text);
	return text;
}

static void assert_has(const char *text, const char *lines)
{
	if (!strstr(text, lines))
		fail_msg("%s is missing in:\n%s", lines, text);
}

static void test_without_a_query(void **state)
{
	char *text = text_of(*state, NULL);
	assert_has(text, "# TYPE coredns_panics_total counter\ncoredns_panics_total 0\n");
	assert_has(text, "\ncoredns_reload_failed_total 4\n");
	assert_has(text, "\nheadns_reloads_total 3\n");
	assert_has(text, "\nheadns_workers 2\n");
	assert_has(text, "\nheadns_queries_total{ending=\"NXDOMAIN\"} 0\n");
	assert_has(text, "\nheadns_queries_total{ending=\"gone\"} 0\n");
	assert_has(text, "\nheadns_unsent_responses_total 0\n");
	assert_has(text, "\nheadns_absences_total{reason=\"not_ready\"} 0\n");
	assert_has(text, "\ncoredns_health_request_duration_seconds_bucket{le=\"0.00025\"} 0\n");
	assert_has(text, "\ncoredns_kubernetes_dns_programming_duration_seconds_count{service_kind=\"cluster_ip\"} 0\n");
	assert_has(text, "\nprocess_resident_memory_bytes ");
	assert_null(strstr(text, "coredns_reload_version_info"));
	assert_null(strstr(text, "\ncoredns_dns_requests_total{"));
	free(text);
	text = text_of(*state, "0123456789abcdef");
	assert_has(text, "\ncoredns_reload_version_info{hash=\"xxh3\",value=\"0123456789abcdef\"} 1\n");
	free(text);
}

static void test_a_query(void **state)
{
	static const char labels[] = "{server=\"dns://:53\",zone=\"cluster.local.\",view=\"\"";
	const struct world *w = *state;
	struct tally *t = (struct tally *)server_tally(w->server); /* as the server's own */
	struct tally_row *r = tally_row(t, "dns://:53", "cluster.local.", "");
	char want[256];
	char *text;
	assert_non_null(r);
	tally_count(r, 1,
	            &(const struct tally_query){.tcp = true,
	                                        .with_do = true,
	                                        .type = 28,
	                                        .rcode = 3,
	                                        .answerer = tally_answerer(t, "kubernetes"),
	                                        .request_len = 60,
	                                        .response_len = 600,
	                                        .ns = 1500000});
	text = text_of(w, NULL);
#define ASSERT_HAS(format, ...)                                                                                                            \
	do {                                                                                                                               \
		snprintf(want, sizeof want, format, __VA_ARGS__);                                                                          \
		assert_has(text, want);                                                                                                    \
	} while (0)
	ASSERT_HAS("\ncoredns_dns_requests_total%s,proto=\"tcp\",family=\"1\",type=\"AAAA\"} 1\n", labels);
	ASSERT_HAS("\ncoredns_dns_responses_total%s,rcode=\"NXDOMAIN\",plugin=\"kubernetes\"} 1\n", labels);
	ASSERT_HAS("\ncoredns_dns_do_requests_total%s} 1\n", labels);
	ASSERT_HAS("\ncoredns_dns_request_duration_seconds_bucket%s,le=\"0.001\"} 0\n", labels);
	ASSERT_HAS("\ncoredns_dns_request_duration_seconds_bucket%s,le=\"0.002\"} 1\n", labels);
	ASSERT_HAS("\ncoredns_dns_request_duration_seconds_sum%s} 0.0015\n", labels);
	ASSERT_HAS("\ncoredns_dns_request_size_bytes_bucket%s,proto=\"tcp\",le=\"100\"} 1\n", labels);
	ASSERT_HAS("\ncoredns_dns_response_size_bytes_bucket%s,proto=\"tcp\",le=\"511\"} 0\n", labels);
	ASSERT_HAS("\ncoredns_dns_response_size_bytes_sum%s,proto=\"tcp\"} 600\n", labels);
	assert_null(strstr(text, "type=\"A\"}"));
	assert_null(strstr(text, "proto=\"udp\""));
	free(text);
}

/* Rather nothing than a part. */
static void test_out_of_memory(void **state)
{
	for (unsigned n = 1;; n++) {
		struct exposition e;
		fail_alloc_at(n);
		e = written(*state, NULL);
		assert_int_equal(e.text.failed, fail_alloc_hit());
		buffer_free(&e.text);
		if (!fail_alloc_hit())
			break;
	}
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_without_a_query, begin, end),
	        cmocka_unit_test_setup_teardown(test_a_query, begin, end),
	        cmocka_unit_test_setup_teardown(test_out_of_memory, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
