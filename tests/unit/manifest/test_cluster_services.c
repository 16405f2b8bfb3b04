#include "base/rcu.h"
#include "describe.h"
#include "fail_alloc.h"
#include "manifest/cluster_services.h"
#include "manifest_log.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define SERVICE(ns, name, spec) "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: " ns "}\nspec: {" spec "}\n"
#define API                     "Service default/kubernetes 10.0.0.1 https:443>6443/TCP\n"
#define DNS                     "Service kube-system/kube-dns 10.0.0.10 dns:53>53/UDP dns-tcp:53>53/TCP selector{k8s-app=kube-dns}\n"

static void test_dns_address(void **state)
{
	static const struct {
		const char *range, *want;
	} cases[] = {
	        {"10.0.0.0/16", "10.0.0.10"}, {"10.96.0.0/12", "10.96.0.10"}, {"10.0.0.0/29", "10.0.0.7"},
	        {"10.0.0.7/32", "10.0.0.7"},  {"fd00::/112", "fd00::a"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cidr range;
		struct addr a;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(cidr_parse(cases[i].range, &range), OK);
		a = cluster_dns_address(&range);
		addr_format(&a, text);
		assert_string_equal(text, cases[i].want);
	}
}

static void no_report(void *arg, bool fatal, const char *text)
{
	(void)arg;
	(void)fatal;
	(void)text;
}

static enum err load(const char *text, unsigned prefix, struct intern *pool, struct manifest *m)
{
	struct manifest_options options = log_options;
	options.cluster_services = true;
	options.service_cidr.prefix = (uint8_t)prefix;
	return manifest_load_text(text, strlen(text), DOCUMENT_YAML, "a", &options, pool, no_report, NULL, m);
}

static const struct {
	const char *what, *text;
	unsigned prefix;
	const char *want;
} cases[] = {
        {"of nothing", "", 16, API DNS},
        {"of its own", SERVICE("default", "kubernetes", "clusterIP: 10.0.0.5"), 16, "Service default/kubernetes 10.0.0.5\n" DNS},
        {"of its own, without an address", SERVICE("kube-system", "kube-dns", "clusterIP: None"), 16,
         "Service kube-system/kube-dns headless\n" API},
        {"the name elsewhere", SERVICE("kube-system", "kubernetes", "clusterIP: None"), 16,
         "Service kube-system/kubernetes headless\n" API DNS},
        {"the smallest range", "", 28, API DNS},
        {"a smaller one", "", 29, ""},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct intern *pool = intern_new();
		struct manifest m;
		char got[1024] = "";
		assert_int_equal(load(cases[i].text, cases[i].prefix, pool, &m), OK);
		for (size_t k = 0; k < m.count; k++) {
			strcat(got, describe_object(m.objects[k]));
			strcat(got, "\n");
		}
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n got  %s want %s", cases[i].what, got, cases[i].want);
		manifest_free(&m, pool);
		intern_free(pool);
	}
	rcu_free_all();
}

/* An address that is given to somebody is not given again, and who asks for none gets neither of the two. */
static void test_addresses(void **state)
{
	const char text[] = SERVICE("default", "a", "clusterIP: 10.0.0.10") SERVICE("default", "b", "") SERVICE("default", "c", "");
	struct intern *pool = intern_new();
	struct manifest m;
	(void)state;
	assert_int_equal(load(text, 28, pool, &m), OK);
	assert_int_equal(m.count, 5);
	for (size_t i = 0; i < m.count; i++) {
		const struct service *s = (const struct service *)m.objects[i];
		assert_int_equal(s->cluster_ip_count, 1);
		for (size_t k = 0; k < i; k++)
			assert_false(addr_equal(&s->cluster_ips[0], &((const struct service *)m.objects[k])->cluster_ips[0]));
	}
	assert_string_equal(describe_object(m.objects[3]), "Service default/kubernetes 10.0.0.1 https:443>6443/TCP");
	manifest_free(&m, pool);
	intern_free(pool);
	rcu_free_all();
}

static void test_allocation_failures(void **state)
{
	(void)state;
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool = intern_new();
		struct manifest m;
		enum err err;
		fail_alloc_at(n);
		err = load(SERVICE("default", "a", ""), 16, pool, &m);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		assert_int_equal(m.count, whole ? 3 : 0);
		manifest_free(&m, pool);
		intern_free(pool);
	}
	rcu_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_dns_address),
	        cmocka_unit_test(test_cases),
	        cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
