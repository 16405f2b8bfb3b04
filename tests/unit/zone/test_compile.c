/* The shape of a generation: what is shared, what is counted, and what happens without memory. What it answers is tests/unit/query's. */
#include "base/hash.h"
#include "fail_alloc.h"
#include "unit.h"
#include "world.h"
#include "zone/compile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct generation *compile(const char *text)
{
	struct generation *g;
	assert_int_equal(world_compile(text, &g), OK);
	return g;
}

/* The node of a relative name in text, or NULL. */
static const struct node *find(const struct generation *g, const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, *text ? text : ".", *text ? strlen(text) : 1), OK);
	name_lower(&n);
	return generation_find(g, n.wire, n.len - 1u);
}

static const char pods[] = "svc default/nginx headless\n"
                           "ep 10.0.0.1,fd00::1 host=web-0 port=web:80/TCP\n"
                           "ep 10.0.0.2 host=web-1 port=web:80/TCP\n"
                           "ep 10.0.0.3,fd00::3 host=web-2 port=web:80/TCP\n";

static void test_root_is_the_whole_pool(void **state)
{
	struct generation *g = compile(pods);
	(void)state;
	assert_true(g->headless);
	assert_int_equal(g->nodes[0].a.first, 0);
	assert_int_equal(g->nodes[0].a.count, 3);
	assert_int_equal(g->nodes[0].aaaa.first, 0);
	assert_int_equal(g->nodes[0].aaaa.count, 2);
	assert_memory_equal(g->a, "\12\0\0\1\12\0\0\2\12\0\0\3", 12);
	assert_int_equal(find(g, "web-1")->a.first, 1);
	assert_int_equal(find(g, "web-2")->aaaa.first, 1);
	assert_int_equal(g->names, 6); /* "", three pods, _tcp, _web._tcp */
	free(g);
}

static void test_one_port_shares_its_set(void **state)
{
	struct generation *g = compile(pods);
	const struct node *port = find(g, "_web._tcp");
	(void)state;
	assert_int_equal(g->nodes[0].srv.count, 3);
	assert_memory_equal(&port->srv, &g->nodes[0].srv, sizeof port->srv);
	assert_int_equal(g->srv[port->srv.first].weight, 20); /* of five addresses */
	free(g);
}

/* An address that two nodes have stands in the pool twice, and in the Service's set, then a copy of its own, once. */
static void test_shared_address(void **state)
{
	struct generation *g =
	        compile("svc default/nginx headless\nep 10.0.0.1 host=a\nep 10.0.0.2 host=a\nep 10.0.0.2 host=b\nep 10.0.0.2 host=b\n");
	(void)state;
	assert_int_equal(find(g, "a")->a.count, 2);
	assert_int_equal(find(g, "b")->a.count, 1);
	assert_int_equal(g->nodes[0].a.first, 3);
	assert_int_equal(g->nodes[0].a.count, 2);
	assert_memory_equal(g->a + 12, "\12\0\0\1\12\0\0\2", 8);
	free(g);
}

static void test_weights(void **state)
{
	static const struct {
		unsigned pods, weight;
	} cases[] = {{1, 100}, {2, 50}, {3, 33}, {7, 14}, {99, 1}, {100, 1}, {101, 1}, {1000, 1}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[65536] = "svc default/nginx headless\n";
		size_t len = strlen(text);
		for (unsigned n = 0; n < cases[i].pods; n++)
			len += (size_t)snprintf(text + len, sizeof text - len, "ep 10.0.%u.%u port=web:80/TCP\n", n / 256, n % 256);
		struct generation *g = compile(text);
		assert_int_equal(g->srv[find(g, "_web._tcp")->srv.first].weight, cases[i].weight);
		free(g);
	}
}

