/* kube-dns's ConfigMap: its values, and what they make of a Corefile's blocks. */
#include "config/corefile.h"
#include "config/kube_dns.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_texts(char *text, size_t cap, const char *what, const struct text_list *l)
{
	size_t len = strlen(text);
	len += (size_t)snprintf(text + len, cap - len, "%s", what);
	for (unsigned i = 0; i < l->count; i++)
		len += (size_t)snprintf(text + len, cap - len, " %s", l->texts[i]);
	snprintf(text + len, cap - len, ";");
}

/* "corp.example 10.0.0.1;. 8.8.8.8;" */
static void describe(const struct kube_dns *k, char *text, size_t cap)
{
	*text = 0;
	for (unsigned i = 0; i < k->stub_count; i++)
		put_texts(text, cap, k->stubs[i].zone, &k->stubs[i].servers);
	put_texts(text, cap, k->federations ? "federations ." : ".", &k->upstreams);
}

#define STUBS     KUBE_DNS_STUB_DOMAINS
#define UPSTREAMS KUBE_DNS_UPSTREAM_NAMESERVERS

static const struct {
	enum kube_dns_key key;
	const char *json, *want;
} good[] = {
        {STUBS, "{}", ".;"},
        {STUBS, "null\n", ".;"},
        {STUBS, "{\"a.b\": [\"10.0.0.1\", \"10.0.0.2:54\", \"2001:db8::1\", \"[2001:db8::2]:5353\", \"ns.x\", \"ns-1.x:54\"]}",
         "a.b 10.0.0.1 10.0.0.2:54 2001:db8::1 [2001:db8::2]:5353 ns.x ns-1.x:54;.;"},
        {STUBS, " {\"b\":[\"1.1.1.1\"],\"x.b\":[\"1.1.1.2\"],\"a\":[\"1.1.1.3\"],\"none\":[]} ", "x.b 1.1.1.2;a 1.1.1.3;b 1.1.1.1;.;"},
        {UPSTREAMS, "[]", ".;"},
        {UPSTREAMS, "[\"8.8.8.8\", \"8.8.4.4:54\", \"::1\"]", ". 8.8.8.8 8.8.4.4:54 ::1;"},
        {KUBE_DNS_FEDERATIONS, "{}", ".;"},
        {KUBE_DNS_FEDERATIONS, "{\"f\": \"corp.example\"}", "federations .;"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct kube_dns k = {0};
		struct diag d;
		char text[256];
		if (kube_dns_parse(&k, good[i].key, good[i].json, strlen(good[i].json), &d))
			fail_msg("%s: %s", good[i].json, d.text);
		describe(&k, text, sizeof text);
		assert_string_equal(text, good[i].want);
		kube_dns_clear(&k);
	}
}

