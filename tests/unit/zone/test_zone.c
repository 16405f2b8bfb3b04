/* The writer's side: what is counted, what follows what, and that a failure leaves everything as it was. */
#include "base/hash.h"
#include "fail_alloc.h"
#include "unit.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct zone *zone;

static int setup(void **state)
{
	(void)state;
	zone = world_zone();
	return zone ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rcu_free_all();
	zone_free(zone);
	return 0;
}

static void find(const char *text, struct zone_found *found)
{
	struct name n;
	struct zone_spot spot;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	name_lower(&n);
	zone_locate(zone, &n, &spot);
	zone_prefetch(zone, &spot);
	zone_find(zone, &n, &spot, found);
}

static bool exists(const char *text)
{
	struct zone_found found;
	find(text, &found);
	return found.exists;
}

static void apply(const char *text)
{
	assert_int_equal(world_apply(zone, text), OK);
}

#define NIBBLES_31 "1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.0.0.F.E.D.C.B.A.9.8.7.6.5.4.3.2."

static const struct {
	const char *name;
	enum zone_place place;
	unsigned apex, bits;
} places[] = {
        {"cluster.local", ZONE_OWN, 0, 0},
        {"CLUSTER.local", ZONE_OWN, 0, 0},
        {"svc.cluster.local", ZONE_OWN, 1, 0},
        {"pod.cluster.local", ZONE_OWN, 1, 0},
        {"b.pod.cluster.local", ZONE_POD_NAMESPACE, 2, 0},
        {"a.b.pod.cluster.local", ZONE_POD, 3, 0},
        {"pod.b.svc.cluster.local", ZONE_SERVICE, 3, 0},
        {"default.svc.cluster.local", ZONE_NAMESPACE, 2, 0},
        {"web.default.svc.cluster.local", ZONE_SERVICE, 3, 0},
        {"_a._b.web.default.svc.cluster.local", ZONE_SERVICE, 5, 0},
        {"local", ZONE_OUTSIDE, 0, 0},
        {".", ZONE_OUTSIDE, 0, 0},
        {"xcluster.local", ZONE_OUTSIDE, 0, 0},
        {"x\\.cluster.local", ZONE_OUTSIDE, 0, 0}, /* one label "x.cluster" */
        {"cluster.local.example", ZONE_OUTSIDE, 0, 0},
        {"in-addr.arpa", ZONE_REVERSE, 0, 0},
        {"10.in-addr.arpa", ZONE_REVERSE, 1, 8},
        {"1.0.0.10.in-addr.arpa", ZONE_REVERSE, 4, 32},
        {"9.1.0.0.10.in-addr.arpa", ZONE_REVERSE, 5, REVERSE_NO_ADDR},
        {"a.in-addr.arpa", ZONE_REVERSE, 1, REVERSE_NO_ADDR},
        {"256.in-addr.arpa", ZONE_REVERSE, 1, REVERSE_NO_ADDR},
        {"00.in-addr.arpa", ZONE_REVERSE, 1, REVERSE_NO_ADDR},
        {"07.1.244.10.in-addr.arpa", ZONE_REVERSE, 4, REVERSE_NO_ADDR},
        {"1000.1.244.10.in-addr.arpa", ZONE_REVERSE, 4, REVERSE_NO_ADDR},
        {"4294967303.1.244.10.in-addr.arpa", ZONE_REVERSE, 4, REVERSE_NO_ADDR}, /* 7, in 32 bits */
        {"7.1.244.1o.in-addr.arpa", ZONE_REVERSE, 4, REVERSE_NO_ADDR},
        {"-7.1.244.10.in-addr.arpa", ZONE_REVERSE, 4, REVERSE_NO_ADDR},
        {"0.in-addr.arpa", ZONE_REVERSE, 1, 8},
        {"7.1.244.10.in-addr.arp", ZONE_OUTSIDE, 0, 0},
        {"7.1.244.10.x\\007in-addr.arpa", ZONE_OUTSIDE, 0, 0},
        {"D.f.ip6.arpa", ZONE_REVERSE, 2, 8},
        {NIBBLES_31 "1.IP6.arpa", ZONE_REVERSE, 32, 128},
        {NIBBLES_31 "1.0.ip6.arpa", ZONE_REVERSE, 33, REVERSE_NO_ADDR},
        {NIBBLES_31 "12.ip6.arpa", ZONE_REVERSE, 32, REVERSE_NO_ADDR},
        {"g.ip6.arpa", ZONE_REVERSE, 1, REVERSE_NO_ADDR},
        {"arpa", ZONE_OUTSIDE, 0, 0},
};

