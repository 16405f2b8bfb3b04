/* Corefiles: what they say, and what is wrong with them where. */
#include "config/corefile.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

struct text {
	char at[TEXT_MAX];
	size_t len;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	t->len += (size_t)vsnprintf(t->at + t->len, TEXT_MAX - t->len, format, args);
	va_end(args);
}

static void put_names(struct text *t, const struct name_list *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		char name[NAME_TEXT_MAX];
		name_to_text(&list->names[i], name);
		put(t, "%s%s", i ? "," : "", name);
	}
}

static void put_bind(struct text *t, const struct corefile_bind *b)
{
	put(t, " bind@%s", b->place);
	for (unsigned i = 0; i < b->addresses.count; i++)
		put(t, " %s", b->addresses.texts[i]);
	for (unsigned i = 0; i < b->except.count; i++)
		put(t, " -%s", b->except.texts[i]);
}

/* "PLACE ZONES:PORT ... kubernetes@PLACE ZONES ttl", one block after the other. */
static void describe(const struct corefile *c, struct text *t)
{
	t->len = 0;
	t->at[0] = 0;
	for (unsigned i = 0; i < c->count; i++) {
		const struct corefile_block *b = &c->blocks[i];
		put(t, "%s%s", i ? " | " : "", b->place);
		for (unsigned k = 0; k < b->key_count; k++) {
			put(t, " ");
			put_names(t, &b->keys[k].zones);
			put(t, ":%u", b->keys[k].port);
		}
		for (unsigned k = 0; k < b->bind_count; k++)
			put_bind(t, &b->binds[k]);
		put(t, "%s", b->said[DIRECTIVE_LOADBALANCE].place ? " loadbalance" : "");
		if (b->said[DIRECTIVE_KUBERNETES].place) {
			put(t, " kubernetes@%s ", b->said[DIRECTIVE_KUBERNETES].place);
			put_names(t, &b->kubernetes.zones);
			put(t, " ttl %u", b->kubernetes.ttl_s);
		}
		if (b->said[DIRECTIVE_K8S_EXTERNAL].place) {
			const struct external_options *o = &b->kubernetes.external;
			put(t, " external@%s ", b->said[DIRECTIVE_K8S_EXTERNAL].place);
			put_names(t, &o->zones);
			put(t, " %s ttl %u%s%s", o->apex, o->ttl_s, o->headless ? " headless" : "", o->fallthrough ? " fallthrough " : "");
			put_names(t, &o->fallthrough_zones);
		}
	}
}

static enum err parse(const char *text, const struct settings *settings, struct corefile *c, struct diag *d)
{
	const struct corefile_options options = {.port = 53, .settings = settings, .no_imports = true};
	return corefile_parse(text, strlen(text), "f", &options, c, d);
}

static const struct {
	const char *what, *text, *want;
} good[] = {
        {"a key alone", "example.org\n", "f:1 example.org.:53"},
        {"keys with ports", "a:1 dns://b:2 {\n}\n", "f:1 a.:1 b.:2"},
        {"a range", "10.0.0.0/15 cluster.local {\n kubernetes\n}\n",
         "f:1 0.10.in-addr.arpa.,1.10.in-addr.arpa.:53 cluster.local.:53 kubernetes@f:2 "
         "0.10.in-addr.arpa.,1.10.in-addr.arpa.,cluster.local. ttl 5"},
        {"kubernetes with zones", ". {\n kubernetes cluster.local in-addr.arpa ip6.arpa {\n  ttl 30\n }\n}\n",
         "f:1 .:53 kubernetes@f:2 cluster.local.,in-addr.arpa.,ip6.arpa. ttl 30"},
        {"a range as a zone", ". {\n kubernetes cluster.local 10.96.0.0/15\n}\n",
         "f:1 .:53 kubernetes@f:2 cluster.local.,96.10.in-addr.arpa.,97.10.in-addr.arpa. ttl 5"},
        {"the root", ". {\n kubernetes\n}\n", "f:1 .:53 kubernetes@f:2 .,in-addr.arpa.,ip6.arpa. ttl 5"},
        {"bind", "a {\n bind 127.0.0.1 lo {\n  except ::1 eth0\n }\n bind ::1\n}\n",
         "f:1 a.:53 bind@f:2 127.0.0.1 lo -::1 -eth0 bind@f:5 ::1"},
        {"loadbalance", "a {\n loadbalance\n}\nb {\n loadbalance round_robin\n}\n", "f:1 a.:53 loadbalance | f:4 b.:53 loadbalance"},
        {"k8s_external", "a {\n k8s_external\n kubernetes\n}\n", "f:1 a.:53 kubernetes@f:3 a. ttl 5 external@f:2 a. dns ttl 5"},
        {"k8s_external with all it has",
         "a {\n kubernetes\n k8s_external b 10.0.0.0/8 {\n  apex ns\n  ttl 30\n  headless\n  fallthrough c d\n }\n}\n",
         "f:1 a.:53 kubernetes@f:2 a. ttl 5 external@f:3 b.,10.in-addr.arpa. ns ttl 30 headless fallthrough c.,d."},
        {"several blocks", "a {\n kubernetes\n}\nb:1 {\n kubernetes c\n}\n",
         "f:1 a.:53 kubernetes@f:2 a. ttl 5 | f:4 b.:1 kubernetes@f:5 c. ttl 5"},
        {"a snippet", "(k) {\n kubernetes {\n  ttl 7\n }\n}\na {\n import k\n}\nb {\n import k\n}\n",
         "f:6 a.:53 kubernetes@f:2 a. ttl 7 | f:9 b.:53 kubernetes@f:2 b. ttl 7"},
};

