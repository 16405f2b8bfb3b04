/* The zone objects of a cluster: which there are, and what each has. */
#include "base/rcu.h"
#include "fail_alloc.h"
#include "unit.h"
#include "views.h"
#include <string.h>

struct fixture {
	struct kubernetes_options options;
	struct log_series lines;
	struct views views;
};

static struct fixture *fixture(void **state)
{
	return *state;
}

static int setup(void **state)
{
	static struct fixture f;
	memset(&f, 0, sizeof f);
	rcu_thread_begin();
	kubernetes_options_init(&f.options);
	assert_int_equal(kubernetes_add_zone(&f.options.zones, "cluster.local", NULL), OK);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	views_clear(&f->views);
	kubernetes_options_clear(&f->options);
	rcu_free_all();
	rcu_thread_end();
	return 0;
}

static void add_external(struct fixture *f)
{
	assert_int_equal(kubernetes_add_zone(&f->options.external.zones, "example.org", NULL), OK);
}

/* default/web, with an address inside and one outside. */
static struct service service_of(enum object_kind kind, struct addr *outside, struct service_port *port)
{
	*outside = (struct addr){ADDR_V4, {192, 0, 2, 1}};
	*port = (struct service_port){.name = "http", .app_protocol = NULL, .port = 80, .target_port = 80};
	return (struct service){
	        .object = {.kind = kind, .ns = "default", .name = "web"},
	        .cluster_ip_count = 1,
	        .cluster_ips = {{ADDR_V4, {10, 0, 0, 1}}},
	        .external_ip_count = 1,
	        .external_ips = outside,
	        .port_count = 1,
	        .ports = port,
	};
}

static enum err put(struct fixture *f, enum object_kind kind)
{
	struct addr outside;
	struct service_port port;
	const struct service service = service_of(kind, &outside, &port);
	return views_put_service(&f->views, &(struct service_view){.service = &service});
}

static size_t services(const struct fixture *f, unsigned view)
{
	return zone_counts(f->views.all[view].zone).services;
}

static void test_one_zone_or_two(void **state)
{
	struct fixture *f = fixture(state);
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	assert_int_equal(f->views.count, 1);
	views_clear(&f->views);
	assert_int_equal(f->views.count, 0);
	add_external(f);
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	assert_int_equal(f->views.count, 2);
}

/* A ServiceImport has no names outside, and leaves a Service of its name alone. */
static void test_services_come_and_go(void **state)
{
	struct fixture *f = fixture(state);
	add_external(f);
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	assert_int_equal(put(f, OBJECT_SERVICE), OK);
	assert_int_equal(put(f, OBJECT_SERVICE_IMPORT), OK);
	assert_int_equal(services(f, 0), 2);
	assert_int_equal(services(f, 1), 1);
	views_drop_service(&f->views, OBJECT_SERVICE_IMPORT, "default", "web");
	assert_int_equal(services(f, 0), 1);
	assert_int_equal(services(f, 1), 1);
	views_drop_service(&f->views, OBJECT_SERVICE, "default", "web");
	views_drop_service(&f->views, OBJECT_SERVICE, "default", "web");
	assert_int_equal(services(f, 0), 0);
	assert_int_equal(services(f, 1), 0);
}

static void test_namespaces_that_are_shown(void **state)
{
	struct fixture *f = fixture(state);
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	assert_true(views_show(&f->views, "default"));
	assert_int_equal(kubernetes_set(&f->options, "namespaces", (const char *[]){"one", "two"}, 2, NULL), OK);
	assert_false(views_show(&f->views, "default"));
	assert_true(views_show(&f->views, "two"));
}

static uint32_t ttl_of(const struct fixture *f, unsigned view)
{
	return zone_settings(f->views.all[view].zone)->ttl_s;
}

/* A bound makes a TTL shorter, never longer, and leaves no trace. */
static void test_ttls(void **state)
{
	struct fixture *f = fixture(state);
	add_external(f);
	f->options.ttl_s = 30;
	f->options.external.ttl_s = 3;
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	views_cap_ttls(&f->views, 5, 2);
	assert_int_equal(ttl_of(f, 0), 5);
	assert_int_equal(ttl_of(f, 1), 3);
	assert_int_equal(zone_settings(f->views.all[0].zone)->negative_ttl_s, 2);
	views_cap_ttls(&f->views, UINT32_MAX, UINT32_MAX);
	assert_int_equal(ttl_of(f, 0), 30);
	assert_int_equal(zone_settings(f->views.all[0].zone)->negative_ttl_s, f->options.negative_ttl_s);
	assert_int_equal(zone_settings(f->views.all[0].zone)->minimum_s, 30);
	assert_int_equal(ttl_of(f, 1), 3);
}

/* The same addresses again are no work, and so can't fail. */
static void test_self(void **state)
{
	struct fixture *f = fixture(state);
	const struct addr addrs[] = {{ADDR_V4, {10, 0, 0, 10}}, {ADDR_V4, {10, 0, 0, 11}}};
	add_external(f);
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	assert_int_equal(views_set_self(&f->views, addrs, 2), OK);
	fail_alloc_at(1);
	assert_int_equal(views_set_self(&f->views, addrs, 2), OK);
	assert_false(fail_alloc_hit());
	assert_int_equal(views_set_self(&f->views, addrs, 1), ERR_NOMEM);
	assert_int_equal(f->views.self_count, 2);
	fail_alloc_at(0);
	assert_int_equal(views_set_self(&f->views, NULL, 0), OK);
	assert_int_equal(f->views.self_count, 0);
}

/* Whatever is out of memory: the next try makes it whole. */
static void test_every_allocation_may_fail(void **state)
{
	struct fixture *f = fixture(state);
	const struct addr addr = {ADDR_V4, {10, 244, 0, 7}};
	bool failed = true;
	add_external(f);
	f->options.pods = KUBERNETES_PODS_VERIFIED;
	for (unsigned n = 1; failed; n++) {
		fail_alloc_at(n);
		enum err err = views_make(&f->views, &f->options, &f->lines);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		views_clear(&f->views);
	}
	assert_int_equal(views_make(&f->views, &f->options, &f->lines), OK);
	failed = true;
	for (unsigned n = 1; failed; n++) {
		fail_alloc_at(n);
		enum err err = views_put_namespace(&f->views, "default");
		err = err ? err : put(f, OBJECT_SERVICE);
		err = err ? err : views_put_pod(&f->views, "default", &addr, 1);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		if (err) {
			assert_int_equal(views_put_namespace(&f->views, "default"), OK);
			assert_int_equal(put(f, OBJECT_SERVICE), OK);
		}
		assert_int_equal(services(f, 0), 1);
		assert_int_equal(services(f, 1), 1);
		if (!err)
			views_drop_pod(&f->views, "default", &addr, 1);
		views_drop_service(&f->views, OBJECT_SERVICE, "default", "web");
		views_drop_namespace(&f->views, "default");
		assert_int_equal(services(f, 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_one_zone_or_two, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_services_come_and_go, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_namespaces_that_are_shown, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_ttls, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_self, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
	};
	return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
