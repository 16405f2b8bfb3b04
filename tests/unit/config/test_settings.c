/* Lines of a kubernetes block from options and from the environment. */
#include "config/settings.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe(const struct settings *s, char *text, size_t cap)
{
	size_t len = 0;
	*text = 0;
	for (unsigned i = 0; i < s->count; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%s<%s>", i ? " " : "", s->all[i].directive, s->all[i].value);
}

static const struct {
	const char *list, *want;
} good[] = {
        {"", ""},
        {"kubernetes.ttl=5", "ttl<5>"},
        {"kubernetes.ttl=5,kubernetes.pods=insecure", "ttl<5> pods<insecure>"},
        {"kubernetes.ttl=5, kubernetes.pods=insecure,", "ttl<5> pods<insecure>"},
        {"kubernetes.ttl=5\nkubernetes.pods=insecure\n\n", "ttl<5> pods<insecure>"},
        {"kubernetes.labels=a in (b,c),d,kubernetes.zonal", "labels<a in (b,c),d> zonal<>"},
        {"kubernetes.labels=a=b,c\nkubernetes.zonal=", "labels<a=b,c> zonal<>"},
        {"kubernetes.snapshot=\"/a b/c\"", "snapshot<\"/a b/c\">"},
        {"kubernetes.kubeconfig=f c", "kubeconfig<f c>"},
};

static void test_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct settings s = {0};
		struct diag d;
		char text[256];
		setenv("HEADNS_SET", good[i].list, 1);
		if (settings_add_environment(&s, &d))
			fail_msg("%s", d.text);
		describe(&s, text, sizeof text);
		assert_string_equal(text, good[i].want);
		settings_clear(&s);
	}
	unsetenv("HEADNS_SET");
}

static const struct {
	const char *text, *want;
} bad[] = {
        {"ttl=5", "HEADNS_SET: ttl=5: kubernetes.DIRECTIVE=VALUE is wanted"},
        {"kubernetes.ttl=x", "HEADNS_SET: kubernetes.ttl=x: ttl: a number from 0 to 3600 is wanted"},
        {"kubernetes.ttl", "HEADNS_SET: kubernetes.ttl: ttl: it is written: ttl SECONDS"},
        {"kubernetes.frob=x", "HEADNS_SET: kubernetes.frob=x: kubernetes has no \"frob\"; it has: "},
        {"kubernetes.zonal=yes", "HEADNS_SET: kubernetes.zonal=yes: zonal: it is written: zonal"},
        {"kubernetes.ttl=5,frob=1", "HEADNS_SET: kubernetes.ttl=5,frob=1: ttl: a number"},
};

static void test_wrong_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct settings s = {0};
		struct diag d;
		setenv("HEADNS_SET", bad[i].text, 1);
		assert_int_not_equal(settings_add_environment(&s, &d), OK);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		settings_clear(&s);
	}
	unsetenv("HEADNS_SET");
}

/* What is set takes the place of what the block says, the last one counting. */
static void test_they_replace(void **state)
{
	const char *const a[] = {"a"}, *const thirty[] = {"30"};
	struct kubernetes_options o;
	struct settings s = {0};
	struct diag d;
	(void)state;
	kubernetes_options_init(&o);
	assert_int_equal(kubernetes_set(&o, "namespaces", a, 1, &d), OK);
	assert_int_equal(kubernetes_set(&o, "ttl", thirty, 1, &d), OK);
	assert_int_equal(settings_add(&s, "--set", "kubernetes.namespaces=b c", &d), OK);
	assert_int_equal(settings_add(&s, "--set", "kubernetes.ttl=1", &d), OK);
	assert_int_equal(settings_add(&s, "--set", "kubernetes.ttl=2", &d), OK);
	assert_int_equal(settings_apply(&s, &o, &d), OK);
	assert_int_equal(o.namespaces.count, 2);
	assert_string_equal(o.namespaces.texts[0], "b");
	assert_int_equal(o.ttl_s, 2);
	settings_clear(&s);
	kubernetes_options_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_environment),
	        cmocka_unit_test(test_wrong_environment),
	        cmocka_unit_test(test_they_replace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
