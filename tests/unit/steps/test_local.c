/* `local` and `chaos`: names that every server can answer by itself. */
#include "ask.h"
#include "leaves.h"
#include <unistd.h>

#define CH 3

static const char soa_rdata[] = "096c6f63616c686f737400"
                                "04726f6f74096c6f63616c686f737400"
                                "00000001"
                                "00000000"
                                "00000000"
                                "00000000"
                                "00093a80";

/* %s: that SOA's rdata. */
static const struct {
	const char *lines, *name;
	uint16_t type;
	const char *want;
} locals[] = {
        {"local", "localhost.", DNS_TYPE_A, "0 rd: localhost. 1 604800/7f000001;"},
        {"local", "LocalHost.", DNS_TYPE_AAAA, "0 rd: LocalHost. 28 604800/00000000000000000000000000000001;"},
        {"local", "localhost.", DNS_TYPE_NS, "0 rd: localhost. 2 604800/096c6f63616c686f737400;"},
        {"local", "localhost.", DNS_TYPE_SOA, "0 rd: localhost. 6 604800/%s;"},
        {"local", "localhost.", DNS_TYPE_MX, "0 rd:; localhost. 6 604800/%s"},
        {"local", "a.b.localhost.", DNS_TYPE_A, "0 rd: a.b.localhost. 1 604800/7f000001;"},
        {"local", "a.localhost.", DNS_TYPE_MX, "0 rd:; a.localhost. 6 604800/%s"},
        {"local", "a.localhost.", DNS_TYPE_SOA, "0 rd:; a.localhost. 6 604800/%s"},
        {"local", "localhost.cluster.local.", DNS_TYPE_A, "0 rd: localhost.cluster.local. 1 604800/7f000001;"},
        {"local", "localhost.x.", DNS_TYPE_TXT, "0 rd:; localhost.x. 6 604800/%s"},
        {"local {\n localhost_prefix off\n}", "localhost.x.", DNS_TYPE_A, "pass"},
        {"local {\n localhost_prefix off\n}", "x.localhost.", DNS_TYPE_A, "0 rd: x.localhost. 1 604800/7f000001;"},
        {"local", "localhost1.x.", DNS_TYPE_A, "pass"},
        {"local", "alocalhost.", DNS_TYPE_A, "pass"},
        {"local", "a.localhost.x.", DNS_TYPE_A, "pass"},
        {"local", ".", DNS_TYPE_A, "pass"},
        {"local", "1.0.0.127.in-addr.arpa.", DNS_TYPE_PTR, "0 rd: 1.0.0.127.in-addr.arpa. 12 604800/096c6f63616c686f737400;"},
        {"local", "1.0.0.127.IN-addr.arpa.", DNS_TYPE_A, "0 rd:; 127.IN-addr.arpa. 6 604800/%s"},
        {"local", "2.0.0.127.in-addr.arpa.", DNS_TYPE_PTR, "3 rd:; 127.in-addr.arpa. 6 604800/%s"},
        {"local", "0.0.127.in-addr.arpa.", DNS_TYPE_PTR, "3 rd:; 127.in-addr.arpa. 6 604800/%s"},
        {"local", "5.1.0.0.127.in-addr.arpa.", DNS_TYPE_PTR, "3 rd:; 127.in-addr.arpa. 6 604800/%s"},
        {"local", "127.in-addr.arpa.", DNS_TYPE_SOA, "0 rd: 127.in-addr.arpa. 6 604800/%s;"},
        {"local", "127.in-addr.arpa.", DNS_TYPE_A, "0 rd:; 127.in-addr.arpa. 6 604800/%s"},
        {"local", "0.in-addr.arpa.", DNS_TYPE_NS, "0 rd: 0.in-addr.arpa. 2 604800/096c6f63616c686f737400;"},
        {"local", "9.0.in-addr.arpa.", DNS_TYPE_NS, "3 rd:; 0.in-addr.arpa. 6 604800/%s"},
        {"local", "255.in-addr.arpa.", DNS_TYPE_AAAA, "0 rd:; 255.in-addr.arpa. 6 604800/%s"},
        {"local", "10.in-addr.arpa.", DNS_TYPE_SOA, "pass"},
        {"local", "in-addr.arpa.", DNS_TYPE_SOA, "pass"},
};

static void ask(const struct step_kind *kind, enum directive_id id, const char *lines, const char *name, uint16_t type, uint16_t class,
                char *text)
{
	struct asked a;
	asked_begin(&a, lines);
	asked_for(&a, name, type, class);
	asked_text(&a, ask_step(kind, corefile_values(&a.corefile.blocks[0], id), NULL, &a.x, true), text);
	asked_end(&a);
}

