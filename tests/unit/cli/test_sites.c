/* What a Corefile, or a command line, makes of blocks, addresses and clusters; nothing is connected to. */
#include "cli/sites.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rcu.h"
#include "fail_alloc.h"
#include "fake_interfaces.h"
#include "unit.h"

#define CLUSTER(zone, more) "kubernetes " zone " {\n  endpoint http://192.0.2.1:8080\n  " more "\n }\n"
#define TWO_CLUSTERS                                                                                                                       \
	"one.example:1053 {\n bind lo 192.0.2.7\n loadbalance\n " CLUSTER(                                                                 \
	        "one.example", "ttl 7") "}\n"                                                                                              \
	                                "two.example:1053 {\n bind 192.0.2.7\n " CLUSTER("two.example", "") "}\n"

static const struct fake_interface machine[] = {{"lo", "127.0.0.1", 0}, {"eth0", "192.0.2.7", 0}};

struct fixture {
	char path[40];
	struct options options;
	struct query_log *log;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct diag d;
	char *argv[] = {"headns", "-conf", f->path, NULL};
	rcu_thread_begin();
	strcpy(f->path, "/tmp/test-sites.XXXXXX");
	close(mkstemp(f->path));
	fake_interfaces(machine, sizeof machine / sizeof *machine);
	assert_int_equal(options_parse(&f->options, 3, argv, &d), OK);
	assert_int_equal(query_log_new(&(struct query_log_options){.workers = 1, .fd = -1}, &f->log, &d), OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	query_log_free(f->log);
	options_clear(&f->options);
	unlink(f->path);
	rcu_thread_end();
	free(f);
	return 0;
}

static void write_corefile(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void find(const struct fixture *f, const char *corefile, struct sites *s)
{
	struct diag d;
	write_corefile(f, corefile);
	if (sites_find(&f->options, NULL, true, s, &d))
		fail_msg("%s", d.text);
}

/* What is wrong. */
static void check_wrong(const struct fixture *f, const char *corefile, const char *want)
{
	struct sites s;
	struct diag d = {0};
	write_corefile(f, corefile);
	assert_int_not_equal(sites_find(&f->options, NULL, true, &s, &d), OK);
	if (!strstr(d.text, want))
		fail_msg("\"%s\" is not \"%s\"", d.text, want);
	sites_free(&s);
}

/* "127.0.0.1:1053 192.0.2.7:1053" */
static const char *addresses(const struct server_place *p)
{
	static char text[512];
	size_t len = 0;
	*text = 0;
	for (unsigned i = 0; i < p->address_count; i++) {
		char one[64];
		net_address_format(&p->addresses[i], one);
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", one);
	}
	return text;
}

/* --- finding --- */

static void test_blocks(void **state)
{
	struct fixture *f = *state;
	struct sites s;
	find(f, TWO_CLUSTERS "example.org:53 example.net:5353 {\n bind lo\n}\n", &s);
	assert_int_equal(s.count, 3);
	assert_true(s.all[0].rotate);
	assert_false(s.all[1].rotate);
	assert_int_equal(s.all[0].place_count, 1);
	assert_string_equal(addresses(&s.all[0].places[0]), "127.0.0.1:1053 192.0.2.7:1053");
	assert_string_equal(addresses(&s.all[1].places[0]), "192.0.2.7:1053");
	assert_non_null(strstr(s.all[0].origin, ":4")); /* the kubernetes line */
	assert_int_equal(s.all[0].cluster->kubernetes->ttl_s, 7);
	assert_int_equal(s.all[1].cluster->kubernetes->ttl_s, 5);
	assert_string_equal(s.all[0].cluster->endpoint.url, "http://192.0.2.1:8080");
	assert_null(s.all[0].cluster->cluster); /* nothing is opened */
	assert_null(s.all[2].cluster);
	assert_int_equal(s.all[2].place_count, 2);
	assert_string_equal(addresses(&s.all[2].places[0]), "127.0.0.1:53");
	assert_string_equal(addresses(&s.all[2].places[1]), "127.0.0.1:5353");
	sites_free(&s);
	assert_int_equal(s.count, 0);
}

static void test_wrong(void **state)
{
	struct fixture *f = *state;
	check_wrong(f, ".:53 {\n bind eth9\n}\n", "eth9");
	check_wrong(f, ".:53 {\n frob\n}\n", "frob");
	check_wrong(f, ".:53 {\n kubernetes {\n  kubeconfig /nowhere/at/all\n }\n}\n", "/nowhere/at/all");
	check_wrong(f,
	            "one.example:53 {\n " CLUSTER(
	                    "one.example", "snapshot /tmp/headns-one-snapshot") "}\n"
	                                                                        "two.example:53 {\n " CLUSTER(
	                                                                                "two.example",
	                                                                                "snapshot /tmp/../tmp/headns-one-snapshot") "}\n",
	            "each needs its own");
}

static void test_without_memory(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	bool hit;
	write_corefile(f, TWO_CLUSTERS);
	do {
		struct sites s;
		struct diag d = {0};
		fail_alloc_at(++n);
		enum err err = sites_find(&f->options, NULL, true, &s, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		if (hit != (err != OK))
			fail_msg("allocation %u: %s", n, d.text);
		sites_free(&s);
	} while (hit);
	assert_true(n > 20);
	assert_int_equal(fake_interfaces_open(), 0);
}

/* The command line's pages, without a Corefile. */
static void test_pages_without_memory(void **state)
{
	char words[][64] = {"headns",  "serve",        "--forward", "192.0.2.1", "--health", "[::1]:80",
	                    "--ready", "127.0.0.1:81", "--metrics", ":9153",     "a.yaml"};
	char *argv[sizeof words / sizeof *words + 1] = {NULL};
	struct options o;
	struct diag d;
	unsigned n = 0;
	bool hit;
	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		argv[i] = words[i];
	assert_int_equal(options_parse(&o, sizeof words / sizeof *words, argv, &d), OK);
	do {
		struct sites s;
		fail_alloc_at(++n);
		enum err err = sites_find(&o, NULL, true, &s, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit == (err != OK));
		if (!hit) {
			assert_int_equal(s.pages.count, 3);
			assert_int_equal(s.pages.places[2].pages, ADMIN_METRICS);
			assert_true(s.all[0].counted);
			assert_string_equal(s.all[0].named[0], "prometheus");
			assert_string_equal(s.all[0].named[1], "cache");
			assert_string_equal(s.all[0].named[2], "loadbalance");
			assert_null(s.all[0].named[3]);
		}
		sites_free(&s);
	} while (hit);
	options_clear(&o);
}

/* --- sharing --- */

static void open_all(const struct fixture *f, struct sites *s)
{
	struct diag d;
	if (sites_open(s, &f->options, f->log, &d))
		fail_msg("%s", d.text);
}

/* As a reload does: what was said of a cluster before and is said again is the same cluster, read or not. */
static void test_clusters_are_shared(void **state)
{
	struct fixture *f = *state;
	struct sites before, after;
	find(f, TWO_CLUSTERS, &before);
	open_all(f, &before);
	find(f,
	     "one.example:1054 {\n bind lo\n " CLUSTER("one.example", "ttl 7") "}\n"
	                                                                       "two.example:1053 {\n bind lo\n " CLUSTER("two.example",
	                                                                                                                 "ttl 8") "}\n",
	     &after);
	sites_share(&after, &before);
	open_all(f, &after);
	assert_ptr_equal(after.all[0].cluster, before.all[0].cluster); /* another port and other addresses are not the cluster's affair */
	assert_int_equal(after.all[0].cluster->users, 2);
	assert_ptr_not_equal(after.all[1].cluster, before.all[1].cluster);
	assert_ptr_not_equal(after.all[1].cluster->cluster, before.all[1].cluster->cluster);
	assert_false(sites_known(&after));
	sites_let_go(&before);
	assert_null(before.all[0].cluster);
	assert_int_equal(after.all[0].cluster->users, 1);
	sites_free(&before);
	assert_int_equal(after.all[0].cluster->kubernetes->ttl_s, 7); /* its options outlive their Corefile */
	sites_let_go(&after);
	sites_free(&after);
}

/* Two blocks that say the same had a cluster each, and so have they after it. */
static void test_each_is_one_blocks(void **state)
{
	struct fixture *f = *state;
	struct sites before, after;
	const char *twice = "one.example:1053 {\n bind lo\n " CLUSTER("one.example", "ttl 7") "}\n"
	                                                                                      "one.example:1054 {\n bind lo\n " CLUSTER(
	                                                                                              "one.example", "ttl 7") "}\n";
	find(f, "one.example:1053 {\n bind lo\n " CLUSTER("one.example", "ttl 7") "}\n", &before);
	open_all(f, &before);
	find(f, twice, &after);
	sites_share(&after, &before);
	open_all(f, &after);
	assert_ptr_equal(after.all[0].cluster, before.all[0].cluster);
	assert_ptr_not_equal(after.all[1].cluster, before.all[0].cluster);
	assert_ptr_not_equal(after.all[1].cluster->cluster, after.all[0].cluster->cluster);
	sites_let_go(&after);
	sites_free(&after);
	assert_int_equal(before.all[0].cluster->users, 1);
	sites_let_go(&before);
	sites_free(&before);
}

/* Upstreams and cache of a block that says the same of them, whatever else it says. */
static void test_upstreams_are_shared(void **state)
{
	static const struct {
		const char *corefile;
		bool same;
	} cases[] = {
	        {"a:1054 {\n bind lo\n whoami\n forward . 192.0.2.1\n cache 30\n}\n", true},
	        {"a:1053 {\n bind lo\n forward . 192.0.2.1\n cache 31\n}\n", false},
	        {"a:1053 {\n bind lo\n forward . 192.0.2.1\n}\n", false},
	        {"a:1053 {\n bind lo\n forward . 192.0.2.2\n cache 30\n}\n", false},
	        {"b:1053 {\n bind lo\n forward . 192.0.2.1\n cache 30\n}\n", false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sites before, after;
		find(f, "a:1053 {\n bind lo\n forward . 192.0.2.1\n cache 30\n}\n", &before);
		open_all(f, &before);
		find(f, cases[i].corefile, &after);
		sites_share(&after, &before);
		open_all(f, &after);
		assert_non_null(after.all[0].forwarding);
		assert_true((after.all[0].forwarding == before.all[0].forwarding) == cases[i].same);
		sites_let_go(&before);
		sites_free(&before);
		sites_let_go(&after);
		sites_free(&after);
	}
}

static void test_opening_without_memory(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	bool hit;
	do {
		struct sites s;
		struct diag d = {0};
		find(f, TWO_CLUSTERS, &s);
		fail_alloc_at(++n);
		enum err err = sites_open(&s, &f->options, f->log, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err != OK, hit);
		sites_let_go(&s);
		sites_free(&s);
	} while (hit);
	assert_true(n > 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_blocks),
	        TEST(test_wrong),
	        TEST(test_without_memory),
	        cmocka_unit_test(test_pages_without_memory),
	        TEST(test_clusters_are_shared),
	        TEST(test_each_is_one_blocks),
	        TEST(test_upstreams_are_shared),
	        TEST(test_opening_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