static const struct {
	enum kube_dns_key key;
	const char *json, *want;
} bad[] = {
        {STUBS, "", "it is no JSON"},
        {STUBS, "{", "it is no JSON"},
        {STUBS, "{} x", "it is no JSON"},
        {STUBS, "[]", "domains with their servers"},
        {STUBS, "{\"Corp\": [\"10.0.0.1\"]}", "\"Corp\" is no domain"},
        {STUBS, "{\"a..b\": [\"10.0.0.1\"]}", "\"a..b\" is no domain"},
        {STUBS, "{\"a-.b\": [\"10.0.0.1\"]}", "\"a-.b\" is no domain"},
        {STUBS, "{\"-a\": [\"10.0.0.1\"]}", "\"-a\" is no domain"},
        {STUBS, "{\"a.\": [\"10.0.0.1\"]}", "\"a.\" is no domain"},
        {STUBS, "{\"\": [\"10.0.0.1\"]}", "\"\" is no domain"},
        {STUBS, "{\"a {\": [\"10.0.0.1\"]}", "\"a {\" is no domain"},
        {STUBS, "{\"a123456789b123456789c123456789d123456789e123456789f123456789g123\": [\"10.0.0.1\"]}", "is no domain"},
        {STUBS, "{\"a\": \"10.0.0.1\"}", "a: a list of servers"},
        {STUBS, "{\"a\": [1]}", "a: a list of servers"},
        {STUBS, "{\"a\": [\"10.0.0.1\"], \"a\": [\"10.0.0.2\"]}", "a is there twice"},
        {STUBS, "{\"a\": [\"10.0.0.1:x\"]}", "\"10.0.0.1:x\" is no server"},
        {STUBS, "{\"a\": [\"10.0.0.1:65536\"]}", "\"10.0.0.1:65536\" is no server"},
        {STUBS, "{\"a\": [\"tls://10.0.0.1\"]}", "\"tls://10.0.0.1\" is no server"},
        {STUBS, "{\"a\": [\"/etc/passwd\"]}", "\"/etc/passwd\" is no server"},
        {STUBS, "{\"a\": [\"10.0.0\"]}", "\"10.0.0\" is no server"},
        {STUBS, "{\"a\": [\"ns x\"]}", "\"ns x\" is no server"},
        {UPSTREAMS, "{}", "a list of addresses"},
        {UPSTREAMS, "[\"ns.example\"]", "\"ns.example\" is no address"},
        {UPSTREAMS, "[7]", "\"\" is no address"},
        {UPSTREAMS, "[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\"]", "3 addresses at most"},
        {KUBE_DNS_FEDERATIONS, "{\"f\": 1}", "f: a domain"},
        {KUBE_DNS_FEDERATIONS, "7", "names with domains"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct kube_dns k = {0};
		struct diag d;
		if (!kube_dns_parse(&k, bad[i].key, bad[i].json, strlen(bad[i].json), &d))
			fail_msg("%s is taken", bad[i].json);
		if (!strstr(d.text, bad[i].want))
			assert_string_equal(d.text, bad[i].want);
		kube_dns_clear(&k);
	}
}

/* --- the folder --- */