static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		struct name n;
		struct zone_spot spot = {0};
		assert_int_equal(name_from_text(&n, places[i].name, strlen(places[i].name)), OK);
		name_lower(&n);
		zone_locate(zone, &n, &spot);
		if (spot.place != places[i].place)
			fail_msg("%s: place %d", places[i].name, spot.place);
		if (spot.place != ZONE_OUTSIDE)
			assert_int_equal(spot.apex, places[i].apex);
		if (spot.place == ZONE_REVERSE)
			assert_int_equal(spot.bits, places[i].bits);
	}
}

/* From the right to the left, and each octet's low half before its high one (RFC 3596 2.5). */
static void test_addresses_of_names(void **state)
{
	static const struct {
		const char *name, *addr;
	} cases[] = {
	        {"7.1.244.10.IN-Addr.ARPA", "10.244.1.7"},
	        {"255.0.100.99.in-addr.arpa", "99.100.0.255"},
	        {NIBBLES_31 "1.ip6.arpa", "1234:5678:9abc:def0:fed:cba9:8765:4321"},
	        {"7.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa", "fd00:10:244::1:7"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct name n;
		struct zone_spot spot = {0};
		char text[ADDR_TEXT_MAX];
		assert_int_equal(name_from_text(&n, cases[i].name, strlen(cases[i].name)), OK);
		name_lower(&n);
		zone_locate(zone, &n, &spot);
		addr_format(&spot.addr, text);
		assert_string_equal(text, cases[i].addr);
	}
}

static void test_counts(void **state)
{
	(void)state;
	apply("ns default\n"
	      "svc default/a ip=10.0.0.1 port=web:80/TCP\n"
	      "svc default/b headless\nep 10.1.0.1 host=x\nep 10.1.0.2,fd00::2 host=y\nep 10.1.0.3 host=z notready\n"
	      "svc default/c headless\nep 10.1.0.1 host=x\n");
	struct zone_counts counts = zone_counts(zone);
	assert_int_equal(counts.services, 3);
	assert_int_equal(counts.names, 3 + 3 + 2);
	assert_int_equal(counts.addresses, 4);
	size_t bytes = counts.bytes;
	assert_true(bytes > 0);
	apply("svc default/b headless\nep 10.1.0.1 host=x\n");
	counts = zone_counts(zone);
	assert_int_equal(counts.services, 3);
	assert_int_equal(counts.names, 3 + 2 + 2);
	assert_int_equal(counts.addresses, 2);
	assert_true(counts.bytes < bytes);
	apply("gone default/a\ngone default/b\ngone default/c\ngone default/never");
	counts = zone_counts(zone);
	assert_int_equal(counts.services + counts.names + counts.addresses + counts.bytes, 0);
}

static unsigned cell(const char *text)
{
	struct name n;
	struct zone_spot spot;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	name_lower(&n);
	zone_locate(zone, &n, &spot);
	assert_int_equal(spot.place, ZONE_SERVICE);
	return zone_cell(&spot);
}

/* What has changed since the last time is in the cells of these names, and in no others; NULL ends them. */
static void assert_changed(const char *const *names)
{
	struct zone_cells want = {0}, got = zone_take_changed(zone);
	for (; *names; names++)
		want.bits[cell(*names) / 64] |= (uint64_t)1 << cell(*names) % 64;
	assert_memory_equal(&got, &want, sizeof got);
}

/* A name below a Service is in its cell. */
static void test_changed_cells(void **state)
{
	(void)state;
	assert_changed((const char *[]){NULL});
	apply("ns default\nsvc default/a ip=10.0.0.1\nsvc default/Big headless\nep 10.1.0.1 host=x\n");
	assert_changed((const char *[]){"a.default.svc.cluster.local", "x.BIG.default.svc.cluster.local", NULL});
	assert_changed((const char *[]){NULL});
	apply("svc default/a ip=10.0.0.2\nself 10.9.0.1\nns other");
	assert_changed((const char *[]){"_x._tcp.a.default.svc.cluster.local", NULL});
	apply("gone default/a\ngone default/never");
	assert_changed((const char *[]){"a.default.svc.cluster.local", NULL});
}

static void test_namespaces(void **state)
{
	(void)state;
	apply("svc default/a ip=10.0.0.1");
	assert_false(exists("default.svc.cluster.local"));
	assert_false(exists("a.default.svc.cluster.local"));
	apply("ns default");
	assert_true(exists("default.svc.cluster.local"));
	assert_true(exists("a.default.svc.cluster.local"));
	apply("nons default");
	assert_false(exists("default.svc.cluster.local"));
	assert_false(exists("a.default.svc.cluster.local"));
	assert_true(exists("1.0.0.10.in-addr.arpa"));
	apply("ns default\ngone default/a");
	assert_true(exists("default.svc.cluster.local"));
	assert_false(exists("a.default.svc.cluster.local"));
	apply("nons default\nnons default\nnons never");
	assert_false(exists("default.svc.cluster.local"));
}

/* A name of any case is the same; one that is none is refused, and nothing is kept of it. */
static void test_names(void **state)
{
	char label[65];
	struct generation *g;
	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	assert_int_equal(zone_add_namespace(zone, label), ERR_RANGE);
	assert_int_equal(zone_add_namespace(zone, ""), ERR_RANGE);
	zone_remove_namespace(zone, label);
	assert_int_equal(world_compile("svc default/a ip=10.0.0.1", &g), OK);
	assert_int_equal(zone_publish(zone, ZONE_CLUSTER, "default", label, g), ERR_RANGE);
	assert_int_equal(world_compile("svc default/a ip=10.0.0.1", &g), OK);
	assert_int_equal(zone_publish(zone, ZONE_CLUSTER, "", "a", g), ERR_RANGE);
	zone_withdraw(zone, ZONE_CLUSTER, label, label);
	apply("ns DEFAULT\nsvc Default/A ip=10.0.0.1\nsvc default/a ip=10.0.0.2");
	assert_int_equal(zone_counts(zone).services, 1);
	assert_false(exists("1.0.0.10.in-addr.arpa"));
	assert_true(exists("a.default.svc.cluster.local"));
	apply("gone deFault/a");
	assert_int_equal(zone_counts(zone).services, 0);
}

/* Addresses that pass from one Service to another, and from pod to pod, have the PTR of the moment. */
static void test_moving_addresses(void **state)
{
	struct zone_found found;
	(void)state;
	apply("ns default\nsvc default/a headless\nep 10.1.0.1 host=x\nsvc default/b headless\nep 10.1.0.1 host=y");
	find("1.0.1.10.in-addr.arpa", &found);
	assert_int_equal(found.has, HAS_PTR);
	assert_non_null(found.first_holder);
	apply("svc default/a headless\nep 10.1.0.2 host=x");
	find("1.0.1.10.in-addr.arpa", &found);
	assert_int_equal(found.has, HAS_PTR);
	assert_int_equal(found.generation->text[1], 'b');
	apply("svc default/b headless\nep 10.1.0.1 host=z notready");
	assert_false(exists("1.0.1.10.in-addr.arpa"));
	assert_true(exists("1.10.in-addr.arpa"));
	apply("gone default/a\ngone default/b");
	assert_false(exists("1.10.in-addr.arpa"));
	assert_false(exists("10.in-addr.arpa"));
}

/* Every node of a cluster may be behind thousands of Services: each comes once, by name. */
static void test_an_address_of_many(void **state)
{
	enum { MANY = 3000 };
	struct zone_found found;
	struct zone_spot spot = {0};
	struct zone_holders owners;
	struct name n;
	unsigned count = 0;
	(void)state;
	apply("ns default");
	for (unsigned i = MANY; i-- > 0;) {
		char text[64];
		snprintf(text, sizeof text, "svc default/s%u headless\nep 10.1.0.1", 10000 + i * 7919 % MANY);
		apply(text);
	}
	assert_int_equal(name_from_text(&n, "1.0.1.10.in-addr.arpa", 21), OK);
	zone_locate(zone, &n, &spot);
	zone_find(zone, &n, &spot, &found);
	zone_holders_begin(&owners);
	do {
		char want[16];
		snprintf(want, sizeof want, "\6s%u", 10000 + count++);
		assert_memory_equal(found.generation->text, want, 7);
	} while (zone_next_holder(zone, &spot, &found, &owners));
	assert_int_equal(count, MANY);
}

/* Of several Services the one that the pod names as its subdomain comes first, the others by name and not by length; a ClusterIP stands alone. */
static void test_order_of_owners(void **state)
{
	static const char *const order[] = {"\4zero", "\5alpha", "\4beta", "\2zz"};
	struct zone_found found;
	struct zone_spot spot = {0};
	struct zone_holders owners;
	struct name n;
	(void)state;
	apply("ns default\nsvc default/zz headless\nep 10.1.0.1\nsvc default/alpha headless\nep 10.1.0.1\n"
	      "svc default/zero headless\nep 10.1.0.2\nep 10.1.0.1 home\nsvc default/beta headless\nep 10.1.0.1");
	assert_int_equal(name_from_text(&n, "1.0.1.10.in-addr.arpa", 21), OK);
	zone_locate(zone, &n, &spot);
	zone_find(zone, &n, &spot, &found);
	zone_holders_begin(&owners);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		assert_memory_equal(found.generation->text, order[i], 1 + (size_t)order[i][0]);
		assert_int_equal(zone_next_holder(zone, &spot, &found, &owners), i + 1 < sizeof order / sizeof *order);
	}
	apply("svc default/web ip=10.1.0.1");
	zone_find(zone, &n, &spot, &found);
	zone_holders_begin(&owners);
	assert_memory_equal(found.generation->text, "\3web", 4);
	assert_false(zone_next_holder(zone, &spot, &found, &owners));
}

