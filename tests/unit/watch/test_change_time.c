#include "change_time.h"
#include "unit.h"
#include <stdio.h>

#define SLICE(time) "{\"metadata\":{\"annotations\":{\"endpoints.kubernetes.io/last-change-trigger-time\":" time "}}}"
#define POD(status, time)                                                                                                                  \
	"{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastTransitionTime\":\"2001-01-01T00:00:00Z\"},"    \
	"{\"type\":\"Ready\",\"status\":\"" status "\",\"lastTransitionTime\":\"" time "\"}]}}"

static const struct {
	const char *json;
	enum object_kind kind;
	uint64_t want;
} cases[] = {
        {SLICE("\"2026-11-30T18:19:42.123456789Z\""), OBJECT_ENDPOINT_SLICE, UINT64_C(1796062782123)},
        {SLICE("\"2026-11-30T18:19:42Z\""), OBJECT_CONTROLLER_SLICE, UINT64_C(1796062782000)},
        {SLICE("\"2026-11-30T18:19:42.5Z\""), OBJECT_ENDPOINT_SLICE, UINT64_C(1796062782500)},
        {SLICE("\"2026-11-30T18:19:42.Z\""), OBJECT_ENDPOINT_SLICE, UINT64_C(1796062782000)},
        {SLICE("\"2106-02-07T06:28:15Z\""), OBJECT_ENDPOINT_SLICE, UINT64_C(4294967295000)},
        {SLICE("\"2106-02-07T06:28:16Z\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"1970-01-01T00:00:00Z\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"1969-12-31T23:59:59Z\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"2026-11-30T18:19:42+01:00\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"2026-11-30T18:19:42\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"2026-11-30 18:19:42Z\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"2O26-11-30T18:19:42Z\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"\""), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("42"), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("null"), OBJECT_ENDPOINT_SLICE, 0},
        {SLICE("\"2026-11-30T18:19:42Z\""), OBJECT_POD, 0},
        {SLICE("\"2026-11-30T18:19:42Z\""), OBJECT_SERVICE, 0},
        {POD("True", "2026-11-30T18:19:42Z"), OBJECT_POD, UINT64_C(1796062782000)},
        {POD("False", "2026-11-30T18:19:42Z"), OBJECT_POD, 0},
        {POD("True", "2026-11-30T18:19:42Z"), OBJECT_ENDPOINT_SLICE, 0},
        {"{}", OBJECT_POD, 0},
        {"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}", OBJECT_POD, 0},
        {"{\"status\":{\"conditions\":\"Ready\"}}", OBJECT_POD, 0},
        {"{\"status\":[{\"conditions\":[1,null,{\"type\":1}]}]}", OBJECT_POD, 0},
        {"[]", OBJECT_ENDPOINT_SLICE, 0},
};

static void test_change_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *json = cJSON_Parse(cases[i].json);
		uint64_t got;
		assert_non_null(json);
		got = change_time_ms(json, cases[i].kind);
		if (got != cases[i].want)
			fail_msg("%s: %llu, not %llu", cases[i].json, (unsigned long long)got, (unsigned long long)cases[i].want);
		cJSON_Delete(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_change_time)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
