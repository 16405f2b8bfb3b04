#include "base/sockaddr.h"
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
	const char *text;
	uint16_t port;
	uint32_t scope;
	bool wildcard;
} cases[] = {
        {"192.0.2.1", 53, 0, false}, {"0.0.0.0", 65535, 0, true}, {"2001:db8::1", 1, 0, false},
        {"fe80::1", 53, 7, false},   {"::", 0, 0, true},
};

/* What is made is read as it was, by us and as the system lays it out. */
static void test_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct addr a, again;
		char text[INET6_ADDRSTRLEN];
		assert_int_equal(addr_parse(cases[i].text, strlen(cases[i].text), &a), OK);
		struct sockaddr_storage storage = sockaddr_make(&a, cases[i].port, cases[i].scope);
		struct sockaddr *sa = (struct sockaddr *)&storage;
		const struct sockaddr_in *in = (const struct sockaddr_in *)&storage;
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&storage;
		again = sockaddr_addr(sa);
		assert_true(addr_equal(&a, &again));
		assert_int_equal(sockaddr_port(sa), cases[i].port);
		assert_int_equal(sockaddr_is_wildcard(sa), cases[i].wildcard);
		if (a.family == ADDR_V4) {
			assert_int_equal(sockaddr_len(sa), sizeof *in);
			assert_string_equal(inet_ntop(AF_INET, &in->sin_addr, text, sizeof text), cases[i].text);
			assert_int_equal(in->sin_port, htons(cases[i].port));
		} else {
			assert_int_equal(sockaddr_len(sa), sizeof *in6);
			assert_string_equal(inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text), cases[i].text);
			assert_int_equal(in6->sin6_scope_id, cases[i].scope);
			assert_int_equal(in6->sin6_port, htons(cases[i].port));
		}
		sockaddr_set_port(sa, 4660);
		assert_int_equal(sockaddr_port(sa), 4660);
		struct sockaddr_storage other = sockaddr_make(&a, 4660, cases[i].scope);
		assert_memory_equal(&storage, &other, sizeof other);
	}
}

static void test_another_family(void **state)
{
	struct sockaddr_storage storage = {.ss_family = AF_UNIX};
	struct sockaddr *sa = (struct sockaddr *)&storage;
	(void)state;
	sockaddr_set_port(sa, 53);
	assert_int_equal(sockaddr_addr(sa).family, ADDR_NONE);
	assert_int_equal(sockaddr_port(sa), 0);
	assert_false(sockaddr_is_wildcard(sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_another_family),
	};
	return cmocka_run_group_tests_name("sockaddr", tests, NULL, NULL);
}
