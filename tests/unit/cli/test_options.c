#include "cli/options.h"
#include "net/listen.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 16
#define FORTY    "a23456789-123456789-123456789-123456789x"

/* Splits at blanks into argv, as a shell would. */
static int split(char *line, char *argv[ARGS_MAX])
{
	int n = 0;
	while (*line) {
		argv[n++] = line;
		line += strcspn(line, " ");
		if (*line)
			*line++ = 0;
	}
	argv[n] = NULL;
	return n;
}

struct parsed {
	struct options options;
	struct diag diag;
	enum err err;
	char line[256];
	char *argv[ARGS_MAX];
};

/* done() with what it gave. */
static void parse(struct parsed *p, const char *line)
{
	int argc;
	snprintf(p->line, sizeof p->line, "%s", line);
	argc = split(p->line, p->argv);
	p->diag.text[0] = 0;
	p->err = options_parse(&p->options, argc, p->argv, &p->diag);
}

static void done(struct parsed *p)
{
	options_clear(&p->options);
}

/* What matters of the options as one line. */
static void describe(const struct options *o, char *text, size_t cap)
{
	char zone[NAME_TEXT_MAX], pods[ADDR_TEXT_MAX], services[ADDR_TEXT_MAX];
	const struct cluster_options *c = &o->cluster;
	const struct kubernetes_options *k = &o->kubernetes;
	size_t len;
	name_to_text(&k->zones.names[0], zone);
	addr_format(&c->manifest.pod_cidr.base, pods);
	addr_format(&c->manifest.service_cidr.base, services);
	len = (size_t)snprintf(text, cap, "%s ttl %u/%u w%u %s/%u %s/%u%s%s%s log%d", zone, k->ttl_s, k->negative_ttl_s, o->server.workers,
	                       pods, c->manifest.pod_cidr.prefix, services, c->manifest.service_cidr.prefix,
	                       c->manifest.lenient ? " lenient" : "", o->rotate ? "" : " no-rotate", o->outside_nxdomain ? " outside" : "",
	                       (int)o->log_level);
	if (k->kubeconfig)
		len += (size_t)snprintf(text + len, cap - len, " of %s/%s", k->kubeconfig, k->context ? k->context : "(null)");
	if (k->endpoint)
		len += (size_t)snprintf(text + len, cap - len, " at %s", k->endpoint);
	for (unsigned i = 0; i < c->file_count; i++)
		len += (size_t)snprintf(text + len, cap - len, " %s", c->files[i]);
}

