#include "describe.h"
#include "fail_alloc.h"
#include "governing_service.h"
#include "manifest_log.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define NAMED(version, kind, name, rest) "---\napiVersion: " version "\nkind: " kind "\nmetadata: {name: " name "}\nspec: {" rest "}\n"
#define SERVICE(name, rest)              NAMED("v1", "Service", name, rest)
#define HEADLESS(name)                   SERVICE(name, "clusterIP: None, selector: {app: x}")
#define TEMPLATE(spec)                   "template: {metadata: {labels: {app: x}}, spec: {" spec "}}"
#define SET(service)                     NAMED("apps/v1", "StatefulSet", "web", "serviceName: " service ", replicas: 0, " TEMPLATE(""))
#define POD(spec)                        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: x}}\nspec: {" spec "}\n"
#define SAYS                             "warning: a:2: StatefulSet default/web: spec.serviceName: Service "

/* The first line that is said; "" for none. */
static const struct {
	const char *what, *text, *want;
} cases[] = {
        {"as it should be", SET("nginx") HEADLESS("nginx"), ""},
        {"the Service comes first", HEADLESS("nginx") SET("nginx"), ""},
        {"none at all", SET("nginx"), SAYS "nginx is not in the input, so web-0.nginx will not resolve"},
        {"one that selects the pods", SET("nginx") HEADLESS("other"),
         SAYS "nginx is not in the input, so web-0.nginx will not resolve; is other meant?"},
        {"one that is spelt alike", SET("nginx") SERVICE("ngimx", "clusterIP: None"),
         SAYS "nginx is not in the input, so web-0.nginx will not resolve; is ngimx meant?"},
        {"in another namespace",
         SET("nginx") "---\napiVersion: v1\nkind: Service\nmetadata: {name: nginx, namespace: b}\nspec: {clusterIP: None}\n",
         SAYS "nginx is not in the input, so web-0.nginx will not resolve"},
        {"not headless", SET("nginx") SERVICE("nginx", "selector: {app: x}") HEADLESS("nginx-headless"),
         SAYS "nginx is not headless (clusterIP: None), so web-0.nginx will not resolve; is nginx-headless meant?"},
        {"an ExternalName", SET("nginx") SERVICE("nginx", "type: ExternalName, externalName: a.b"),
         SAYS "nginx is not headless (clusterIP: None), so web-0.nginx will not resolve"},
        {"selects others", SET("nginx") SERVICE("nginx", "clusterIP: None, selector: {app: z}"),
         SAYS "nginx does not select the pods, so web-0.nginx will not resolve"},
        {"selects one of them",
         SET("nginx") SERVICE("nginx", "clusterIP: None, selector: {app: x, statefulset.kubernetes.io/pod-name: web-0}"), ""},
        {"selects by hand", SET("nginx") SERVICE("nginx", "clusterIP: None"), ""},
        {"wants no names", NAMED("apps/v1", "StatefulSet", "web", TEMPLATE("")), ""},
        {"an Indexed Job", NAMED("batch/v1", "Job", "j", "completionMode: Indexed, " TEMPLATE("subdomain: s")),
         "warning: a:2: Job default/j: spec.template.spec.subdomain: Service s is not in the input, so j-0.s will not resolve"},
        {"another Job", NAMED("batch/v1", "Job", "j", TEMPLATE("subdomain: s")), ""},
        {"a Deployment's hostname", NAMED("apps/v1", "Deployment", "d", TEMPLATE("hostname: h, subdomain: s")) SERVICE("s", ""),
         "warning: a:2: Deployment default/d: spec.template.spec.subdomain: Service s is not headless (clusterIP: None), so h.s will not "
         "resolve"},
        {"a Pod", POD("hostname: h, subdomain: s"),
         "warning: a:2: Pod default/p: spec.subdomain: Service s is not in the input, so h.s will "
         "not resolve"},
        {"a Pod that asks for no name", POD("subdomain: s"), ""},
        {"somebody's Pod, who says it",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: p, ownerReferences: [{kind: StatefulSet, name: w, controller: true}]}\n"
         "spec: {hostname: h, subdomain: s}\n",
         ""},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = log_text(cases[i].text, DOCUMENT_YAML, false);
		size_t len = strncmp(got, "warning: ", 9) == 0 ? strcspn(got, "\n") : 0;
		if (strlen(cases[i].want) != len || memcmp(got, cases[i].want, len) != 0)
			fail_msg("%s:\n got  %.*s\n want %s", cases[i].what, (int)len, got, cases[i].want);
	}
}

static void test_many(void **state)
{
	char text[8192];
	size_t len = 0;
	const char *got;
	(void)state;
	for (int i = 0; i < 25; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		                        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d}\nspec: {hostname: h, subdomain: s}\n", i);
	got = log_text(text, DOCUMENT_YAML, false);
	assert_non_null(strstr(got, "Pod default/p19: spec.subdomain"));
	assert_null(strstr(got, "Pod default/p20: spec.subdomain"));
	assert_non_null(strstr(got, "warning: … and 5 more warnings\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_many)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
