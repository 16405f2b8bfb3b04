#include "backoff.h"
#include "failure_log.h"
#include "unit.h"
#include <string.h>

static const struct {
	struct api_result result;
	const struct resource *resource;
	const char *want;
} texts[] = {
        {{API_STATUS, 403, 0, "Forbidden", "HTTP status 403: no"},
         &resource_controller_slices,
         "endpointslices: not allowed; what is missing is the RBAC rule apiGroups: [\"discovery.k8s.io\"], resources: "
         "[\"endpointslices\"], "
         "verbs: [\"list\", \"watch\"] (HTTP status 403: no)"},
        {{API_STATUS, 401, 0, "", "HTTP status 401"},
         &resource_pods,
         "pods: the API server does not know who we are; the token or client certificate is wrong or has expired (HTTP status 401)"},
        {{API_STATUS, 404, 0, "", "HTTP status 404"},
         &resource_services,
         "services: the server has no /api/v1/services; it is too old, or is no Kubernetes API server (HTTP status 404)"},
        {{API_STATUS, 500, 0, "", "HTTP status 500"}, &resource_namespaces, "namespaces: the API server refused: HTTP status 500"},
        {{API_UNREACHABLE, 0, 0, "", "refused"}, &resource_pods, "pods: the API server cannot be reached: refused"},
        {{API_TLS, 0, 0, "", "bad"}, &resource_pods, "pods: no TLS session with the API server: bad"},
        {{API_OK, 200, 0, "", "end"}, &resource_pods, "pods: the API server ended the response too soon: end"},
        {{API_OK, 200, 0, "", ""}, &resource_pods, "pods: the API server ended the response too soon"},
};

static void what_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char text[DIAG_TEXT_MAX];
		failure_log_text(texts[i].resource, &texts[i].result, text, sizeof text);
		assert_string_equal(text, texts[i].want);
	}
}

/* Tries are told apart by what fails; the same is told again after a while. */
static void when_it_is_told(void **state)
{
	static const struct api_result refused = {API_UNREACHABLE, 0, 0, "", "x"}, forbidden = {API_STATUS, 403, 0, "", "y"};
	struct failure_log t = {0};
	(void)state;
	failure_log_tell(&t, &resource_pods, &refused, 1, 1000);
	assert_int_equal(t.told_ms, 1000);
	failure_log_tell(&t, &resource_pods, &refused, 1, 2000);
	assert_int_equal(t.told_ms, 1000);
	failure_log_tell(&t, &resource_pods, &forbidden, 1, 3000);
	assert_int_equal(t.told_ms, 3000);
	failure_log_tell(&t, &resource_pods, &forbidden, 1, 3000 + FAILURE_LOG_AGAIN_MS);
	assert_int_equal(t.told_ms, 3000 + FAILURE_LOG_AGAIN_MS);
	assert_int_equal(t.since_ms, 1000);
	failure_log_over(&t, &resource_pods, 90000);
	assert_false(t.on);
}

static void waits_double_up_to_a_limit(void **state)
{
	static const unsigned tops[] = {100, 200, 400, 800, 1000, 1000, 1000};
	struct backoff b;
	(void)state;
	backoff_init(&b);
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < sizeof tops / sizeof *tops; i++)
			assert_in_range(backoff_next_ms(&b, 100, 1000), tops[i] / 2, tops[i]);
		backoff_reset(&b);
	}
	for (unsigned i = 0; i < 100; i++) /* for ever */
		assert_in_range(backoff_next_ms(&b, 100, 1000), 50, 1000);
	assert_int_equal(backoff_draw(&b, 7, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_told),
	        cmocka_unit_test(when_it_is_told),
	        cmocka_unit_test(waits_double_up_to_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
