#include "self.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../fake_interfaces.h"
#include "../unit.h"
#include "net/listen.h"

static const struct fake_interface machine[] = {
        {"lo", "127.0.0.1", IFF_LOOPBACK},
        {"lo", "::1", IFF_LOOPBACK},
        {"eth0", "no address of IP", 0},
        {"eth0", "192.0.2.7", 0},
        {"eth0", "169.254.3.4", 0},
        {"eth0", "2001:db8::7", 0},
        {"eth0", "fe80::7", 0},
        {"eth0", "fec0::7", 0}, /* site-local, which is no link-local */
        {"eth1", "192.0.2.8", 0},
        {"eth1", "192.0.2.7", 0}, /* again */
        {"tun0", NULL, 0},
};

/* The addresses by which the server is known that listens on these, "A B …". */
static const char *known_by(const char *const *listen)
{
	static char text[2048];
	struct net_address addresses[4];
	struct addr self[SELF_MAX];
	unsigned count = 0;
	size_t found, len = 0;
	struct diag d;
	for (; count < 4 && listen[count]; count++)
		assert_int_equal(net_address_parse(listen[count], &addresses[count], &d), OK);
	found = self_addresses(addresses, count, self);
	*text = 0;
	for (size_t i = 0; i < found; i++) {
		char one[64];
		struct net_address a = listen_address(&self[i], 53);
		net_address_format(&a, one);
		*strrchr(one, ':') = 0;
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", one);
	}
	return text;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *listen[4];
		const char *want;
	} cases[] = {
	        {{0}, ""},
	        {{"127.0.0.1:53"}, "127.0.0.1"},
	        {{"192.0.2.7:53", "192.0.2.7:5353", "[::1]:53"}, "192.0.2.7 [::1]"},
	        {{"[fe80::7]:53"}, "[fe80::7]"}, /* who listens there alone is known by it */
	        {{"0.0.0.0:53"}, "192.0.2.7 192.0.2.8"},
	        {{"[::]:53"}, "[2001:db8::7] [fec0::7]"},
	        {{"127.0.0.1:53", "0.0.0.0:54", "[::]:53"}, "127.0.0.1 192.0.2.7 192.0.2.8 [2001:db8::7] [fec0::7]"},
	};
	(void)state;
	fake_interfaces(machine, sizeof machine / sizeof *machine);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(known_by(cases[i].listen), cases[i].want);
	assert_int_equal(fake_interfaces_open(), 0);
}

static void test_more_than_are_told(void **state)
{
	struct fake_interface many[SELF_MAX + 5];
	static char texts[SELF_MAX + 5][16];
	struct net_address listen;
	struct addr self[SELF_MAX];
	struct diag d;
	(void)state;
	for (unsigned i = 0; i < SELF_MAX + 5; i++) {
		snprintf(texts[i], sizeof texts[i], "192.0.2.%u", i + 1);
		many[i] = (struct fake_interface){"eth0", texts[i], 0};
	}
	fake_interfaces(many, SELF_MAX + 5);
	assert_int_equal(net_address_parse("0.0.0.0:53", &listen, &d), OK);
	assert_int_equal(self_addresses(&listen, 1, self), SELF_MAX);
	assert_memory_equal(self[SELF_MAX - 1].octets, ((uint8_t[]){192, 0, 2, SELF_MAX}), 4);
}

/* The NS then has no address; all else is served. */
static void test_the_system_does_not_tell(void **state)
{
	(void)state;
	fake_interfaces(NULL, 0);
	assert_string_equal(known_by((const char *const[]){"0.0.0.0:53", "127.0.0.1:53", NULL}), "127.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_addresses),
	        cmocka_unit_test(test_more_than_are_told),
	        cmocka_unit_test(test_the_system_does_not_tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
