/* The lines of a kubernetes block. */
#include "config/kubernetes.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8

/* Sets "ttl 5; pods insecure". */
static enum err set_lines(struct kubernetes_options *o, const char *text, struct diag *d)
{
	char copy[512], *rest = copy, *line;
	enum err err = OK;
	snprintf(copy, sizeof copy, "%s", text);
	while (!err && (line = strsep(&rest, ";"))) {
		const char *words[WORDS_MAX];
		unsigned count = 0;
		char *word;
		while ((word = strsep(&line, " "))) {
			if (*word)
				words[count++] = word;
		}
		if (count)
			err = kubernetes_set(o, words[0], words + 1, count - 1, d);
	}
	return err;
}

static enum err finish(struct kubernetes_options *o, const char *zone, struct diag *d)
{
	struct name_list zones = {0};
	enum err err = kubernetes_add_zone(&zones, zone, d);
	if (!err)
		err = kubernetes_options_finish(o, &zones, d);
	free(zones.names);
	return err;
}

static size_t put_names(char *text, size_t cap, const char *what, const struct name_list *list)
{
	size_t len = 0;
	for (unsigned i = 0; i < list->count && len < cap; i++) {
		char name[NAME_TEXT_MAX];
		name_to_text(&list->names[i], name);
		len += (size_t)snprintf(text + len, cap - len, " %s=%s", what, name);
	}
	return len;
}

/* What differs from the defaults. */
static void describe(const struct kubernetes_options *o, char *text, size_t cap)
{
	const struct {
		const char *name;
		const char *value;
	} texts[] = {
	        {"namespace_labels", o->namespace_labels},
	        {"labels", o->labels},
	        {"endpoint", o->endpoint},
	        {"cert", o->tls_cert},
	        {"key", o->tls_key},
	        {"ca", o->tls_ca},
	        {"kubeconfig", o->kubeconfig},
	        {"context", o->context},
	        {"snapshot", o->snapshot},
	};
	const struct {
		const char *name;
		unsigned value, usual;
	} numbers[] = {
	        {"fallthrough", o->fallthrough, 0},
	        {"pods", o->pods, KUBERNETES_PODS_DISABLED},
	        {"endpoint_pod_names", o->endpoint_pod_names, 0},
	        {"noendpoints", o->noendpoints, 0},
	        {"ignore_empty_service", o->ignore_empty_service, 0},
	        {"zonal", o->zonal, 0},
	        {"svcb", o->svcb, 0},
	        {"ttl", o->ttl_s, 5},
	        {"negative_ttl", o->negative_ttl_s, 5},
	        {"max_answers", o->max_answers, 0},
	        {"hold", (unsigned)o->hold_ms, 0},
	        {"ede", o->ede, 1},
	        {"compat_coredns", o->compat_coredns, 0},
	        {"endpoints", o->endpoints, KUBERNETES_ENDPOINTS_PODS},
	        {"qps/10", (unsigned)(o->apiserver_qps * 10), 0},
	        {"burst", o->apiserver_burst, 0},
	        {"max_inflight", o->apiserver_max_inflight, 0},
	        {"handover", (unsigned)o->handover_ms, 500},
	        {"startup_timeout", (unsigned)o->startup_timeout_ms, 5000},
	        {"list_progress", (unsigned)o->list_progress_ms, 30000},
	        {"list_timeout", (unsigned)o->list_timeout_ms, 600000},
	        {"list_objects", o->list_max_objects, 1000000},
	        {"list_mib", o->list_max_mib, 16384},
	};
	size_t len = 0;
	*text = 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (numbers[i].value != numbers[i].usual)
			len += (size_t)snprintf(text + len, cap - len, " %s=%u", numbers[i].name, numbers[i].value);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].value)
			len += (size_t)snprintf(text + len, cap - len, " %s=%s", texts[i].name, texts[i].value);
	}
	for (unsigned i = 0; i < o->namespaces.count; i++)
		len += (size_t)snprintf(text + len, cap - len, " ns=%s", o->namespaces.texts[i]);
	len += put_names(text + len, cap - len, "multicluster", &o->multicluster);
	len += put_names(text + len, cap - len, "through", &o->fallthrough_zones);
	put_names(text + len, cap - len, "zone", &o->zones);
}