/* PTR: the Service for a ClusterIP, a hostname before a dashed name, nothing for who is not ready. */
static void test_addresses(void **state)
{
	struct generation *g =
	        compile("svc default/nginx ip=10.0.0.9\nep 10.0.0.1\nep 10.0.0.1 host=a\nep 10.0.0.9 host=b\nep 10.0.0.3 notready\n");
	static const struct {
		const char *addr, *node;
	} cases[] = {{"10.0.0.1", "a"}, {"10.0.0.9", ""}, {"10.0.0.3", NULL}, {"10.0.0.4", NULL}, {"fd00::1", NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct addr a;
		addr_parse(cases[i].addr, strlen(cases[i].addr), &a);
		const struct node *n = generation_find_addr(g, &a, generation_addr_hash(&a));
		assert_ptr_equal(n, cases[i].node ? find(g, cases[i].node) : NULL);
	}
	struct addr a;
	unsigned count = 0;
	for (size_t cursor = 0; generation_each_addr(g, &cursor, &a); count++)
		assert_non_null(generation_find_addr(g, &a, generation_addr_hash(&a)));
	assert_int_equal(count, 2);
	free(g);
}

/* PTR outside: the Service for its addresses there, and nothing for endpoints. */
static void test_external_addresses(void **state)
{
	static const struct {
		const char *text;
		unsigned addrs, of_service;
	} cases[] = {
	        {"with external\nsvc d/s ip=10.0.0.9 outside=192.0.2.1 outside=2001:db8::1 port=:80/TCP\nep 10.0.0.1\n", 2, 1},
	        {"with external external_headless\nsvc d/s headless\nep 10.0.0.1\nep 10.0.0.2\n", 0, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct generation *g = compile(cases[i].text);
		struct addr a;
		unsigned count = 0;
		for (size_t cursor = 0; generation_each_addr(g, &cursor, &a); count++)
			assert_ptr_equal(generation_find_addr(g, &a, generation_addr_hash(&a)), &g->nodes[0]);
		assert_int_equal(count, cases[i].addrs);
		assert_int_equal(g->nodes[0].a.count, cases[i].of_service);
		free(g);
	}
}

static const struct {
	const char *what, *text, *name;
	enum absence absence;
} absences[] = {
        {"one is ready", "svc d/s headless\nep 10.0.0.1 notready\nep 10.0.0.2", "", ABSENCE_NONE},
        {"none ready", "svc d/s headless\nep 10.0.0.1 terminating\nep 10.0.0.2 notready", "", ABSENCE_NOT_READY},
        {"all going", "svc d/s headless\nep 10.0.0.1 terminating", "", ABSENCE_TERMINATING},
        {"none", "svc d/s headless", "", ABSENCE_NO_ENDPOINTS},
        {"ready without address is none", "svc d/s headless\nep host=a", "", ABSENCE_NO_ENDPOINTS},
        {"none has an address yet", "svc d/s headless\nep host=a notready", "", ABSENCE_NOT_READY},
        {"a pod without address yet", "svc d/s headless\nep host=a notready\nep 10.0.0.1", "a", ABSENCE_NOT_READY},
        {"a pod not ready", "svc d/s ip=10.0.0.9\nep 10.0.0.1 host=a notready", "a", ABSENCE_NOT_READY},
        {"a pod going", "svc d/s ip=10.0.0.9\nep 10.0.0.1 host=a terminating", "a", ABSENCE_TERMINATING},
        {"of two pods of one hostname one is there", "svc d/s headless\nep 10.0.0.1 host=a terminating\nep 10.0.0.2 host=a", "a",
         ABSENCE_NONE},
        {"of two one will be there", "svc d/s headless\nep 10.0.0.1 host=a terminating\nep 10.0.0.2 host=a notready", "a",
         ABSENCE_NOT_READY},
        {"dashed names too", "svc d/s headless\nep 10.0.0.1 notready", "10-0-0-1", ABSENCE_NOT_READY},
        {"pods without hostname", "with endpoint_pod_names\nsvc d/s headless\nep 10.0.0.1 pod=p-1", "p-1", ABSENCE_NONE},
        {"empty, ignored", "with ignore_empty_service\nsvc d/s ip=10.0.0.9 port=:80/TCP", "", ABSENCE_NO_ENDPOINTS},
        {"none ready, ignored", "with ignore_empty_service\nsvc d/s ip=10.0.0.9\nep 10.0.0.1 notready", "", ABSENCE_NOT_READY},
        {"one ready, not ignored", "with ignore_empty_service\nsvc d/s ip=10.0.0.9\nep 10.0.0.2 notready\nep 10.0.0.1", "", ABSENCE_NONE},
        {"empty and headless", "with ignore_empty_service\nsvc d/s headless", "", ABSENCE_NO_ENDPOINTS},
        {"no endpoints wanted", "with noendpoints\nsvc d/s headless\nep 10.0.0.1", "", ABSENCE_NOT_SERVED},
        {"no endpoints wanted, of a cluster set", "with noendpoints\nimport d/s headless\nep 10.0.0.1", "10-0-0-1", ABSENCE_NONE},
        {"no endpoints wanted, ClusterIP", "with noendpoints\nsvc d/s ip=10.0.0.9\nep 10.0.0.1", "", ABSENCE_NONE},
        {"no endpoints wanted, all are empty", "with noendpoints ignore_empty_service\nsvc d/s ip=10.0.0.9\nep 10.0.0.1", "",
         ABSENCE_NOT_SERVED},
        {"an ExternalName is not empty", "with ignore_empty_service noendpoints\nsvc d/s external=example.com", "", ABSENCE_NONE},
        {"an ExternalName", "svc d/s external=example.com", "", ABSENCE_NONE},
        {"outside", "with external\nsvc d/s ip=10.0.0.9 outside=192.0.2.1", "", ABSENCE_NONE},
        {"outside at a host", "with external\nsvc d/s ip=10.0.0.9 host=a.example", "", ABSENCE_NONE},
        {"outside at what is no name", "with external\nsvc d/s ip=10.0.0.9 host=a..b", "", ABSENCE_NOT_EXTERNAL},
        {"not outside", "with external\nsvc d/s ip=10.0.0.9\nep 10.0.0.1", "", ABSENCE_NOT_EXTERNAL},
        {"not outside, headless", "with external\nsvc d/s headless\nep 10.0.0.1", "", ABSENCE_NOT_EXTERNAL},
        {"endpoints outside", "with external external_headless\nsvc d/s headless\nep 10.0.0.1", "10-0-0-1", ABSENCE_NONE},
        {"endpoints outside, none ready", "with external external_headless\nsvc d/s headless\nep 10.0.0.1 notready", "", ABSENCE_NOT_READY},
        {"an address as target", "svc d/s external=fd00::1", "", ABSENCE_NO_TARGET},
};

static void test_absences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof absences / sizeof absences[0]; i++) {
		struct generation *g = compile(absences[i].text);
		const struct node *n = find(g, absences[i].name);
		if (!n || n->absence != absences[i].absence)
			fail_msg("%s: want %d, got %d", absences[i].what, absences[i].absence, n ? n->absence : -1);
		assert_true(n->absence == ABSENCE_NONE || n->has == 0);
		free(g);
	}
}

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_long_labels(void **state)
{
	struct generation *g;
	(void)state;
	assert_int_equal(world_compile("svc default/" LABEL_63 "a headless", &g), ERR_RANGE);
	assert_null(g);
	assert_int_equal(world_compile("svc " LABEL_63 "a/s headless", &g), ERR_RANGE);
	assert_int_equal(world_compile("svc " LABEL_63 "/" LABEL_63 " headless", &g), OK);
	free(g);
	/* A hostname that is no label is none; a port whose label would have 64 octets has no name. */
	g = compile("svc d/s headless\nep 10.0.0.1 host=" LABEL_63 "a port=" LABEL_63 ":80/TCP\n");
	assert_non_null(find(g, "10-0-0-1"));
	assert_null(find(g, "_tcp"));
	assert_int_equal(g->nodes[0].srv.count, 1);
	free(g);
	g = compile("svc d/s headless\nep 10.0.0.1 host=" LABEL_63 "\n");
	assert_non_null(find(g, LABEL_63));
	free(g);
}

static void test_many_names(void **state)
{
	static char text[1 << 16];
	size_t len = (size_t)snprintf(text, sizeof text, "svc d/s headless\n");
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "ep 10.0.%u.%u host=Pod-%u\n", i / 256, i % 256, i);
	struct generation *g = compile(text);
	for (unsigned i = 0; i < 1000; i++) {
		char name[16];
		snprintf(name, sizeof name, "pod-%u", i);
		const struct node *n = find(g, name);
		assert_non_null(n);
		assert_int_equal(n->a.first, i);
	}
	assert_null(find(g, "pod-1000"));
	free(g);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct generation *g;
		fail_alloc_at(n);
		enum err err = world_compile(pods, &g);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_true(hit == !g);
		free(g);
		if (!hit)
			break;
	}
}

int main(void)
{
	hash_seed_init();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_root_is_the_whole_pool),
	        cmocka_unit_test(test_one_port_shares_its_set),
	        cmocka_unit_test(test_shared_address),
	        cmocka_unit_test(test_weights),
	        cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_external_addresses),
	        cmocka_unit_test(test_absences),
	        cmocka_unit_test(test_long_labels),
	        cmocka_unit_test(test_many_names),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