/* It never falls, rises with every change, and is not behind the clock. */
static void test_serial(void **state)
{
	static const char *const changes[] = {
	        "ns default", "svc default/a ip=10.0.0.1", "svc default/a ip=10.0.0.2", "gone default/a", "self 10.0.0.1", "nons default"};
	uint32_t before = zone_serial(zone);
	(void)state;
	assert_true(before >= (uint32_t)time(NULL) - 1);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
			apply(changes[i]);
			uint32_t serial = zone_serial(zone);
			if (serial <= before)
				fail_msg("%s: %u after %u", changes[i], serial, before);
			before = serial;
		}
	}
	apply("ns default\nns default");
	assert_int_equal(zone_serial(zone), before + 1);
	apply("svc default/a ip=10.0.0.1");
	struct zone_found found;
	find("a.default.svc.cluster.local", &found);
	assert_int_equal(found.generation->serial, zone_serial(zone));
}

/* --- without memory --- */

static const char before[] = "ns default\nns other\nsvc default/a headless\nep 10.1.0.1 host=x\nep 10.1.0.2 host=y\nself 10.1.0.1";

/* Each of them fails at its n-th allocation, then nothing is changed; in the end it goes through. */
static const struct {
	const char *what, *text, *there, *gone;
} changes[] = {
        {"a new Service", "svc default/b ip=10.0.0.1", "b.default.svc.cluster.local", NULL},
        {"a new Service of a new namespace", "svc third/b ip=10.0.0.1", "1.0.0.10.in-addr.arpa", NULL},
        {"more pods",
         "svc default/a headless\nep 10.1.0.1 host=x\nep 10.1.0.3 host=z\nep 10.1.0.4 host=z\nep 10.1.0.5 host=z\nep 10.1.0.6 host=z\n"
         "ep 10.1.0.7 host=z\nep 10.1.0.8 host=z\nep 10.1.0.9 host=z\nep fd00::1 host=z\n",
         "z.a.default.svc.cluster.local", "y.a.default.svc.cluster.local"},
        {"a new namespace", "ns third", "third.svc.cluster.local", NULL},
        {"the server's addresses", "self 10.1.0.2", "ns.dns.cluster.local", NULL},
};

