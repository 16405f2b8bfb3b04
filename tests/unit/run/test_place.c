#include "fail_alloc.h"
#include "place.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define CLUSTER_RESOLV                                                                                                                     \
	"search default.svc.cluster.local svc.cluster.local cluster.local\n"                                                               \
	"nameserver 10.0.0.10\n"                                                                                                           \
	"options ndots:5\n"
#define HOSTS_START                                                                                                                        \
	"# Kubernetes-managed hosts file.\n"                                                                                               \
	"127.0.0.1\tlocalhost\n"                                                                                                           \
	"::1\tlocalhost ip6-localhost ip6-loopback\n"                                                                                      \
	"fe00::0\tip6-localnet\n"                                                                                                          \
	"fe00::0\tip6-mcastprefix\n"                                                                                                       \
	"fe00::1\tip6-allnodes\n"                                                                                                          \
	"fe00::2\tip6-allrouters\n"

/* A machine and a cluster for tests to change. */
struct scene {
	struct name zone;
	struct addr server;
	struct buffer resolv, nsswitch;
	struct place_input input;
	struct place place;
	struct diag diag;
};

static struct buffer borrowed(const char *text)
{
	return (struct buffer){.data = (char *)(uintptr_t)text, .len = strlen(text)};
}

static void scene_begin(struct scene *s)
{
	name_from_text(&s->zone, "cluster.local", 13);
	addr_parse("10.0.0.10", 9, &s->server);
	s->resolv = borrowed("nameserver 192.168.1.1\nsearch lan\noptions edns0\n");
	s->nsswitch = borrowed("passwd: files\nhosts:  files dns\n");
	s->input = (struct place_input){
	        .ns = "default",
	        .zone = &s->zone,
	        .servers = &s->server,
	        .server_count = 1,
	        .hostname = "machine",
	        .resolv = &s->resolv,
	        .nsswitch = &s->nsswitch,
	};
}

static void expect(const struct buffer *b, const char *want)
{
	char text[4096];
	snprintf(text, sizeof text, "%.*s", (int)b->len, b->data ? b->data : "");
	assert_string_equal(text, want);
}

static void compose(struct scene *s)
{
	assert_int_equal(place_compose(&s->place, &s->input, &s->diag), OK);
}

static void test_no_pod(void **state)
{
	struct scene s;
	(void)state;
	scene_begin(&s);
	compose(&s);
	expect(&s.place.resolv, CLUSTER_RESOLV);
	expect(&s.place.hosts, HOSTS_START "127.0.0.1\tmachine\n");
	expect(&s.place.nsswitch, "");
	assert_string_equal(s.place.hostname, "machine");
	assert_int_equal(s.place.search_count, 3);
	assert_false(s.place.elsewhere);
	place_free(&s.place);
}

static void test_no_pod_with_an_address(void **state)
{
	struct addr own;
	struct scene s;
	(void)state;
	addr_parse("10.244.255.254", 14, &own);
	scene_begin(&s);
	s.input.own = &own;
	s.input.own_count = 1;
	compose(&s);
	expect(&s.place.hosts, HOSTS_START "10.244.255.254\tmachine\n");
	place_free(&s.place);
}

static void test_pod_with_subdomain(void **state)
{
	struct pod pod = {.object = {.ns = "prod", .name = "web-0"}, .hostname = "web-0", .subdomain = "nginx", .ip_count = 2};
	struct scene s;
	(void)state;
	addr_parse("10.244.1.7", 10, &pod.ips[0]);
	addr_parse("fd00::7", 7, &pod.ips[1]);
	scene_begin(&s);
	s.input.pod = &pod;
	s.input.own = pod.ips;
	s.input.own_count = pod.ip_count;
	s.input.ns = "prod";
	compose(&s);
	expect(&s.place.resolv, "search prod.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.0.0.10\noptions ndots:5\n");
	expect(&s.place.hosts,
	       HOSTS_START "10.244.1.7\tweb-0.nginx.prod.svc.cluster.local\tweb-0\nfd00::7\tweb-0.nginx.prod.svc.cluster.local\tweb-0\n");
	assert_string_equal(s.place.hostname, "web-0");
	place_free(&s.place);
}