static const struct {
	const char *line, *want;
} good[] = {
        {"headns serve a.yaml", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 a.yaml"},
        {"headns serve a.yaml --ttl 3 b -", "cluster.local. ttl 3/3 w0 10.244.0.0/16 10.0.0.0/16 log2 a.yaml b -"},
        {"headns serve --ttl=30 a", "cluster.local. ttl 30/5 w0 10.244.0.0/16 10.0.0.0/16 log2 a"},
        {"headns serve --ttl 0 --negative-ttl 60 a", "cluster.local. ttl 0/60 w0 10.244.0.0/16 10.0.0.0/16 log2 a"},
        {"headns serve --zone k8s.test --workers 16 a", "k8s.test. ttl 5/5 w16 10.244.0.0/16 10.0.0.0/16 log2 a"},
        {"headns serve --pod-cidr fd01::/64 --pod-cidr 10.9.0.0/16 a", "cluster.local. ttl 5/5 w0 10.9.0.0/16 10.0.0.0/16 log2 a"},
        {"headns serve --service-cidr 10.96.0.0/12 --lenient a", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.96.0.0/12 lenient log2 a"},
        {"headns serve --no-rotate --log-level debug a", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 no-rotate log3 a"},
        {"headns serve -- -a", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 -a"},
        {"headns serve --kubeconfig k --context c", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of k/c"},
        {"headns serve --kubeconfig", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of /(null)"},
        {"headns dump --kubeconfig --ttl 7", "cluster.local. ttl 7/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of /(null)"},
        {"headns serve --kubeconfig --context c", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of /c"},
        {"headns serve --ttl 7 --kubeconfig k", "cluster.local. ttl 7/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of k/(null)"},
        {"headns serve --kubeconfig=k", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 of k/(null)"},
        {"headns serve --zone a --zone b f", "a. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 f"},
        {"headns serve --set kubernetes.ttl=7 --ttl 8 f", "cluster.local. ttl 8/5 w0 10.244.0.0/16 10.0.0.0/16 log2 f"},
        {"headns serve --ttl 8 --set kubernetes.ttl=7 f", "cluster.local. ttl 7/5 w0 10.244.0.0/16 10.0.0.0/16 log2 f"},
        {"headns serve --set kubernetes.endpoint=http://a", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 log2 at http://a"},
        {"headns run --kubeconfig k --context c -- cmd", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 outside log1 of k/c"},
        {"headns run --kubeconfig -- cmd", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 outside log1 of /(null)"},
        {"headns run --kubeconfig k --pod-cidr 10.9.0.0/16 -- cmd", /* COMMAND's own address is of it */
         "cluster.local. ttl 5/5 w0 10.9.0.0/16 10.0.0.0/16 outside log1 of k/(null)"},
        {"headns run a b -- cmd", "cluster.local. ttl 5/5 w0 10.244.0.0/16 10.0.0.0/16 outside log1 a b"},
};

static void test_good_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct parsed p;
		char text[2 * NAME_TEXT_MAX];
		parse(&p, good[i].line);
		assert_string_equal(p.diag.text, "");
		assert_int_equal(p.err, OK);
		describe(&p.options, text, sizeof text);
		assert_string_equal(text, good[i].want);
		done(&p);
	}
}

static const struct {
	const char *line, *want; /* how the message begins */
} bad[] = {
        {"headns", "no command"},
        {"headns srve", "no command 'srve': is serve meant?"},
        {"headns frobnicate", "no command 'frobnicate' ("},
        {"headns help frobnicate", "no command 'frobnicate' ("},
        {"headns serve", "serve: no manifest"},
        {"headns serve --kubeconfig k a", "serve: a manifest and --kubeconfig"},
        {"headns serve --context c", "serve: --context is one of a kubeconfig"},
        {"headns run --kubeconfig k f -- a", "run: a manifest and --kubeconfig"},
        {"headns run --kubeconfig k", "run: no command"},
        {"headns serve --ttl", "serve: --ttl needs an argument"},
        {"headns serve --ttl 3601 a", "serve: --ttl 3601: ttl: a number from 0 to 3600"},
        {"headns serve --ttl -1 a", "serve: --ttl -1: ttl: a number"},
        {"headns serve --ttl 5s a", "serve: --ttl 5s: ttl: a number"},
        {"headns serve --ttl= a", "serve: --ttl : ttl: it is written: ttl SECONDS"},
        {"headns serve --ttl 99999999999999999999 a", "serve: --ttl 99999999999999999999: ttl: a number"},
        {"headns serve --negative-ttl x a", "serve: --negative-ttl x: negative_ttl: a number"},
        {"headns serve --hold 5s a", "serve: --hold 5s: hold: a duration from 0s to 4s is wanted"},
        {"headns dump --hold 1s a", "dump: "},
        {"headns serve --set ttl=5 a", "serve: --set ttl=5: kubernetes.DIRECTIVE=VALUE is wanted"},
        {"headns serve --set kubernetes.frob=5 a", "serve: --set kubernetes.frob=5: kubernetes has no \"frob\""},
        {"headns serve --set kubernetes.startup_timeout=6s a", "serve: kubernetes.startup_timeout is of a cluster, not of manifests"},
        {"headns serve --set kubernetes.startup_timeout=5s a", "serve: kubernetes.startup_timeout is of a cluster, not of manifests"},
        {"headns serve --set kubernetes.endpoints=pods a", "serve: kubernetes.endpoints is of a cluster, not of manifests"},
        {"headns serve --set kubernetes.apiserver_qps=0 a", "serve: kubernetes.apiserver_qps is of a cluster, not of manifests"},
        {"headns serve --set kubernetes.snapshot=/s a", "serve: kubernetes.snapshot is of a cluster, not of manifests"},
        {"headns serve --zone 10.0.0.0/8 a", "serve: a zone such as cluster.local is wanted"},
        {"headns serve --conf c a", "serve: a manifest and a Corefile (c): give one or the other"},
        {"headns serve --conf c --listen 127.0.0.1", "serve: --listen and a Corefile"},
        {"headns serve --conf c --zone a", "serve: --zone and a Corefile"},
        {"headns serve --conf c --ready :8181", "serve: --health, --ready or --metrics and a Corefile"},
        {"headns serve --health 8080 a", "serve: --health 8080: \"8080\": an address is written ADDR:PORT"},
        {"headns run --metrics :9153 a -- b", "run: no option --metrics"},
        {"headns -conf c --kubeconfig k", "serve: --kubeconfig and a Corefile"},
        {"headns serve --kubeconfig k --lenient", "serve: --lenient is of manifests, not of a cluster"},
        {"headns run -R --kubeconfig k -- cmd", "run: --recursive is of manifests, not of a cluster"},
        {"headns check --set kubernetes.ttl=x f", "check: --set kubernetes.ttl=x: ttl: a number"},
        {"headns check --zone 10.0.0.0/8 f", "check: a zone such as cluster.local is wanted"},
        {"headns check --lenient f", "check: no option --lenient"},
        {"headns check --kubeconfig k", "check: no option --kubeconfig"},
        {"headns dump --kubeconfig k --no-cluster-services", "dump: --no-cluster-services is of manifests, not of a cluster"},
        {"headns dump --kubeconfig k --pod-cidr 10.9.0.0/16", "dump: --pod-cidr is of manifests, not of a cluster"},
        {"headns serve --set kubernetes.endpoint=http://a --lenient", "serve: --lenient is of manifests, not of a cluster"},
        {"headns -conf c --lenient", "serve: --lenient is of manifests, not of a Corefile"},
        {"headns serve --dns.port 53 a", "serve: --dns.port is of a Corefile"},
        {"headns -conf c -dns.port 65536", "serve: --dns.port 65536: a number from 0 to 65535"},
        {"headns -conf", "serve: -conf needs an argument"},
        {"headns run --conf c -- cmd", "run: no option --conf"},
        {"headns serve --workers 0 a", "serve: --workers 0: a number from 1 to 16"},
        {"headns serve --tcp-idle 0 a", "serve: --tcp-idle 0: a number from 1"},
        {"headns serve --tcp-connections 0 a", "serve: --tcp-connections 0: a number from 1"},
        {"headns serve --zone a..b a", "serve: --zone a..b: \"a..b\" is no zone"},
        {"headns serve --zone a23456789-123456789-123456789-123456789-123456789-123456789-1234 a",
         "serve: --zone a23456789-123456789-123456789-123456789-123456789-123456789-1234: "
         "\"a23456789-123456789-123456789-123456789-123456789-123456789-1234\": a label has at most 63"},
        {"headns serve --zone " FORTY "." FORTY "." FORTY " a",
         "serve: --zone " FORTY "." FORTY "." FORTY ": \"" FORTY "." FORTY "." FORTY ".\": a zone of at most 120"},
        {"headns serve --pod-cidr 10.244.0.1/16 a", "serve: --pod-cidr 10.244.0.1/16: a range"},
        {"headns serve --service-cidr x a", "serve: --service-cidr x: a range"},
        {"headns serve --listen nowhere:1 a", "serve: --listen nowhere:1: "},
        {"headns serve --log-level loud a", "serve: --log-level loud: error, warning"},
        {"headns serve --lenient=yes a", "serve: --lenient takes no argument"},
        {"headns serve --lisen a", "serve: no option --lisen: is --listen meant?"},
        {"headns serve --frobnicate a", "serve: no option --frobnicate ("},
        {"headns serve -xy a", "serve: no option -xy ("},
        {"headns serve -p 53 a", "serve: --dns.port is of a Corefile, and so is -p; --listen :PORT says it"},
        {"headns serve --port=53 a", "serve: no option --port=53: is --listen :PORT meant"},
        {"headns -p x -conf c", "serve: --p x: "},
        {"headns -pidfile", "serve: -pidfile needs an argument"},
        {"headns run -quiet a -- cmd", "run: no option -quiet: is --log-level error meant?"},
        {"headns run -p web-0 a -- cmd", "run: no option -p: is --pod NAME meant?"},
        {"headns serve -l 127.0.0.1:53 a", "serve: no option -l: is --listen ADDR:PORT meant?"},
        {"headns run -l :53 a -- cmd", "run: no option -l: nothing is to be chosen: it answers on port 53"},
        {"headns serve -f a", "serve: no option -f: a file needs no option: headns serve FILE ("},
        {"headns dump --filename a", "dump: no option --filename: a file needs no option: headns dump FILE ("},
        {"headns run -f a -- cmd", "run: no option -f: a file needs no option: headns run FILE -- COMMAND ("},
        {"headns run -n prod a -- cmd", "run: no option -n: is --namespace NS meant?"},
        {"headns serve -n prod a", "serve: no option -n: every namespace counts; for one alone it is --set kubernetes.namespaces=NS ("},
        {"headns serve --namespace prod a", "serve: no option --namespace: every namespace counts"},
        {"headns serve -v a", "serve: no option -v: is --log-level debug meant?"},
        {"headns serve --version", "serve: no option --version: is headns --version meant?"},
        {"headns serve -r a", "serve: no option -r: is --recursive meant?"},
        {"headns dump -o zone a", "dump: no option -o: it goes to standard output"},
        {"headns version", "no command 'version': is headns --version meant?"},
        {"headns help version", "no command 'version': is headns --version meant?"},
        {"headns a.yaml", "no command 'a.yaml': is headns serve a.yaml meant?"},
        {"headns zones/", "no command 'zones/': is headns serve zones/ meant?"},
        {"headns /etc", "no command '/etc': is headns serve /etc meant?"},
        {"headns k8s/Corefile", "no command 'k8s/Corefile': is headns -conf k8s/Corefile meant?"},
        {"headns exec", "no command 'exec': is headns run meant?"},
        {"headns serve --listen 53 a", "serve: --listen 53: '53' is no address; :53 is that port of every address"},
        {"headns serve --listen localhost:x a", "serve: --listen localhost:x: '127.0.0.1:x' has no valid port"},
        {"headns serve --kubeconfig a b", "serve: a manifest and --kubeconfig"},
        {"headns serve --pod web-0 a", "serve: no option --pod"}, /* nor is it short for --pod-cidr */
        {"headns serve --zon=x a", "serve: no option --zon=x: is --zone meant?"},
        {"headns serve a --tt 5", "serve: no option --tt: is --ttl meant?"},
        {"headns run --listen 127.0.0.1 a -- cmd", "run: no option --listen"},
        {"headns run a", "run: no command"},
        {"headns run a --", "run: no command"},
        {"headns run -- cmd", "run: no manifest"},
        {"headns run --namespace A a -- cmd", "run: --namespace A: a namespace has"},
        {"headns run --namespace -a a -- cmd", "run: --namespace -a: a namespace has"},
        {"headns run --namespace a. a -- cmd", "run: --namespace a.: a namespace has"},
};

static void test_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct parsed p;
		parse(&p, bad[i].line);
		assert_true(p.err == ERR_SYNTAX || p.err == ERR_RANGE);
		if (strncmp(p.diag.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(p.diag.text, bad[i].want);
		done(&p);
	}
}

static const struct {
	const char *line;
	bool help, version;
	enum command_kind command;
} informed[] = {
        {"headns --help", true, false, COMMAND_NONE},        {"headns -h", true, false, COMMAND_NONE},
        {"headns help", true, false, COMMAND_NONE},          {"headns help run", true, false, COMMAND_RUN},
        {"headns serve --help", true, false, COMMAND_SERVE}, {"headns run -h", true, false, COMMAND_RUN},
        {"headns --version", false, true, COMMAND_NONE},     {"headns -V", false, true, COMMAND_NONE},
};

static void test_help_and_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof informed / sizeof *informed; i++) {
		struct parsed p;
		parse(&p, informed[i].line);
		assert_int_equal(p.err, OK);
		assert_int_equal(p.options.help, informed[i].help);
		assert_int_equal(p.options.version, informed[i].version);
		assert_int_equal(p.options.command, informed[i].command);
		done(&p);
	}
}

static void test_run_takes_command_as_it_is(void **state)
{
	struct parsed p;
	(void)state;
	parse(&p, "headns run --pod web-0 a --namespace prod --no-search-fallback -- sh -c --ttl -- x");
	assert_int_equal(p.err, OK);
	assert_string_equal(p.options.pod, "web-0");
	assert_string_equal(p.options.ns, "prod");
	assert_false(p.options.search_fallback);
	assert_int_equal(p.options.cluster.file_count, 1);
	assert_string_equal(p.options.run_argv[0], "sh");
	assert_string_equal(p.options.run_argv[2], "--ttl");
	assert_string_equal(p.options.run_argv[4], "x");
	assert_null(p.options.run_argv[5]);
	done(&p);
}

static void test_run_defaults(void **state)
{
	struct parsed p;
	(void)state;
	parse(&p, "headns run a -- cmd");
	assert_null(p.options.pod);
	assert_string_equal(p.options.ns, "default");
	assert_true(p.options.search_fallback);
	done(&p);
}

static void test_listen_repeats(void **state)
{
	struct parsed p;
	char text[64];
	(void)state;
	parse(&p, "headns serve --listen 127.0.0.1:1053 a --listen [::1]:1054");
	assert_int_equal(p.options.listen_count, 2);
	net_address_format(&p.options.listen[1], text);
	assert_string_equal(text, "[::1]:1054");
	done(&p);
	parse(&p, "headns serve --listen :53 --listen localhost:54 --listen 127.0.0.2 a");
	assert_int_equal(p.options.listen_count, listen_ipv6_usable() ? 5 : 3);
	net_address_format(&p.options.listen[p.options.listen_count - 1], text);
	assert_string_equal(text, "127.0.0.2:53");
	done(&p);
}

static const struct {
	const char *line, *conf;
	uint16_t port;
} corefiles[] = {
        {"headns -conf /etc/coredns/Corefile", "/etc/coredns/Corefile", 53},
        {"headns -conf=c -dns.port=1053", "c", 1053},
        {"headns --conf c --dns.port 0", "c", 0},
        {"headns serve --conf c", "c", 53},
        {"headns serve -dns.port 1053 -conf c --workers 2", "c", 1053},
};

static void test_corefiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof corefiles / sizeof *corefiles; i++) {
		struct parsed p;
		parse(&p, corefiles[i].line);
		assert_string_equal(p.diag.text, "");
		assert_int_equal(p.options.command, COMMAND_SERVE);
		assert_string_equal(p.options.conf, corefiles[i].conf);
		assert_int_equal(p.options.dns_port, corefiles[i].port);
		done(&p);
	}
}

/* The environment counts less than the command line. */
static void test_environment(void **state)
{
	struct parsed p;
	(void)state;
	setenv("HEADNS_SET", "kubernetes.ttl=7,kubernetes.pods=insecure", 1);
	parse(&p, "headns serve --ttl 8 a");
	assert_int_equal(p.options.kubernetes.ttl_s, 8);
	assert_int_equal(p.options.kubernetes.pods, KUBERNETES_PODS_INSECURE);
	done(&p);
	setenv("HEADNS_SET", "kubernetes.ttl=x", 1);
	parse(&p, "headns serve a");
	assert_string_equal(p.diag.text, "serve: HEADNS_SET: kubernetes.ttl=x: ttl: a number from 0 to 3600 is wanted");
	done(&p);
	unsetenv("HEADNS_SET");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good_lines),       cmocka_unit_test(test_bad_lines),
	        cmocka_unit_test(test_help_and_version), cmocka_unit_test(test_run_takes_command_as_it_is),
	        cmocka_unit_test(test_run_defaults),     cmocka_unit_test(test_listen_repeats),
	        cmocka_unit_test(test_corefiles),        cmocka_unit_test(test_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