static void check_as_before(struct zone_counts counts)
{
	struct zone_counts now = zone_counts(zone);
	assert_memory_equal(&now, &counts, sizeof now);
	assert_true(exists("x.a.default.svc.cluster.local"));
	assert_true(exists("y.a.default.svc.cluster.local"));
	assert_true(exists("1.0.1.10.in-addr.arpa"));
	assert_true(exists("2.0.1.10.in-addr.arpa"));
	assert_false(exists("3.0.1.10.in-addr.arpa"));
	assert_false(exists("1.0.0.10.in-addr.arpa"));
	assert_false(exists("third.svc.cluster.local"));
}

static void check_change(size_t i)
{
	setup(NULL);
	apply(before);
	struct zone_counts counts = zone_counts(zone);
	unsigned n = 1;
	for (;; n++) {
		fail_alloc_at(n);
		enum err err = world_apply(zone, changes[i].text);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		if (err != (hit ? ERR_NOMEM : OK))
			fail_msg("%s: %s at allocation %u", changes[i].what, err_str(err), n);
		if (!hit)
			break;
		check_as_before(counts);
	}
	assert_true(n > 1);
	assert_true(exists(changes[i].there));
	assert_true(!changes[i].gone || !exists(changes[i].gone));
	teardown(NULL);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
		check_change(i);
}