static const struct {
	const char *name, *hostname, *want;
} hostnames[] = {
        {"web-0", NULL, "web-0"},
        {"web-0", "other", "other"},
        /* 63 characters, and no dot or hyphen at the end */
        {"a23456789-123456789-123456789-123456789-123456789-123456789-123456789", NULL,
         "a23456789-123456789-123456789-123456789-123456789-123456789-123"},
        {"a23456789-123456789-123456789-123456789-123456789-123456789-1--456789", NULL,
         "a23456789-123456789-123456789-123456789-123456789-123456789-1"},
};

static void test_hostname(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostnames / sizeof *hostnames; i++) {
		struct pod pod = {.object = {.ns = "default", .name = hostnames[i].name}, .hostname = hostnames[i].hostname};
		struct scene s;
		scene_begin(&s);
		s.input.pod = &pod;
		compose(&s);
		assert_string_equal(s.place.hostname, hostnames[i].want);
		place_free(&s.place);
	}
}

static const struct {
	const char *policy;
	bool with_config;
	const char *want;
	bool elsewhere;
} policies[] = {
        {NULL, false, CLUSTER_RESOLV, false},
        {"ClusterFirst", false, CLUSTER_RESOLV, false},
        {"ClusterFirstWithHostNet", false, CLUSTER_RESOLV, false},
        {"ClusterFirst", true,
         "search default.svc.cluster.local svc.cluster.local cluster.local ns1.svc\nnameserver 10.0.0.10\nnameserver 1.2.3.4\noptions "
         "ndots:2 edns0\n",
         false},
        {"Default", false, "search lan\nnameserver 192.168.1.1\noptions edns0\n", true},
        {"Default", true, "search lan ns1.svc\nnameserver 192.168.1.1\nnameserver 1.2.3.4\noptions edns0 ndots:2\n", true},
        {"None", false, "", true},
        {"None", true, "search ns1.svc\nnameserver 1.2.3.4\noptions ndots:2 edns0\n", true},
};

static void test_dns_policies(void **state)
{
	char *nameservers[] = {"1.2.3.4", NULL}, *searches[] = {"ns1.svc", NULL}, *options[] = {"ndots:2", "edns0", NULL};
	(void)state;
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		char policy[32] = "";
		struct pod_dns dns = {.policy = policies[i].policy ? policy : NULL};
		struct pod pod = {.object = {.ns = "default", .name = "p"}, .manifest = &(struct pod_manifest){.dns = &dns}};
		struct scene s;
		snprintf(policy, sizeof policy, "%s", policies[i].policy ? policies[i].policy : "");
		if (policies[i].with_config) {
			dns.nameservers = nameservers;
			dns.searches = searches;
			dns.options = options;
		}
		scene_begin(&s);
		s.input.pod = &pod;
		compose(&s);
		expect(&s.place.resolv, policies[i].want);
		assert_int_equal(s.place.elsewhere, policies[i].elsewhere);
		place_free(&s.place);
	}
}

static void test_none_may_name_us(void **state)
{
	char policy[] = "None", *nameservers[] = {"10.0.0.10", NULL};
	struct pod_dns dns = {.policy = policy, .nameservers = nameservers};
	struct pod pod = {.object = {.ns = "default", .name = "p"}, .manifest = &(struct pod_manifest){.dns = &dns}};
	struct scene s;
	(void)state;
	scene_begin(&s);
	s.input.pod = &pod;
	compose(&s);
	assert_false(s.place.elsewhere);
	assert_int_equal(s.place.search_count, 0);
	place_free(&s.place);
}

static const struct {
	const char *machine, *want; /* want "": the machine's does */
} switches[] = {
        {"hosts: files dns\n", ""},
        {"hosts:files  dns", ""},
        {"passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\ngroup: files\n",
         "passwd: files\ngroup: files\nhosts: files dns\n"},
        {"hosts: dns files\n", "hosts: files dns\n"},
        {"hosts: files dns myhostname\n", "hosts: files dns\n"},
        {"hosts: files\n", "hosts: files dns\n"},
        {"passwd: files", "passwd: files\nhosts: files dns\n"},
        {"hosts: files dns\nhosts: resolve\n", "hosts: files dns\n"},
        {"", "hosts: files dns\n"},
};