static const struct {
	const char *lines, *want;
} good[] = {
        {"", " zone=c.l."},
        {"ttl 30", " ttl=30 zone=c.l."},
        {"ttl 3", " ttl=3 negative_ttl=3 zone=c.l."},
        {"ttl 0; negative_ttl 60", " ttl=0 negative_ttl=60 zone=c.l."},
        {"negative_ttl 5; ttl 1", " ttl=1 zone=c.l."},
        {"pods insecure", " pods=1 zone=c.l."},
        {"pods verified", " pods=2 zone=c.l."},
        {"pods verified; pods disabled", " zone=c.l."},
        {"endpoint_pod_names; ignore empty_service; zonal; svcb", " endpoint_pod_names=1 ignore_empty_service=1 zonal=1 svcb=1 zone=c.l."},
        {"noendpoints", " noendpoints=1 zone=c.l."},
        {"fallthrough", " fallthrough=1 zone=c.l."},
        {"fallthrough in-addr.arpa IP6.arpa.", " fallthrough=1 through=in-addr.arpa. through=ip6.arpa. zone=c.l."},
        {"fallthrough a; fallthrough", " fallthrough=1 zone=c.l."},
        {"multicluster c.l", " multicluster=c.l. zone=c.l."},
        {"multicluster", " zone=c.l."},
        {"namespaces a b; namespaces c", " ns=a ns=b ns=c zone=c.l."},
        {"namespace_labels a in (b, c)", " namespace_labels=a in (b, c) zone=c.l."},
        {"labels a=b,c", " labels=a=b,c zone=c.l."},
        {"endpoints slices; max_answers 48; ede off; compat coredns", " max_answers=48 ede=0 compat_coredns=1 endpoints=1 zone=c.l."},
        {"ede off; ede on; endpoints slices; endpoints pods", " zone=c.l."},
        {"endpoint https://a:1; tls c k ca", " endpoint=https://a:1 cert=c key=k ca=ca zone=c.l."},
        {"kubeconfig f", " kubeconfig=f zone=c.l."},
        {"kubeconfig f c", " kubeconfig=f context=c zone=c.l."},
        {"kubeconfig f c; kubeconfig g", " kubeconfig=g zone=c.l."},
        {"apiserver_qps 0.5; apiserver_burst 7; apiserver_max_inflight 3", " qps/10=5 burst=7 max_inflight=3 zone=c.l."},
        {"handover 2s", " handover=2000 zone=c.l."},
        {"hold 4s", " hold=4000 zone=c.l."},
        {"hold 1s; hold 0s", " zone=c.l."},
        {"compat coredns; hold 20ms", " hold=20 compat_coredns=1 zone=c.l."},
        {"startup_timeout 1m", " startup_timeout=60000 zone=c.l."},
        {"list_progress 1s; list_timeout 1m", " list_progress=1000 list_timeout=60000 zone=c.l."},
        {"list_max 7", " list_objects=7 zone=c.l."},
        {"list_max 8 9; list_max 7", " list_objects=7 list_mib=9 zone=c.l."},
        {"snapshot /var/lib/headns", " snapshot=/var/lib/headns zone=c.l."},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct kubernetes_options o;
		struct diag d = {0};
		char text[512];
		kubernetes_options_init(&o);
		if (set_lines(&o, good[i].lines, &d) || finish(&o, "c.l", &d))
			fail_msg("%s: %s", good[i].lines, d.text);
		describe(&o, text, sizeof text);
		assert_string_equal(text, good[i].want);
		kubernetes_options_clear(&o);
	}
}