static char reported[COREFILE_WRONG_MAX * DIAG_TEXT_MAX];

static void on_report(enum log_level level, const char *text)
{
	assert_int_equal(level, LOG_ERROR);
	strcat(strcat(reported, text), "\n");
}

/* All lines that are wrong are named at once, those in braces too. */
static void test_several_wrong_lines(void **state)
{
	const struct corefile_options options = {.port = 53, .no_imports = true, .report = on_report};
	const char text[] = ". {\n frob\n kubernetes {\n  nonsense\n  pods verified\n  ttl x\n }\n autopath\n}\ngrpc://a {\n}\n";
	struct corefile c;
	struct diag d;
	char many[COREFILE_WRONG_MAX * 8 + 64] = ". {\n";
	(void)state;
	reported[0] = '\0';
	assert_int_equal(corefile_parse(text, strlen(text), "f", &options, &c, &d), ERR_SYNTAX);
	assert_string_equal(d.text, "f: 5 lines are wrong, see above");
	for (const char *const *want = (const char *const[]){"f:2: unknown directive \"frob\"", "f:4: kubernetes has no \"nonsense\"",
	                                                     "f:6: ttl: ", "f:8: ", "f:10: ", NULL};
	     *want; want++)
		assert_non_null(strstr(reported, *want));
	for (unsigned i = 0; i < COREFILE_WRONG_MAX + 1; i++)
		strcat(many, " frob\n");
	strcat(many, "}\n");
	reported[0] = '\0';
	assert_int_equal(corefile_parse(many, strlen(many), "f", &options, &c, &d), ERR_SYNTAX);
	assert_string_equal(d.text, "f: 21 lines are wrong, see above for the first of them");
	assert_non_null(strstr(reported, "f:21: unknown"));
	assert_null(strstr(reported, "f:22: unknown"));
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct corefile c;
		struct diag d = {0};
		struct text t;
		if (parse(good[i].text, NULL, &c, &d))
			fail_msg("%s: %s", good[i].what, d.text);
		describe(&c, &t);
		if (strcmp(t.at, good[i].want) != 0)
			fail_msg("%s: %s", good[i].what, t.at);
		corefile_free(&c);
	}
}