static void test_nsswitch(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
		struct scene s;
		scene_begin(&s);
		s.nsswitch = borrowed(switches[i].machine);
		compose(&s);
		expect(&s.place.nsswitch, switches[i].want);
		place_free(&s.place);
	}
}

static char *aliases[] = {"10.1.2.3\tfoo.remote\tbar.remote", "fd00::3\tsix.remote", NULL};

#define LONG_LABEL "a23456789-123456789-123456789"

static const struct {
	const char *what, *subdomain;
	struct pod_dns dns;
	const char *hostname, *hosts; /* hostname NULL: refused */
} identities[] = {
        {"host aliases",
         NULL,
         {.aliases = aliases},
         "web-0",
         "10.0.0.1\tweb-0\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\nfd00::3\tsix.remote\n"},
        {"the whole name",
         "nginx",
         {.hostname_as_fqdn = true},
         "web-0.nginx.default.svc.cluster.local",
         "10.0.0.1\tweb-0.nginx.default.svc.cluster.local\tweb-0\n"},
        {"there is none", NULL, {.hostname_as_fqdn = true}, "web-0", "10.0.0.1\tweb-0\n"},
        {"it is too long", LONG_LABEL "." LONG_LABEL, {.hostname_as_fqdn = true}, NULL, NULL},
        {"override", "nginx", {.hostname_override = "db.example.com"}, "db.example.com", "10.0.0.1\tdb.example.com\n"},
        {"64 octets", NULL, {.hostname_override = LONG_LABEL "." LONG_LABEL "-.34"}, LONG_LABEL "." LONG_LABEL "-.34", NULL},
        {"65 octets", NULL, {.hostname_override = LONG_LABEL "." LONG_LABEL "-12.4567"}, NULL, NULL},
};

static void test_identity(void **state)
{
	struct addr own;
	(void)state;
	addr_parse("10.0.0.1", 8, &own);
	for (size_t i = 0; i < sizeof identities / sizeof *identities; i++) {
		const struct pod_manifest manifest = {.dns = &identities[i].dns};
		const struct pod pod = {
		        .object = {.ns = "default", .name = "web-0"}, .subdomain = identities[i].subdomain, .manifest = &manifest};
		char hosts[512];
		struct scene s;
		scene_begin(&s);
		s.input.pod = &pod;
		s.input.own = &own;
		s.input.own_count = 1;
		assert_int_equal(place_compose(&s.place, &s.input, &s.diag), identities[i].hostname ? OK : ERR_RANGE);
		if (identities[i].hostname)
			assert_string_equal(s.place.hostname, identities[i].hostname);
		snprintf(hosts, sizeof hosts, HOSTS_START "%s", identities[i].hosts ? identities[i].hosts : "");
		if (identities[i].hosts)
			expect(&s.place.hosts, hosts);
		place_free(&s.place);
	}
}

static void test_names_too_long(void **state)
{
	struct scene s;
	char label[64];
	(void)state;
	scene_begin(&s);
	memset(label, 'a', 63);
	label[63] = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(name_prepend(&s.zone, label, 63), OK);
	s.input.ns = label;
	assert_int_equal(place_compose(&s.place, &s.input, &s.diag), ERR_RANGE);
	place_free(&s.place);
}

static void test_every_allocation_may_fail(void **state)
{
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct scene s;
		enum err err;
		scene_begin(&s);
		s.nsswitch = borrowed("hosts: resolve\n");
		fail_alloc_at(n);
		err = place_compose(&s.place, &s.input, &s.diag);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		place_free(&s.place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_no_pod),
	        cmocka_unit_test(test_identity),
	        cmocka_unit_test(test_no_pod_with_an_address),
	        cmocka_unit_test(test_pod_with_subdomain),
	        cmocka_unit_test(test_hostname),
	        cmocka_unit_test(test_dns_policies),
	        cmocka_unit_test(test_none_may_name_us),
	        cmocka_unit_test(test_nsswitch),
	        cmocka_unit_test(test_names_too_long),
	        cmocka_unit_test(test_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
