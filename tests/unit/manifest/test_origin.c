#include "describe.h"
#include "origin.h"
#include "unit.h"

#define META(meta)          "{'apiVersion':'v1','kind':'Service','metadata':{" meta "}}"
#define HOOK(kind, on)      "{'apiVersion':'v1','kind':'" kind "','metadata':{'annotations':{'helm.sh/hook':'" on "'}}}"
#define CUSTOM(group, spec) "{'apiVersion':'" group "','kind':'K','spec':{" spec "}}"

static const struct {
	const char *json;
	bool (*holds)(const cJSON *);
	bool want;
} cases[] = {
        {META("'uid':'1'"), origin_is_cluster, true},
        {META("'resourceVersion':'1'"), origin_is_cluster, true},
        {META("'creationTimestamp':null,'uid':''"), origin_is_cluster, false}, /* as generators write */
        {"{'kind':'Service'}", origin_is_cluster, false},
        {"{'kind':'Pod','status':{'phase':'Running'}}", origin_is_cluster, true},
        {"{'kind':'Pod','status':{'podIP':'10.0.0.1'}}", origin_is_cluster, false},
        {"{'kind':'Namespace','status':{'phase':'Active'}}", origin_is_cluster, false},
        {"[]", origin_is_cluster, false},
        {"{'metadata':[1]}", origin_is_cluster, false},

        {"{'kind':'Pod'}", origin_is_past_hook, false},
        {HOOK("Pod", "test"), origin_is_past_hook, true},
        {HOOK("Pod", "test-success"), origin_is_past_hook, true},
        {HOOK("Service", "test-failure"), origin_is_past_hook, true},
        {HOOK("Service", "pre-delete,post-rollback"), origin_is_past_hook, true},
        {HOOK("Service", "pre-installed"), origin_is_past_hook, true},
        {HOOK("Service", "pre-install"), origin_is_past_hook, false},
        {HOOK("Service", "test , post-install"), origin_is_past_hook, false},
        {HOOK("Job", "post-install,post-upgrade"), origin_is_past_hook, true}, /* it has run */
        {HOOK("Deployment", "post-install"), origin_is_past_hook, false},

        {CUSTOM("jobset.x-k8s.io/v1alpha2", "'replicatedJobs':[{'template':{'spec':{'template':{'spec':{'containers':[{}]}}}}}]"),
         origin_makes_pods, true},
        {CUSTOM("argoproj.io/v1", "'template':{'spec':{'containers':[{'name':'c'}]}}"), origin_makes_pods, true},
        {CUSTOM("argoproj.io/v1", "'containers':[]"), origin_makes_pods, false},
        {CUSTOM("argoproj.io/v1", "'containers':{'a':{}}"), origin_makes_pods, false},
        {CUSTOM("argoproj.io/v1", "'selector':{}"), origin_makes_pods, false},
        {CUSTOM("metrics.k8s.io/v1", "'containers':[{}]"), origin_makes_pods, false},
        {CUSTOM("batch/v1", "'jobTemplate':{'spec':{'containers':[{}]}}"), origin_makes_pods, false},
        {CUSTOM("v1", "'containers':[{}]"), origin_makes_pods, false},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *tree = parse_json(cases[i].json);
		if (cases[i].holds(tree) != cases[i].want)
			fail_msg("%s: not %d", cases[i].json, cases[i].want);
		cJSON_Delete(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
