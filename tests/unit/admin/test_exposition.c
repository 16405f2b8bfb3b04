#include "admin/exposition.h"
#include "fail_alloc.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

#define LABELS(...)                                                                                                                        \
	(&(const struct metric_labels){(const struct metric_label[]){__VA_ARGS__},                                                         \
	                               sizeof((const struct metric_label[]){__VA_ARGS__}) / sizeof(struct metric_label)})

static void assert_text(struct exposition *e, const char *want)
{
	char *text = buffer_take_text(&e->text);
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_counter_and_gauge(void **state)
{
	struct exposition e = {0};
	(void)state;
	exposition_family(&e, "coredns_dns_requests_total", METRIC_COUNTER, "Counter of DNS requests.");
	exposition_count(&e, LABELS({"server", "dns://:53"}, {"view", NULL}), 18446744073709551615u);
	exposition_count(&e, NULL, 0);
	exposition_family(&e, "up", METRIC_GAUGE, "");
	exposition_value(&e, LABELS({"a", "b"}), 0.1);
	assert_text(&e, "# HELP coredns_dns_requests_total Counter of DNS requests.\n"
	                "# TYPE coredns_dns_requests_total counter\n"
	                "coredns_dns_requests_total{server=\"dns://:53\",view=\"\"} 18446744073709551615\n"
	                "coredns_dns_requests_total 0\n"
	                "# HELP up \n"
	                "# TYPE up gauge\n"
	                "up{a=\"b\"} 0.1\n");
}

static void test_histogram_is_cumulative(void **state)
{
	static const double bounds[] = {0.00025, 1, 16000};
	static const uint64_t counts[] = {2, 0, 3, 4};
	struct exposition e = {0};
	(void)state;
	exposition_family(&e, "h", METRIC_HISTOGRAM, "x");
	exposition_histogram(&e, LABELS({"proto", "udp"}), bounds, 3, counts, 12.5);
	exposition_histogram(&e, NULL, bounds, 0, (const uint64_t[]){7}, 1);
	assert_text(&e, "# HELP h x\n"
	                "# TYPE h histogram\n"
	                "h_bucket{proto=\"udp\",le=\"0.00025\"} 2\n"
	                "h_bucket{proto=\"udp\",le=\"1\"} 2\n"
	                "h_bucket{proto=\"udp\",le=\"16000\"} 5\n"
	                "h_bucket{proto=\"udp\",le=\"+Inf\"} 9\n"
	                "h_sum{proto=\"udp\"} 12.5\n"
	                "h_count{proto=\"udp\"} 9\n"
	                "h_bucket{le=\"+Inf\"} 7\n"
	                "h_sum 1\n"
	                "h_count 7\n");
}

static void test_escaping(void **state)
{
	struct exposition e = {0};
	(void)state;
	exposition_family(&e, "e", METRIC_GAUGE, "back\\slash, new\nline, \"quote\"");
	exposition_count(&e, LABELS({"l", "back\\slash, new\nline, \"quote\""}), 1);
	assert_text(&e, "# HELP e back\\\\slash, new\\nline, \"quote\"\n"
	                "# TYPE e gauge\n"
	                "e{l=\"back\\\\slash, new\\nline, \\\"quote\\\"\"} 1\n");
}

static const struct {
	double value;
	const char *want;
} numbers[] = {
        {0, "x 0\n"},
        {-1.5, "x -1.5\n"},
        {1e21, "x 1e+21\n"},
        {0.1 + 0.2, "x 0.30000000000000004\n"},
        {1796062771.16, "x 1796062771.16\n"},
        {5e-324, "x 4.94065645841247e-324\n"},
        {INFINITY, "x +Inf\n"},
        {-INFINITY, "x -Inf\n"},
        {NAN, "x NaN\n"},
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct exposition e = {.name = "x"};
		exposition_value(&e, NULL, numbers[i].value);
		assert_text(&e, numbers[i].want);
	}
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct exposition e = {0};
		fail_alloc_at(n);
		exposition_family(&e, "x", METRIC_COUNTER, "long enough to grow");
		for (unsigned i = 0; i < 200; i++)
			exposition_count(&e, LABELS({"label", "value"}), i);
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
	        cmocka_unit_test(test_counter_and_gauge), cmocka_unit_test(test_histogram_is_cumulative), cmocka_unit_test(test_escaping),
	        cmocka_unit_test(test_numbers),           cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