static const struct {
	const char *lines, *zone, *want; /* how the message begins */
} bad[] = {
        {"frob", "c.l", "kubernetes has no \"frob\"; it has: apiserver_burst, "},
        {"tll 5", "c.l", "kubernetes has no \"tll\": is tls or ttl meant?"},
        {"name_spaces a", "c.l", "kubernetes has no \"name_spaces\": is namespaces meant?"},
        {"ttl", "c.l", "ttl: it is written: ttl SECONDS"},
        {"ttl 5 6", "c.l", "ttl: it is written: ttl SECONDS"},
        {"ttl 3601", "c.l", "ttl: a number from 0 to 3600 is wanted"},
        {"ttl 5s", "c.l", "ttl: a number from 0 to 3600 is wanted"},
        {"negative_ttl -1", "c.l", "negative_ttl: a number"},
        {"pods", "c.l", "pods: it is written: pods disabled|insecure|verified"},
        {"pods on", "c.l", "pods: disabled, insecure or verified is wanted, not \"on\""},
        {"endpoint_pod_names yes", "c.l", "endpoint_pod_names: it is written: endpoint_pod_names"},
        {"ignore x", "c.l", "ignore: empty_service is wanted, not \"x\""},
        {"ede maybe", "c.l", "ede: on or off is wanted, not \"maybe\""},
        {"endpoints both", "c.l", "endpoints: pods or slices is wanted"},
        {"compat bind", "c.l", "compat: coredns is wanted"},
        {"max_answers 0", "c.l", "max_answers: a number from 1 to 65535"},
        {"fallthrough a..b", "c.l", "fallthrough: \"a..b\" is no zone"},
        {"namespaces", "c.l", "namespaces: it is written: namespaces NAME..."},
        {"labels a b", "c.l", "labels: at \"b\" in the selector"},
        {"namespace_labels a!=b", "c.l", "namespace_labels: != is no operator"},
        {"tls a b", "c.l", "tls: it is written: tls CERT KEY CACERT"},
        {"kubeconfig a b c", "c.l", "kubeconfig: it is written: kubeconfig FILE [CONTEXT]"},
        {"apiserver_qps -1", "c.l", "apiserver_qps: a number such as"},
        {"apiserver_burst 1.5", "c.l", "apiserver_burst: a number"},
        {"handover 61s", "c.l", "handover: a duration from 0s to 60s is wanted"},
        {"hold 4001ms", "c.l", "hold: a duration from 0s to 4s is wanted"},
        {"hold", "c.l", "hold: it is written: hold DURATION"},
        {"startup_timeout 5", "c.l", "startup_timeout: a duration such as"},
        {"list_progress 0s", "c.l", "list_progress: a duration from 1ms to 24h is wanted"},
        {"list_timeout 25h", "c.l", "list_timeout: a duration from 1ms to 24h is wanted"},
        {"list_max 0", "c.l", "list_max: a number from 1"},
        {"list_max 1 0", "c.l", "list_max: a number from 1"},
        {"list_max", "c.l", "list_max: it is written: list_max OBJECTS [MIB]"},
        {"namespaces a; namespace_labels b", "c.l", "namespaces and namespace_labels"},
        {"zonal; noendpoints", "c.l", "zonal and noendpoints"},
        {"multicluster x", "c.l", "multicluster: x. is none of the zones"},
        {"", "10.0.0.0/8", "a zone such as cluster.local is wanted that is no reverse zone"},
        {"", "in-addr.arpa", "a zone such as cluster.local is wanted that is no reverse zone"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct kubernetes_options o;
		struct diag d = {0};
		kubernetes_options_init(&o);
		assert_true(set_lines(&o, bad[i].lines, &d) || finish(&o, bad[i].zone, &d));
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		kubernetes_options_clear(&o);
	}
}

static void test_no_memory(void **state)
{
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct kubernetes_options o;
		struct diag d;
		enum err err;
		kubernetes_options_init(&o);
		fail_alloc_at(n);
		err = set_lines(&o, "namespaces a b; namespaces c; labels a in (b); fallthrough 10.0.0.0/15; multicluster c.l", &d);
		if (!err)
			err = finish(&o, "c.l", &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		kubernetes_options_clear(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
