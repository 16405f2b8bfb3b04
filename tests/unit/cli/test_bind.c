#include "cli/bind.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fail_alloc.h"
#include "../fake_interfaces.h"
#include "../unit.h"
#include "net/listen.h"

#define WORDS_MAX 4
#define LINES_MAX 3

static const struct fake_interface machine[] = {
        {"lo", "no address of IP", IFF_LOOPBACK},
        {"lo", "127.0.0.1", IFF_LOOPBACK},
        {"lo", "::1", IFF_LOOPBACK},
        {"eth0", "192.0.2.7", 0},
        {"eth0", "192.0.2.8", 0},
        {"eth0", "2001:db8::7", 0},
        {"eth0", "fe80::7", 0},
        {"tun0", NULL, 0},
        {"10.0.0.1", "192.0.2.9", 0}, /* a name that looks like an address is an interface's */
};

struct line {
	const char *words[WORDS_MAX], *except[WORDS_MAX];
};

static struct text_list list(const char *const *words)
{
	struct text_list l = {(char **)words, 0};
	while (l.count < WORDS_MAX && words[l.count])
		l.count++;
	return l;
}

static enum err resolve(const struct line *lines, unsigned count, struct bind_addresses *out, struct diag *d)
{
	struct corefile_bind binds[LINES_MAX];
	struct corefile_block block = {.binds = binds, .bind_count = count};
	for (unsigned i = 0; i < count; i++) {
		static char places[LINES_MAX][16] = {"Corefile:2", "Corefile:3", "Corefile:4"};
		binds[i] = (struct corefile_bind){places[i], list(lines[i].words), list(lines[i].except)};
	}
	return bind_resolve(&block, out, d);
}

static unsigned scope_of(const struct net_address *a)
{
	return ((const struct sockaddr_in6 *)(const void *)&a->sa)->sin6_scope_id;
}

/* "192.0.2.7 [fe80::7]%7", without ports. */
static const char *text_of(const struct bind_addresses *all)
{
	static char text[512];
	size_t len = 0;
	*text = 0;
	for (unsigned i = 0; i < all->count; i++) {
		char one[64];
		net_address_format(&all->all[i], one);
		*strrchr(one, ':') = 0;
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", one);
		if (all->all[i].sa.ss_family == AF_INET6 && scope_of(&all->all[i]))
			len += (size_t)snprintf(text + len, sizeof text - len, "%%%u", scope_of(&all->all[i]));
	}
	return text;
}

static const struct {
	const char *what;
	struct line lines[LINES_MAX];
	const char *want; /* or what diag says */
	enum err err;
} cases[] = {
        {"an address", {{{"192.0.2.7"}, {0}}}, "192.0.2.7", OK},
        {"one that the machine has not is net's affair", {{{"198.51.100.1"}, {0}}}, "198.51.100.1", OK},
        {"IPv6", {{{"2001:db8::7"}, {0}}}, "[2001:db8::7]", OK},
        {"an interface", {{{"lo"}, {0}}}, "127.0.0.1 [::1]", OK},
        {"an interface with a link-local address", {{{"eth0"}, {0}}}, "192.0.2.7 192.0.2.8 [2001:db8::7] [fe80::7]%7", OK},
        {"the name of an interface goes before the address", {{{"10.0.0.1"}, {0}}}, "192.0.2.9", OK},
        {"each once", {{{"127.0.0.1", "lo", "127.0.0.1"}, {0}}}, "127.0.0.1 [::1]", OK},
        {"in their order", {{{"192.0.2.8", "lo"}, {0}}}, "192.0.2.8 127.0.0.1 [::1]", OK},
        {"except an address", {{{"eth0"}, {"192.0.2.7", "2001:db8::7", "fe80::7"}}}, "192.0.2.8 [fe80::7]%7", OK},
        {"except an interface", {{{"eth0", "lo"}, {"lo"}}}, "192.0.2.7 192.0.2.8 [2001:db8::7] [fe80::7]%7", OK},
        {"except counts for its own line", {{{"lo"}, {0}}, {{"eth0", "lo"}, {"lo", "eth0"}}}, "127.0.0.1 [::1]", OK},
        {"several lines", {{{"192.0.2.7"}, {0}}, {{"lo"}, {0}}, {{"192.0.2.7"}, {0}}}, "192.0.2.7 127.0.0.1 [::1]", OK},
        {"neither nor", {{{"eth9"}, {0}}}, "Corefile:2: bind: \"eth9\" is neither", ERR_MISSING},
        {"neither nor, in another line", {{{"lo"}, {0}}, {{"lo", ""}, {0}}}, "Corefile:3: bind: \"\" is neither", ERR_MISSING},
        {"neither nor, of what is left out", {{{"lo"}, {"eth9"}}}, "Corefile:2: bind: \"eth9\" is neither", ERR_MISSING},
        {"an interface without an address", {{{"tun0"}, {0}}}, "Corefile:2: bind: no address is left", ERR_MISSING},
        {"nothing is left", {{{"lo"}, {"lo"}}}, "Corefile:2: bind: no address is left", ERR_MISSING},
};

