/* Loading and reloading a cluster of manifests. */
#include "base/rcu.h"
#include "cluster/cluster.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE(name) "apiVersion: v1\nkind: Service\nmetadata: {name: " name "}\nspec: {clusterIP: None, selector: {app: " name "}}\n---\n"
#define POD(name, app, ip)                                                                                                                 \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: " name ", labels: {app: " app "}}\nspec: {}\n"                                        \
	"status: {phase: Running, podIP: " ip ", conditions: [{type: Ready, status: \"True\"}]}\n---\n"

struct fixture {
	char path[32];
	const char *files[1];
	struct kubernetes_options kubernetes;
	struct cluster_options options;
	struct cluster *cluster;
};

static void write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	int fd;
	rcu_thread_begin();
	strcpy(f->path, "/tmp/test-cluster.XXXXXX");
	fd = mkstemp(f->path);
	close(fd);
	f->files[0] = f->path;
	kubernetes_options_init(&f->kubernetes);
	assert_int_equal(kubernetes_add_zone(&f->kubernetes.zones, "cluster.local", NULL), OK);
	f->options = (struct cluster_options){.kubernetes = &f->kubernetes, .files = f->files, .file_count = 1};
	assert_int_equal(cidr_parse("10.244.0.0/16", &f->options.manifest.pod_cidr), OK);
	assert_int_equal(cidr_parse("10.0.0.0/24", &f->options.manifest.service_cidr), OK);
	assert_int_equal(cidr_parse("fd00:10:244::/56", &f->options.manifest.pod_cidr6), OK);
	assert_int_equal(cidr_parse("fd00:10:96::/112", &f->options.manifest.service_cidr6), OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	cluster_free(f->cluster);
	kubernetes_options_clear(&f->kubernetes);
	rcu_thread_end();
	unlink(f->path);
	free(f);
	return 0;
}

/* The fixture's server with this file loaded. */
static void start(struct fixture *f, const char *text)
{
	struct cluster_changes changes;
	struct diag d;
	write_file(f, text);
	assert_int_equal(cluster_new(&f->options, &f->cluster, &d), OK);
	assert_int_equal(cluster_load(f->cluster, &changes), OK);
}

static const struct {
	const char *what, *before, *after;
	enum err err;
	size_t changed, gone, addresses;
} edits[] = {
        {"nothing differs", SERVICE("a") POD("p", "a", "10.1.0.1"), SERVICE("a") POD("p", "a", "10.1.0.1"), OK, 0, 0, 1},
        {"order differs", SERVICE("a") POD("p", "a", "10.1.0.1"), POD("p", "a", "10.1.0.1") SERVICE("a"), OK, 0, 0, 1},
        {"an address differs", SERVICE("a") SERVICE("b") POD("p", "a", "10.1.0.1"), SERVICE("a") SERVICE("b") POD("p", "a", "10.1.0.2"), OK,
         1, 0, 1},
        {"a pod more", SERVICE("a") POD("p", "a", "10.1.0.1"), SERVICE("a") POD("p", "a", "10.1.0.1") POD("q", "a", "10.1.0.2"), OK, 1, 0,
         2},
        {"a pod changes sides", SERVICE("a") SERVICE("b") POD("p", "a", "10.1.0.1"), SERVICE("a") SERVICE("b") POD("p", "b", "10.1.0.1"),
         OK, 2, 0, 1},
        {"a Service less", SERVICE("a") SERVICE("b") POD("p", "a", "10.1.0.1"), SERVICE("a") POD("p", "a", "10.1.0.1"), OK, 0, 1, 1},
        {"broken", SERVICE("a") POD("p", "a", "10.1.0.1"), SERVICE("a") "{ no", ERR_SYNTAX, 0, 0, 1},
        {"emptied", SERVICE("a") POD("p", "a", "10.1.0.1"), "", ERR_MISSING, 0, 0, 1},
        {"only remarks", SERVICE("a") POD("p", "a", "10.1.0.1"), "# nothing\n", ERR_MISSING, 0, 0, 1},
        {"only a kind without names", SERVICE("a") POD("p", "a", "10.1.0.1"), "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n", OK, 0,
         1, 0},
        {"still empty", "", "", OK, 0, 0, 0},
        {"bad address", SERVICE("a") POD("p", "a", "10.1.0.1"), SERVICE("a") POD("p", "a", "10.1.0.999"), ERR_SYNTAX, 0, 0, 1},
};

static void test_edits(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		struct cluster_changes c;
		start(f, edits[i].before);
		write_file(f, edits[i].after);
		assert_int_equal(cluster_load(f->cluster, &c), edits[i].err);
		assert_int_equal(c.changed, edits[i].changed);
		assert_int_equal(c.gone, edits[i].gone);
		assert_int_equal(c.errors != 0, edits[i].err != OK);
		assert_int_equal(zone_counts(cluster_zone(f->cluster)).addresses, edits[i].addresses);
		cluster_free(f->cluster);
		f->cluster = NULL;
	}
}

static void test_missing_file(void **state)
{
	struct fixture *f = *state;
	struct cluster_changes c;
	start(f, SERVICE("a") POD("p", "a", "10.1.0.1"));
	unlink(f->path);
	assert_int_not_equal(cluster_load(f->cluster, &c), OK);
	assert_int_equal(zone_counts(cluster_zone(f->cluster)).addresses, 1);
}

/* Whatever is out of memory, what is served then is whole again after one load more. */
static void test_every_allocation_may_fail(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	start(f, SERVICE("a") POD("p", "a", "10.1.0.1"));
	write_file(f, SERVICE("a") SERVICE("b") POD("p", "b", "10.1.0.2") POD("q", "a", "10.1.0.3"));
	for (unsigned n = 1; failed; n++) {
		struct cluster_changes c;
		fail_alloc_at(n);
		(void)cluster_load(f->cluster, &c);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(cluster_load(f->cluster, &c), OK);
		assert_int_equal(zone_counts(cluster_zone(f->cluster)).addresses, 2);
		write_file(f, n % 2 ? SERVICE("a") POD("p", "a", "10.1.0.1") POD("r", "a", "10.1.0.9")
		                    : SERVICE("a") SERVICE("b") POD("p", "b", "10.1.0.2") POD("q", "a", "10.1.0.3"));
	}
}

static void test_new_allocations_may_fail(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		struct cluster *c = NULL;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = cluster_new(&f->options, &c, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		cluster_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_edits, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_missing_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_new_allocations_may_fail, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
