/* Which server block a query is for. */
#include "fail_alloc.h"
#include "routes.h"
#include "unit.h"
#include <string.h>

#define TYPE_A  1
#define TYPE_DS 43

static const char *block_of(const struct routes *r, const struct name *qname, uint16_t qtype)
{
	const struct server_route *route = routes_find(r, qname, qtype, NULL, NULL);
	return route ? route->block : NULL;
}

static struct name name(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

static void add(struct routes *r, const char *zone, enum err want)
{
	struct name n = name(zone);
	assert_int_equal(routes_add(r, &n, zone, NULL), want);
}

static const struct {
	const char *qname;
	uint16_t qtype;
	const char *zone; /* NULL: none */
} cases[] = {
        {"cluster.local", TYPE_A, "cluster.local"},
        {"a.b.cluster.local", TYPE_A, "cluster.local"},
        {"x.svc.cluster.local", TYPE_A, "svc.cluster.local"},
        {"svc.cluster.local", TYPE_A, "svc.cluster.local"},
        {"svc.cluster.local", TYPE_DS, "cluster.local"},       /* the parent knows of a delegation */
        {"x.svc.cluster.local", TYPE_DS, "svc.cluster.local"}, /* below the apex there is none */
        {"cluster.local", TYPE_DS, "cluster.local"},           /* its parent is not ours */
        {"local", TYPE_A, NULL},
        {"notcluster.local", TYPE_A, NULL},
        {".", TYPE_A, NULL},
        {"1.0.10.in-addr.arpa", TYPE_A, "10.in-addr.arpa"},
};

static void test_longest_zone(void **state)
{
	struct routes r = {0};
	(void)state;
	add(&r, "cluster.local", OK);
	add(&r, "10.in-addr.arpa", OK);
	add(&r, "svc.cluster.local", OK);
	add(&r, "Cluster.LOCAL", ERR_EXISTS);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct name qname = name(cases[i].qname);
		const char *got = block_of(&r, &qname, cases[i].qtype);
		if (cases[i].zone)
			assert_string_equal(got, cases[i].zone);
		else
			assert_null(got);
	}
	routes_free(&r);
}

static void test_root_takes_the_rest(void **state)
{
	struct routes r = {0};
	struct name inside = name("a.cluster.local"), outside = name("example.org"), root = name(".");
	(void)state;
	add(&r, ".", OK);
	add(&r, "cluster.local", OK);
	assert_string_equal(block_of(&r, &inside, TYPE_A), "cluster.local");
	assert_string_equal(block_of(&r, &outside, TYPE_A), ".");
	assert_string_equal(block_of(&r, &root, TYPE_DS), ".");
	routes_free(&r);
}

static void test_no_memory(void **state)
{
	struct routes r = {0};
	struct name zone = name("cluster.local");
	(void)state;
	fail_alloc_at(1);
	assert_int_equal(routes_add(&r, &zone, NULL, NULL), ERR_NOMEM);
	fail_alloc_at(0);
	assert_int_equal(r.count, 0);
	routes_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_longest_zone),
	        cmocka_unit_test(test_root_takes_the_rest),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