static void write_key(const char *folder, enum kube_dns_key key, const char *json)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, kube_dns_key_name(key));
	unlink(path);
	if (!json)
		return;
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(json, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_folder(void **state)
{
	char folder[] = "/tmp/test-kube-dns.XXXXXX", text[128];
	struct kube_dns k;
	struct diag d;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(kube_dns_read(folder, &k, &d), OK);
	assert_true(!k.stub_count && !k.upstreams.count);
	write_key(folder, STUBS, "{\"a\":[\"10.0.0.1\"]}");
	assert_int_equal(kube_dns_read(folder, &k, &d), OK);
	describe(&k, text, sizeof text);
	assert_string_equal(text, "a 10.0.0.1;.;");
	kube_dns_clear(&k);
	write_key(folder, UPSTREAMS, "[\"8.8.8\"]"); /* and nothing of the other */
	assert_int_not_equal(kube_dns_read(folder, &k, &d), OK);
	assert_true(!k.stub_count && strstr(d.text, "/upstreamNameservers: \"8.8.8\""));
	write_key(folder, STUBS, NULL);
	write_key(folder, UPSTREAMS, NULL);
	rmdir(folder);
	assert_int_equal(kube_dns_read(folder, &k, &d), OK);
}

/* --- in a Corefile --- */

static const struct {
	const char *stubs, *upstreams, *corefile, *want; /* of each line: its zone and its upstreams */
} corefiles[] = {
        {"{\"a\":[\"10.0.0.1\"]}", "[]", ". {\n forward . 10.0.0.9\n}\n", "a. 10.0.0.1:53;. 10.0.0.9:53;"},
        {"{}", "[\"10.0.0.2\"]", ". {\n forward . /etc/resolv.conf {\n policy sequential\n }\n}\n", ". 10.0.0.2:53 sequential;"},
        {"{}", "[\"10.0.0.2\"]", ". {\n forward . 10.0.0.9 /nowhere /etc/resolv.conf\n}\n", ". 10.0.0.9:53 10.0.0.2:53;"},
        {"{}", "[\"10.0.0.2\"]", ". {\n forward . 10.0.0.9\n}\n", ". 10.0.0.9:53;"},
        {"{}", "[\"10.0.0.2\"]", ". {\n forward x 10.0.0.9\n}\n", "x. 10.0.0.9:53;. 10.0.0.2:53;"},
        {"{\"a\":[\"10.0.0.1\"]}", "[\"10.0.0.2\"]", "b .:54 {\n}\n", "a. 10.0.0.1:53;. 10.0.0.2:53;"},
        {"{\"a\":[\"10.0.0.1\"]}", "[\"10.0.0.2\"]", "a {\n whoami\n}\n", ""},
};

static void put_line(char *text, size_t cap, const struct forward_line *l)
{
	size_t len = strlen(text);
	char zone[NAME_TEXT_MAX];
	name_to_text(&l->from.names[0], zone);
	len += (size_t)snprintf(text + len, cap - len, "%s", zone);
	for (unsigned i = 0; i < l->upstream_count; i++) {
		char at[UPSTREAM_TEXT_MAX];
		upstream_format(&l->upstreams[i], at);
		len += (size_t)snprintf(text + len, cap - len, " %s", at);
	}
	snprintf(text + len, cap - len, "%s;", l->options.policy == FORWARD_SEQUENTIAL ? " sequential" : "");
}

static enum err make(size_t i, char *text, size_t cap, struct diag *d)
{
	struct kube_dns k = {0};
	const struct corefile_options options = {.port = 53, .kube_dns = &k};
	struct corefile c = {0};
	enum err err = kube_dns_parse(&k, STUBS, corefiles[i].stubs, strlen(corefiles[i].stubs), d);
	if (!err)
		err = kube_dns_parse(&k, UPSTREAMS, corefiles[i].upstreams, strlen(corefiles[i].upstreams), d);
	if (!err)
		err = corefile_parse(corefiles[i].corefile, strlen(corefiles[i].corefile), "Corefile", &options, &c, d);
	const struct forward_values *v = err ? NULL : corefile_values(&c.blocks[0], DIRECTIVE_FORWARD);
	*text = 0;
	for (unsigned n = 0; v && n < v->count; n++)
		put_line(text, cap, &v->lines[n]);
	corefile_free(&c);
	kube_dns_clear(&k);
	return err;
}

static void test_corefiles(void **state)
{
	struct diag d;
	char text[256];
	(void)state;
	for (size_t i = 0; i < sizeof corefiles / sizeof *corefiles; i++) {
		if (make(i, text, sizeof text, &d))
			fail_msg("%s: %s", corefiles[i].corefile, d.text);
		assert_string_equal(text, corefiles[i].want);
	}
}

/* What it says is a part of what the Corefile says. */
static void test_text(void **state)
{
	static const char corefile[] = ". {\n whoami\n}\n";
	struct kube_dns k = {0};
	const struct corefile_options options = {.port = 53, .kube_dns = &k};
	struct corefile before, after;
	struct diag d;
	(void)state;
	assert_int_equal(corefile_parse(corefile, strlen(corefile), "Corefile", &options, &before, &d), OK);
	assert_int_equal(kube_dns_parse(&k, UPSTREAMS, "[\"10.0.0.2\"]", 12, &d), OK);
	assert_int_equal(corefile_parse(corefile, strlen(corefile), "Corefile", &options, &after, &d), OK);
	assert_string_not_equal(before.text, after.text);
	corefile_free(&before);
	corefile_free(&after);
	kube_dns_clear(&k);
}

static void test_without_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof corefiles / sizeof *corefiles; i++) {
		unsigned n = 0;
		bool hit;
		do {
			struct diag d;
			char text[256];
			fail_alloc_at(++n);
			enum err err = make(i, text, sizeof text, &d);
			hit = fail_alloc_hit();
			fail_alloc_at(0);
			assert_true(hit == (err != OK));
		} while (hit);
		assert_true(n > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),  cmocka_unit_test(test_folder),
	        cmocka_unit_test(test_corefiles), cmocka_unit_test(test_text), cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