static void test_new_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		fail_alloc_at(n);
		struct zone *z = world_zone();
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(!z == hit);
		zone_free(z);
		if (!hit)
			break;
	}
}

static void test_long_origin(void **state)
{
	struct name origin;
	(void)state;
	for (size_t len = 57; len <= 58; len++) {
		char label[64];
		memset(label, 'a', sizeof label);
		name_root(&origin);
		assert_int_equal(name_prepend(&origin, label, 60), OK);
		assert_int_equal(name_prepend(&origin, label, len), OK); /* 120 octets, and 121 */
		struct zone *z = zone_new(&(struct zone_options){.origins = &origin, .origin_count = 1});
		assert_true(!z == (len == 58));
		zone_free(z);
	}
}

/* Reverse zones alone lead nowhere. */
static void test_no_forward_origin(void **state)
{
	(void)state;
	assert_null(world_zones("in-addr.arpa 10.in-addr.arpa ip6.arpa"));
	assert_null(world_zones(""));
}

/* --- much --- */

#define STEPS    4000
#define SERVICES 40

/* Random changes; in the end, what is there is what the last change of each Service left. */
static void test_many_changes(void **state)
{
	unsigned pods[SERVICES] = {0};
	(void)state;
	srandom(2);
	apply("ns default");
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned s = (unsigned)random() % SERVICES, n = (unsigned)random() % 12;
		char text[2048];
		size_t len = (size_t)snprintf(text, sizeof text, n ? "svc default/s%u headless\n" : "gone default/s%u\n", s);
		for (unsigned i = 0; i < n; i++)
			len += (size_t)snprintf(text + len, sizeof text - len, "ep 10.1.%u.%u host=p%u\n", s, i, i);
		apply(text);
		pods[s] = n;
	}
	size_t services = 0, addresses = 0;
	for (unsigned s = 0; s < SERVICES; s++) {
		services += pods[s] > 0;
		addresses += pods[s];
		for (unsigned i = 0; i < 12; i++) {
			char forward[64], back[64];
			snprintf(forward, sizeof forward, "p%u.s%u.default.svc.cluster.local", i, s);
			snprintf(back, sizeof back, "%u.%u.1.10.in-addr.arpa", i, s);
			assert_true(exists(forward) == (i < pods[s]));
			assert_true(exists(back) == (i < pods[s]));
		}
	}
	struct zone_counts counts = zone_counts(zone);
	assert_int_equal(counts.services, services);
	assert_int_equal(counts.addresses, addresses);
	assert_int_equal(counts.names, services + addresses);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_addresses_of_names, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_changed_cells, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_namespaces, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_moving_addresses, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_an_address_of_many, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_order_of_owners, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_serial, setup, teardown),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_new_out_of_memory),
	        cmocka_unit_test(test_long_origin),
	        cmocka_unit_test(test_no_forward_origin),
	        cmocka_unit_test_setup_teardown(test_many_changes, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
