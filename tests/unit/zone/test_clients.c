/* Which namespace a client's pod is in. */
#include "base/hash.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "unit.h"
#include "zone/clients.h"
#include <stdio.h>

static struct addr v4(unsigned n)
{
	return (struct addr){.family = ADDR_V4, .octets = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

/* "default."; "": not known. */
static const char *namespace_of(const struct clients *c, const struct addr *addr)
{
	static char text[NAME_TEXT_MAX];
	struct name ns;
	*text = 0;
	if (clients_find(c, addr, &ns))
		name_to_text(&ns, text);
	return text;
}

static void test_come_and_go(void **state)
{
	struct clients *c = clients_new();
	const struct addr one[] = {v4(1), {.family = ADDR_V6, .octets = {0xfd, [15] = 1}}}, other = v4(2);
	(void)state;
	assert_string_equal(namespace_of(c, &other), "");
	assert_int_equal(clients_add(c, "default", one, 2), OK);
	assert_int_equal(clients_add(c, "shop", &other, 1), OK);
	assert_string_equal(namespace_of(c, &one[0]), "default.");
	assert_string_equal(namespace_of(c, &one[1]), "default.");
	assert_string_equal(namespace_of(c, &other), "shop.");
	clients_remove(c, "default", one, 2);
	assert_string_equal(namespace_of(c, &one[0]), "");
	assert_string_equal(namespace_of(c, &other), "shop.");
	assert_int_equal(clients_add(c, "shop", one, 1), OK); /* the address is another pod's now */
	assert_string_equal(namespace_of(c, &one[0]), "shop.");
	assert_int_equal(clients_add(c, "", one, 1), ERR_RANGE);
	clients_remove(c, "nowhere", one, 1);
	clients_free(c);
	clients_free(NULL);
}

static void test_search_list(void **state)
{
	static const char *const want[CLIENTS_SEARCH] = {"shop.svc.cluster.local.", "svc.cluster.local.", "cluster.local."};
	struct clients *c = clients_new();
	const struct addr one = v4(1), other = v4(2);
	struct name zone, list[CLIENTS_SEARCH];
	(void)state;
	assert_int_equal(name_from_text(&zone, "cluster.local", 13), OK);
	assert_int_equal(clients_add(c, "shop", &one, 1), OK);
	assert_false(clients_search_list(c, &other, &zone, list));
	assert_true(clients_search_list(c, &one, &zone, list));
	for (unsigned i = 0; i < CLIENTS_SEARCH; i++) {
		char text[NAME_TEXT_MAX];
		name_to_text(&list[i], text);
		assert_string_equal(text, want[i]);
	}
	while (name_prepend(&zone, "0123456789", 10) == OK || name_prepend(&zone, "0", 1) == OK)
		;
	assert_false(clients_search_list(c, &one, &zone, list)); /* no room for the names */
	clients_free(c);
}

/* As one pod's address goes to another, both have it for a moment. */
static void test_two_pods(void **state)
{
	struct clients *c = clients_new();
	const struct addr a = v4(7);
	(void)state;
	assert_int_equal(clients_add(c, "default", &a, 1), OK);
	assert_int_equal(clients_add(c, "shop", &a, 1), OK);
	assert_string_equal(namespace_of(c, &a), "");
	clients_remove(c, "default", &a, 1);
	assert_string_equal(namespace_of(c, &a), "shop.");
	assert_int_equal(clients_add(c, "shop", &a, 1), OK);
	assert_string_equal(namespace_of(c, &a), "");
	clients_remove(c, "shop", &a, 1);
	assert_string_equal(namespace_of(c, &a), "shop.");
	clients_free(c);
}

static void test_many(void **state)
{
	struct clients *c = clients_new();
	char ns[16];
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		const struct addr a = v4(i);
		snprintf(ns, sizeof ns, "ns-%u", i % 300);
		assert_int_equal(clients_add(c, ns, &a, 1), OK);
	}
	for (unsigned i = 0; i < 5000; i++) {
		const struct addr a = v4(i);
		snprintf(ns, sizeof ns, "ns-%u.", i % 300);
		assert_string_equal(namespace_of(c, &a), ns);
	}
	clients_free(c);
}

static void test_no_memory(void **state)
{
	const struct addr a = v4(1);
	(void)state;
	for (unsigned n = 1;; n++) {
		fail_alloc_at(n);
		struct clients *c = clients_new();
		bool added = c && clients_add(c, "default", &a, 1) == OK;
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit || added);
		if (c && !added) {
			assert_string_equal(namespace_of(c, &a), "");
			assert_int_equal(clients_add(c, "default", &a, 1), OK);
		}
		clients_free(c);
		if (!hit)
			break;
	}
}

static int begin(void **state)
{
	(void)state;
	hash_seed_init();
	rcu_thread_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	rcu_free_all();
	rcu_thread_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_come_and_go), cmocka_unit_test(test_search_list), cmocka_unit_test(test_two_pods),
	        cmocka_unit_test(test_many),        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
