#include "addresses.h"
#include "fail_alloc.h"
#include "store/world.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "10.0.0.1 fd00::1", sorted as given. */
static size_t read_set(const char *text, struct addr set[8])
{
	size_t n = 0;
	while (*text) {
		size_t len = strcspn(text, " ");
		assert_int_equal(addr_parse(text, len, &set[n++]), OK);
		text += len + (text[len] == ' ');
	}
	return n;
}

static void note(void *arg, const struct addr *a, bool added)
{
	char *text = arg, one[ADDR_TEXT_MAX];
	addr_format(a, one);
	snprintf(text + strlen(text), 256 - strlen(text), "%c%s ", added ? '+' : '-', one);
}

static const struct {
	const char *old, *new, *want;
} differences[] = {
        {"", "", ""},
        {"", "10.0.0.1 10.0.0.2", "+10.0.0.1 +10.0.0.2 "},
        {"10.0.0.1 10.0.0.2", "", "-10.0.0.1 -10.0.0.2 "},
        {"10.0.0.1 fd00::1", "10.0.0.1 fd00::1", ""},
        {"10.0.0.1 10.0.0.3 fd00::1", "10.0.0.2 10.0.0.3 fd00::2", "-10.0.0.1 -fd00::1 +10.0.0.2 +fd00::2 "},
        {"10.0.0.1", "10.0.0.1 10.0.0.2", "+10.0.0.2 "},
        {"10.0.0.1 10.0.0.2", "10.0.0.2", "-10.0.0.1 "},
};

static void test_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
		struct addr old[8], new[8];
		size_t old_n = read_set(differences[i].old, old), new_n = read_set(differences[i].new, new);
		char got[256] = "";
		addresses_compare(old, old_n, new, new_n, note, got);
		assert_string_equal(got, differences[i].want);
	}
}

static const char cluster[] = "svc web sel=app:web ip=10.0.0.80,fd00:10::80 port=http:80\n"
                              "svc headless sel=app:web headless port=http:80\n"
                              "svc portless sel=app:web ip=10.0.0.81\n"
                              "svc out external=example.com port=http:80\n"
                              "pod web-0 labels=app:web ip=10.7.0.1,fd00:7::1 ready\n"
                              "pod pending labels=app:web\n"
                              "slice db of=db port=sql:5432 ep=192.168.7.5,notready\n"
                              "endpoints old port=sql:5432 ep=192.168.7.6";

static void expect_set(struct addresses *a, const char *want)
{
	struct addr set[16];
	char got[512] = "";
	assert_true(a->count <= 16);
	memcpy(set, a->all, a->count * sizeof *set);
	qsort(set, a->count, sizeof *set, addr_compare);
	addresses_compare(NULL, 0, set, a->count, note, got);
	assert_string_equal(got, want);
}

static void test_of_a_cluster(void **state)
{
	struct world *w = world_new();
	struct addresses pods = {0}, services = {0};
	(void)state;
	world_play(w, cluster);
	assert_int_equal(addresses_add_pods(&pods, w->store), OK);
	expect_set(&pods, "+10.7.0.1 +192.168.7.5 +192.168.7.6 +fd00:7::1 ");
	assert_int_equal(addresses_add_services(&services, w->store), OK);
	expect_set(&services, "+10.0.0.80 +fd00:10::80 ");
	addresses_free(&pods);
	addresses_free(&services);
	world_free(w);
}

static void test_out_of_memory(void **state)
{
	struct world *w = world_new();
	bool hit = true;
	(void)state;
	world_play(w, cluster);
	for (unsigned n = 1; hit; n++) {
		struct addresses a = {0};
		enum err err;
		fail_alloc_at(n);
		err = addresses_add_pods(&a, w->store);
		if (!err)
			err = addresses_add_services(&a, w->store);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		addresses_free(&a);
	}
	world_free(w);
}

static const struct {
	const char *there, *range, *want; /* NULL: none */
} picks[] = {
        {"10.7.0.1", "10.244.0.0/16", "10.244.255.254"},
        {"10.244.255.254", "10.244.0.0/16", "10.244.255.253"},
        {"10.7.0.1", "fd00:10:244::/56", NULL},
        {"fd00::1", "fd00:10:244::/64", "fd00:10:244:0:ffff:ffff:ffff:fffd"},
        {"10.244.0.1 10.244.0.2", "10.244.0.0/30", NULL},
        {"10.244.0.2", "10.244.0.0/30", "10.244.0.1"},
        {"10.244.0.0", "10.244.0.0/32", NULL},
        {"", "10.244.0.0/16", NULL},
};

static void test_pick(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof picks / sizeof *picks; i++) {
		struct addr set[8], got;
		struct addresses there = {.all = set, .count = read_set(picks[i].there, set)};
		struct cidr range;
		char text[ADDR_TEXT_MAX];
		assert_int_equal(cidr_parse(picks[i].range, &range), OK);
		assert_int_equal(addresses_pick(&there, &range, &got), picks[i].want != NULL);
		if (!picks[i].want)
			continue;
		addr_format(&got, text);
		assert_string_equal(text, picks[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_difference),
	        cmocka_unit_test(test_of_a_cluster),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_pick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