static unsigned count_lines(const struct line *lines)
{
	unsigned count = 0;
	while (count < LINES_MAX && lines[count].words[0])
		count++;
	return count;
}

static void test_words(void **state)
{
	(void)state;
	fake_interfaces(machine, sizeof machine / sizeof *machine);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bind_addresses out;
		struct diag d = {0};
		enum err err = resolve(cases[i].lines, count_lines(cases[i].lines), &out, &d);
		if (err != cases[i].err)
			fail_msg("%s: %s (%s)", cases[i].what, err_str(err), d.text);
		if (err ? strncmp(d.text, cases[i].want, strlen(cases[i].want)) != 0 : strcmp(text_of(&out), cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].what, err ? d.text : text_of(&out));
		if (err)
			assert_true(!out.all && !out.count);
		free(out.all);
	}
	assert_int_equal(fake_interfaces_open(), 0);
}

/* What stands for every address, and no line at all, are the same: 0.0.0.0, and [::] where there is IPv6. */
static void test_every_address(void **state)
{
	static const struct line lines[] = {{{"0.0.0.0"}, {0}}, {{"::"}, {0}}, {{"::", "0.0.0.0"}, {0}}};
	const char *want = listen_ipv6_usable() ? "0.0.0.0 [::]" : "0.0.0.0";
	struct bind_addresses out;
	struct diag d;
	(void)state;
	fake_interfaces(machine, sizeof machine / sizeof *machine);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(resolve(&lines[i], 1, &out, &d), OK);
		assert_string_equal(text_of(&out), want);
		free(out.all);
	}
	assert_int_equal(resolve(NULL, 0, &out, &d), OK);
	assert_string_equal(text_of(&out), want);
	free(out.all);
}

static void test_the_system_does_not_tell(void **state)
{
	static const struct line line = {{"lo"}, {0}};
	struct bind_addresses out;
	struct diag d;
	(void)state;
	fake_interfaces(NULL, 0);
	assert_int_equal(resolve(&line, 1, &out, &d), ERR_SYS);
	assert_non_null(strstr(d.text, "Corefile:2: bind: "));
	assert_null(out.all);
}

static void test_without_memory(void **state)
{
	static const struct line lines[] = {{{"eth0", "lo"}, {"192.0.2.8"}}, {{"::"}, {0}}};
	struct bind_addresses out;
	struct diag d;
	enum err err;
	unsigned n = 0;
	(void)state;
	fake_interfaces(machine, sizeof machine / sizeof *machine);
	do {
		fail_alloc_at(++n);
		err = resolve(lines, 2, &out, &d);
		assert_int_equal(err, fail_alloc_hit() ? ERR_NOMEM : OK);
		if (err)
			assert_true(!out.all && !out.count);
		free(out.all);
		assert_int_equal(fake_interfaces_open(), 0);
	} while (fail_alloc_hit());
	fail_alloc_at(0);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_every_address),
	        cmocka_unit_test(test_the_system_does_not_tell),
	        cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