static void test_local(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof locals / sizeof *locals; i++) {
		char text[ANSWER_TEXT_MAX], want[ANSWER_TEXT_MAX];
		snprintf(want, sizeof want, locals[i].want, soa_rdata);
		ask(&local_step, DIRECTIVE_LOCAL, locals[i].lines, locals[i].name, locals[i].type, DNS_CLASS_IN, text);
		if (strcmp(text, want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
	}
}

/* --- chaos --- */

static const struct {
	const char *lines, *name;
	uint16_t type, class;
	const char *want;
} tellings[] = {
        {"chaos a1", "version.bind.", DNS_TYPE_TXT, CH, "0 rd: version.bind. 16 0/026131;"},
        {"chaos a1", "Version.Server.", DNS_TYPE_TXT, CH, "0 rd: Version.Server. 16 0/026131;"},
        {"chaos a1 b", "authors.bind.", DNS_TYPE_TXT, CH, "0 rd: authors.bind. 16 0/0162;"},
        {"chaos a1", "authors.bind.", DNS_TYPE_TXT, CH, "0 rd:;"},
        {"chaos", "authors.bind.", DNS_TYPE_TXT, CH, "0 rd:;"},
        {"chaos a1", "version.bind.", DNS_TYPE_TXT, DNS_CLASS_IN, "pass"},
        {"chaos a1", "version.bind.", DNS_TYPE_A, CH, "pass"},
        {"chaos a1", "a.version.bind.", DNS_TYPE_TXT, CH, "pass"},
        {"chaos a1", "version.", DNS_TYPE_TXT, CH, "pass"},
};

static void test_chaos(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tellings / sizeof *tellings; i++) {
		char text[ANSWER_TEXT_MAX];
		ask(&chaos_step, DIRECTIVE_CHAOS, tellings[i].lines, tellings[i].name, tellings[i].type, tellings[i].class, text);
		if (strcmp(text, tellings[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
	}
}

static void test_chaos_by_itself(void **state)
{
	static const char *const names[] = {"hostname.bind.", "id.server."};
	char text[ANSWER_TEXT_MAX], host[256] = "", want[ANSWER_TEXT_MAX], *at;
	(void)state;
	assert_int_equal(gethostname(host, sizeof host - 1), 0);
	for (unsigned i = 0; i < 2; i++) {
		at = want + sprintf(want, "0 rd: %s 16 0/%02zx", names[i], strlen(host));
		for (const char *c = host; *c; c++)
			at += sprintf(at, "%02x", (unsigned char)*c);
		sprintf(at, ";");
		ask(&chaos_step, DIRECTIVE_CHAOS, "chaos", names[i], DNS_TYPE_TXT, CH, text);
		assert_string_equal(text, want);
	}
	ask(&chaos_step, DIRECTIVE_CHAOS, "chaos", "version.bind.", DNS_TYPE_TXT, CH, text);
	assert_non_null(strstr(text, "686561646e732d")); /* "headns-" */
}

/* All of them each time, and not always in one order. */
static void test_authors(void **state)
{
	char first[ANSWER_TEXT_MAX] = "", text[ANSWER_TEXT_MAX];
	bool differs = false;
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		ask(&chaos_step, DIRECTIVE_CHAOS, "chaos v a b c", "authors.bind.", DNS_TYPE_TXT, CH, text);
		assert_true(strstr(text, "/0161") && strstr(text, "/0162") && strstr(text, "/0163"));
		if (!*first)
			strcpy(first, text);
		differs |= strcmp(first, text) != 0;
	}
	assert_true(differs);
}

/* 255 octets of a text, and as many texts as 512 octets hold. */
static void test_long_texts(void **state)
{
	char lines[1000] = "chaos ", text[ANSWER_TEXT_MAX];
	(void)state;
	memset(lines + 6, 'x', 300);
	strcpy(lines + 306, " ");
	for (unsigned i = 0; i < 40; i++)
		strcat(lines, "0123456789 ");
	ask(&chaos_step, DIRECTIVE_CHAOS, lines, "version.bind.", DNS_TYPE_TXT, CH, text);
	assert_non_null(strstr(text, "16 0/ff7878"));
	ask(&chaos_step, DIRECTIVE_CHAOS, lines, "authors.bind.", DNS_TYPE_TXT, CH, text);
	assert_memory_equal(text, "0 rd tc:", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_local),   cmocka_unit_test(test_chaos),      cmocka_unit_test(test_chaos_by_itself),
	        cmocka_unit_test(test_authors), cmocka_unit_test(test_long_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
