/* All families of a server that has counted a query; what clusters add, black-box tests see. */
#include "config/corefile.h"
#include "fail_alloc.h"
#include "metrics/metrics.h"
#include "server/server.h"
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct server *server;
	struct admin *admin;
	struct corefile corefile;
	struct forwarding *forwarding;
	struct name zones[2];
	struct net_address addresses[3];
	struct server_place places[2];
	struct metrics_forwarding forwardings[3];
};

static void set_address(struct net_address *a, const char *host)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa;
	if (strchr(host, ':')) {
		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(53)};
		assert_int_equal(inet_pton(AF_INET6, host, &in6->sin6_addr), 1);
	} else {
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(53)};
		assert_int_equal(inet_pton(AF_INET, host, &in->sin_addr), 1);
	}
}

/* One block with two zones at every address of both families, one for everything at an address of its own, and one that is not counted. */
static int make_forwardings(struct world *w)
{
	static const char text[] = ". {\n forward . 192.0.2.1 192.0.2.2\n forward . 192.0.2.1\n cache\n}\n";
	static const struct name_list none;
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct diag d;
	if (corefile_parse(text, strlen(text), "f", &options, &w->corefile, &d))
		return 1;
	const struct corefile_block *b = &w->corefile.blocks[0];
	if (forwarding_new(corefile_values(b, DIRECTIVE_FORWARD), corefile_values(b, DIRECTIVE_CACHE), &w->forwarding, NULL))
		return 1;
	name_from_text(&w->zones[0], "a.example.", 10);
	name_from_text(&w->zones[1], "b.example.", 10);
	set_address(&w->addresses[0], "0.0.0.0");
	set_address(&w->addresses[1], "::");
	set_address(&w->addresses[2], "10.0.0.1");
	w->places[0] = (struct server_place){{w->zones, 2}, w->addresses, 2};
	w->places[1] = (struct server_place){none, w->addresses + 2, 1};
	w->forwardings[0] = (struct metrics_forwarding){w->forwarding, true, &none, &w->places[0], 1};
	w->forwardings[1] = (struct metrics_forwarding){w->forwarding, true, &none, &w->places[1], 1};
	w->forwardings[2] = (struct metrics_forwarding){w->forwarding, false, &none, &w->places[1], 1};
	return 0;
}

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
	return !w || server_new(&options, &w->server, &d) || admin_new(&pages, &w->admin, &d) || make_forwardings(w);
}

static int end(void **state)
{
	struct world *w = *state;
	server_free(w->server);
	admin_free(w->admin);
	forwarding_unref(w->forwarding);
	corefile_free(&w->corefile);
	free(w);
	return 0;
}

static struct exposition written(const struct world *w, const char *hash)
{
	const struct metrics_sources from = {
	        .server = w->server, .admin = w->admin, .forwardings = w->forwardings, .forwarding_count = 3, .reloads = {3, 4, hash}};
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
	assert_has(text, "\ncoredns_forward_requests_total{to=\"192.0.2.1:53\"} 0\n");
	assert_has(text, "\ncoredns_proxy_healthcheck_failures_total{proxy_name=\"forward\",to=\"192.0.2.2:53\"} 0\n");
	assert_has(text, "\ncoredns_forward_healthcheck_broken_total 0\n");
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

/* Rows of one cache add up; what listens at every address of both families is one server. */
static void test_caches(void **state)
{
	static const char labels[] = "{server=\"dns://:53\",type=\"success\",zones=\"a.example.,b.example.\",view=\"\"} ";
	const struct world *w = *state;
	struct tally *t = (struct tally *)server_tally(w->server);
	char want[256];
	char *text;
	tally_cache(tally_row(t, "dns://:53", "a.example.", ""), 0, TALLY_CACHE_SUCCESSES, 2);
	tally_cache(tally_row(t, "dns://:53", "b.example.", ""), 1, TALLY_CACHE_SUCCESSES, 3);
	tally_cache(tally_row(t, "dns://:53", "b.example.", ""), 1, TALLY_CACHE_EVICTED_SUCCESSES, 4);
	tally_cache(tally_row(t, "dns://10.0.0.1:53", ".", ""), 1, TALLY_CACHE_MISSES, 1);
	text = text_of(w, NULL);
	ASSERT_HAS("\ncoredns_cache_hits_total%s5\n", labels);
	ASSERT_HAS("\ncoredns_cache_evictions_total%s4\n", labels);
	ASSERT_HAS("\ncoredns_cache_entries%s0\n", labels);
	assert_has(text, "\ncoredns_cache_requests_total{server=\"dns://:53\",zones=\"a.example.,b.example.\",view=\"\"} 5\n");
	assert_has(text, "\ncoredns_cache_requests_total{server=\"dns://10.0.0.1:53\",zones=\".\",view=\"\"} 1\n");
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
	        cmocka_unit_test_setup_teardown(test_caches, begin, end),
	        cmocka_unit_test_setup_teardown(test_out_of_memory, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