static const struct {
	const char *text, *want; /* how the message begins */
} bad[] = {
        {"", "f: there is no server block in it"},
        {"# nothing\n", "f: there is no server block in it"},
        {"a {\n k8s_external b\n}\n", "f:2: k8s_external: the server block has no kubernetes"},
        {"a {\n kubernetes\n k8s_external b\n k8s_external c\n}\n",
         "f:4: a server block has one k8s_external, as in CoreDNS, and this one has it at f:3 already"},
        {"a {\n kubernetes\n k8s_external b {\n  frob\n }\n}\n",
         "f:4: k8s_external has no \"frob\"; it has: apex, fallthrough, headless, ttl"},
        {"a {\n kubernetes\n k8s_external b {\n  ttl 3601\n }\n}\n", "f:4: ttl: "},
        {"a {\n kubernetes\n k8s_external b {\n  apex a.b\n }\n}\n", "f:4: apex: one label is wanted, not \"a.b\""},
        {"a {\n kubernetes\n k8s_external b {\n  apex\n }\n}\n", "f:4: apex: it is written: apex LABEL"},
        {"a {\n kubernetes\n k8s_external in-addr.arpa\n}\n", "f:3: a zone such as cluster.local is wanted that is no reverse zone"},
        {". {\n frob\n}\n", "f:2: unknown directive \"frob\": headns has: acl, any, autopath, bind, bufsize, cache, "},
        {". {\n kubernets cluster.local\n}\n", "f:2: unknown directive \"kubernets\": is kubernetes meant?"},
        {"a..b {\n}\n", "f:1: \"a..b\" is no zone"},
        {"a:x:99999 {\n}\n", "f:1: \"a:x:99999\": a port"},
        {"https://a {\n}\n", "f:1: \"https://a\": headns serves dns:// and tls:// only, not https://"},
        {"tls://a {\n}\n", "f:1: tls:// needs a certificate: the block has no tls CERT KEY"},
        {"a tls://b {\n tls /missing.crt /missing.key\n}\n", "f:2: tls: certificate /missing.crt: there is no such file"},
        {"a {\n root /else\n tls missing.crt missing.key\n}\n", "f:3: tls: certificate /else/missing.crt: there is no such file"},
        {"tls://a {\n tls\n}\n", "f:2: tls: CoreDNS gets certificates by ACME then"},
        {"tls://a {\n tls c\n}\n", "f:2: tls: it is written: tls CERT KEY [CA]"},
        {"a {\n bind\n}\n", "f:2: bind: an address or an interface is wanted"},
        {"a {\n bind lo {\n  except\n }\n}\n", "f:3: except: an address or an interface is wanted"},
        {"a {\n bind lo {\n  frob x\n }\n}\n", "f:3: bind has only except"},
        {"a {\n bind lo {\n  except a\n  except b\n }\n}\n", "f:4: except: one line"},
        {"a {\n loadbalance weighted w.conf\n}\n", "f:2: loadbalance: headns has round_robin, not \"weighted\""},
        {"a {\n loadbalance round_robin x\n}\n", "f:2: loadbalance: round_robin takes nothing more, such as \"x\""},
        {"a {\n loadbalance {\n  prefer 10.0.0.0/8 10.0.0.1\n }\n}\n",
         "f:3: prefer: a range such as 10.0.0.0/8 is wanted, not \"10.0.0.1\""},
        {"a {\n kubernetes\n\n kubernetes b\n}\n",
         "f:4: a server block has one kubernetes, as in CoreDNS, and this one has it at f:2 already"},
        {"a {\n kubernetes b..c\n}\n", "f:2: \"b..c\" is no zone"},
        {"a {\n kubernetes {\n  pods insecure\n  ttl x\n }\n}\n", "f:4: ttl: a number from 0 to 3600 is wanted"},
        {"a {\n kubernetes {\n  frob\n }\n}\n", "f:3: kubernetes has no \"frob\"; it has: "},
        {"a {\n kubernetes {\n  pods insecure {\n  }\n }\n}\n", "f:3: pods has no braces"},
        {"10.0.0.0/8 {\n kubernetes\n}\n", "f:2: a zone such as cluster.local is wanted"},
        {"a {\n kubernetes {\n  namespaces b\n  namespace_labels c\n }\n}\n", "f:2: namespaces and namespace_labels"},
        {"a {\n kubernetes b {\n  multicluster a\n }\n}\n", "f:2: multicluster: a. is none of the zones"},
        {"a {\n import /etc/passwd\n}\n", "f:2: import: there is no snippet (/etc/passwd), and files are not read here"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct corefile c;
		struct diag d = {0};
		assert_int_not_equal(parse(bad[i].text, NULL, &c, &d), OK);
		assert_int_equal(c.count, 0);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
	}
}

static void test_settings_count_in_every_block(void **state)
{
	struct settings s = {0};
	struct corefile c;
	struct diag d;
	struct text t;
	(void)state;
	assert_int_equal(settings_add(&s, "--set kubernetes.ttl=9", "kubernetes.ttl=9", &d), OK);
	assert_int_equal(parse("a {\n kubernetes {\n  ttl 1\n }\n}\nb {\n kubernetes\n}\n", &s, &c, &d), OK);
	describe(&c, &t);
	assert_string_equal(t.at, "f:1 a.:53 kubernetes@f:2 a. ttl 9 | f:6 b.:53 kubernetes@f:7 b. ttl 9");
	corefile_free(&c);
	settings_clear(&s);
}

static void test_missing_file(void **state)
{
	const struct corefile_options options = {.port = 53};
	struct corefile c;
	struct diag d;
	(void)state;
	assert_int_equal(corefile_read("/nonexistent/Corefile", &options, &c, &d), ERR_MISSING);
	assert_string_equal(d.text, "/nonexistent/Corefile: No such file or directory");
}

static void test_no_memory(void **state)
{
	const char *text =
	        "a 10.0.0.0/15 {\n bind lo {\n  except b\n }\n kubernetes c {\n  labels f in (g)\n  namespaces i\n }\n}\nh {\n}\n";
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct corefile c;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = parse(text, NULL, &c, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		corefile_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_several_wrong_lines),           cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_settings_count_in_every_block), cmocka_unit_test(test_missing_file), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
