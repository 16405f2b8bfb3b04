/* Messages that are too small for what there is to say, or no messages at all. */
#include "ask.h"
#include "base/hash.h"
#include "reply.h"
#include "unit.h"
#include "world.h"
#include <stdio.h>
#include <string.h>

#define PODS 3000 /* of the Service "many"; "few" has FEW of them */
#define FEW  40

static struct zone *zone;

static size_t add_pods(char *text, size_t len, size_t cap, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, cap - len, "ep 10.1.%u.%u,fd00::%x host=p%u port=web:80/TCP\n", i / 256, i % 256, i + 1,
		                        i);
	return len;
}

static int setup(void **state)
{
	static char text[1 << 18];
	size_t len = (size_t)snprintf(text, sizeof text, "ns default\nsvc default/many headless\n");
	(void)state;
	len = add_pods(text, len, sizeof text, PODS);
	len += (size_t)snprintf(text + len, sizeof text - len, "svc default/few headless\n");
	len = add_pods(text, len, sizeof text, FEW);
	len += (size_t)snprintf(text + len, sizeof text - len, "svc default/to-few external=few.default.svc.cluster.local\n");
	zone = world_zone();
	return zone && world_apply(zone, text) == OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rcu_free_all();
	zone_free(zone);
	return 0;
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static bool truncated(const char *text)
{
	return count_of(text, " tc") > 0;
}

/* Asks with an EDNS size, or none if it is 0. */
static const char *ask_sized(const char *question, unsigned size)
{
	struct query_policy policy = {.zone = zone};
	char text[256];
	snprintf(text, sizeof text, size ? "%s edns=%u" : "%s", question, size);
	return ask(&policy, NULL, text);
}

/* With EDNS, records of this length are cut where the next one would not fit, OPT being reserved: as many as possible, and no more. */
static void check_cut(const char *question, const char *marker, size_t record_len, size_t whole)
{
	for (unsigned size = 512; size <= 1400; size++) {
		const char *got = ask_sized(question, size);
		size_t limit = size < DNS_UDP_SIZE_CAP ? size : DNS_UDP_SIZE_CAP, records = count_of(got, marker);
		assert_true(ask_len() <= limit);
		if (truncated(got) != (records < whole))
			fail_msg("%s at %u: %zu records: %s", question, size, records, got);
		if (records < whole)
			assert_true(ask_len() + record_len > limit);
		assert_memory_equal(got, "NOERROR aa", 10);
		assert_true(count_of(got, "edns") == 1);
	}
}

static void test_cut_answers(void **state)
{
	(void)state;
	check_cut("few.default.svc.cluster.local A", " A 10.", 16, FEW);
	check_cut("few.default.svc.cluster.local AAAA", " AAAA fd00", 28, FEW);
	check_cut("many.default.svc.cluster.local A", " A 10.", 16, PODS);
	check_cut("_web._tcp.few.default.svc.cluster.local SRV", " SRV ", 12 + 6 + 4 + 31, FEW);
	check_cut("to-few.default.svc.cluster.local A", " A 10.", 16, FEW);
}

/* Without EDNS what does not fit is TC and nothing else, also a CNAME that would; what fits is there. As CoreDNS, it is the part that fits. */
static void test_cut_without_edns(void **state)
{
	static const char *const questions[] = {"few.default.svc.cluster.local A", "many.default.svc.cluster.local AAAA",
	                                        "_web._tcp.few.default.svc.cluster.local SRV", "to-few.default.svc.cluster.local A"};
	struct query_policy policy = {.zone = zone, .max_answers = 28};
	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		char whole[128];
		assert_string_equal(ask_sized(questions[i], 0), "NOERROR aa tc rd");
		snprintf(whole, sizeof whole, "tcp %s", questions[i]);
		assert_true(strlen(ask(&(struct query_policy){.zone = zone}, NULL, whole)) > 512);
	}
	const char *got = ask(&policy, NULL, "few.default.svc.cluster.local A");
	assert_false(truncated(got));
	assert_int_equal(count_of(got, " A 10."), 28);
}

static void test_cut_as_coredns(void **state)
{
	struct zone *own = world_zone_as_coredns(ZONE_PODS_DISABLED);
	struct query_policy policy = {.zone = own};
	char text[4096] = "with compat_coredns\nns default\nsvc default/few headless\n";
	(void)state;
	assert_non_null(own);
	add_pods(text, strlen(text), sizeof text, FEW);
	assert_int_equal(world_apply(own, text), OK);
	const char *got = ask(&policy, NULL, "few.default.svc.cluster.local A");
	assert_true(truncated(got));
	assert_in_range(ask_len(), 512 - 15, 512);
	rcu_free_all();
	zone_free(own);
}

/* A client that says less than RFC 6891 allows takes 512. */
static void test_smallest(void **state)
{
	(void)state;
	ask_sized("few.default.svc.cluster.local A", 100);
	assert_in_range(ask_len(), 512 - 15, 512);
}

static void test_tcp(void **state)
{
	struct query_policy policy = {.zone = zone};
	(void)state;
	const char *got = ask(&policy, NULL, "tcp many.default.svc.cluster.local A");
	assert_false(truncated(got));
	assert_int_equal(count_of(got, " A 10."), PODS);
	/* 28 octets each do not fit into 65,535: also there whole records and TC */
	got = ask(&policy, NULL, "tcp many.default.svc.cluster.local AAAA do");
	assert_true(truncated(got));
	assert_int_equal(count_of(got, " AAAA fd00"), (65535 - 12 - 11 - 36) / 28);
}

/* Additional records are left out as whole RRsets, without TC, and never stand behind a cut answer. */
static void test_glue(void **state)
{
	struct query_policy policy = {.zone = zone};
	(void)state;
	for (unsigned size = 512; size <= 1232; size++) {
		const char *got = ask_sized("_web._tcp.p1.few.default.svc.cluster.local SRV", size);
		assert_memory_equal(got, "NXDOMAIN", 8);
		got = ask_sized("_web._tcp.few.default.svc.cluster.local SRV", size);
		assert_true(!truncated(got) || count_of(got, " A 10.") == 0);
	}
	/* Beyond 16,383 octets no pointer reaches the target, so the rest has no glue. */
	const char *got = ask(&policy, NULL, "tcp _web._tcp.many.default.svc.cluster.local SRV");
	assert_true(truncated(got)); /* 3,000 SRV records are more than 65,535 octets */
	got = ask(&policy, NULL, "tcp _web._tcp.few.default.svc.cluster.local SRV");
	assert_false(truncated(got));
	assert_int_equal(count_of(got, " A 10."), FEW);
	assert_int_equal(count_of(got, " AAAA fd00"), FEW);
}

static void test_glue_out_of_reach(void **state)
{
	static char text[1 << 18];
	size_t len = (size_t)snprintf(text, sizeof text, "svc default/middle headless\n");
	struct query_policy policy = {.zone = zone};
	(void)state;
	add_pods(text, len, sizeof text, 600);
	assert_int_equal(world_apply(zone, text), OK);
	const char *got = ask(&policy, NULL, "tcp _web._tcp.middle.default.svc.cluster.local SRV");
	assert_false(truncated(got));
	assert_int_equal(count_of(got, " SRV "), 600);
	size_t glue = count_of(got, " A 10.");
	assert_in_range(glue, 16383 / 58 - 1, 16383 / 52);
}

#define HUGE_PODS 10000

/* More than a message can hold: whole records and TC, and each time others. */
static void test_huge(void **state)
{
	static char text[1 << 20];
	static bool seen[HUGE_PODS];
	struct query_policy policy = {.zone = zone, .rotate = true};
	struct query_state query_state = {0};
	size_t len = (size_t)snprintf(text, sizeof text, "svc default/huge headless\n");
	(void)state;
	add_pods(text, len, sizeof text, HUGE_PODS);
	assert_int_equal(world_apply(zone, text), OK);
	const size_t tcp_room = 65535 - 12 - 36 - 11, udp_room = 1232 - 12 - 36 - 11;
	for (int i = 0; i < 30; i++) {
		unsigned c, d;
		const char *got = ask(&policy, &query_state, "tcp huge.default.svc.cluster.local A edns=1232");
		assert_true(truncated(got));
		assert_int_equal(count_of(got, " A 10.1."), tcp_room / 16);
		for (const char *at = got; (at = strstr(at, " A 10.1.")); at++)
			if (sscanf(at, " A 10.1.%u.%u", &c, &d) == 2)
				seen[c * 256 + d] = true;
		got = ask(&policy, &query_state, "huge.default.svc.cluster.local A edns=1232");
		assert_true(truncated(got));
		assert_int_equal(count_of(got, " A 10.1."), udp_room / 16);
	}
	for (int i = 0; i < HUGE_PODS; i++)
		assert_true(seen[i]);
	const char *srv = ask(&policy, &query_state, "tcp _web._tcp.huge.default.svc.cluster.local SRV");
	assert_true(truncated(srv));
	assert_in_range(ask_len(), 65535 - 80, 65535);
	assert_int_equal(count_of(srv, " SRV 0 1 80 "), count_of(srv, " SRV "));
	assert_non_null(strstr(ask(&policy, NULL, "p9999.huge.default.svc.cluster.local A"), " A 10.1.39.15"));
}

#define LABEL_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_57 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* In a zone with the longest name a long hostname makes no name: it is left out, and the short ones stay. */
static void test_target_too_long(void **state)
{
	struct name origin, origins[ZONE_WITH_REVERSE];
	(void)state;
	name_from_text(&origin, LABEL_60 "." LABEL_57, 60 + 1 + 57);
	zone_with_reverse(origins, &origin);
	struct zone *z = zone_new(&(struct zone_options){.origins = origins, .origin_count = ZONE_WITH_REVERSE, .ttl_s = 30});
	struct query_policy policy = {.zone = z};
	assert_int_equal(world_apply(z, "ns " LABEL_60 "\nsvc " LABEL_60 "/" LABEL_60 " headless\n"
	                                "ep 10.0.0.1 host=" LABEL_57 " port=a:80/TCP\nep 10.0.0.2 host=b port=a:80/TCP\n"),
	                 OK);
	const char *got = ask(&policy, NULL, LABEL_60 "." LABEL_60 ".svc." LABEL_60 "." LABEL_57 " SRV edns=1232");
	assert_int_equal(count_of(got, " SRV "), 1);
	assert_int_equal(count_of(got, " 80 b."), 1);
	assert_int_equal(count_of(got, " A 10.0.0.2"), 1);
	assert_int_equal(count_of(got, " A "), 1);
	got = ask(&policy, NULL, "1.0.0.10.in-addr.arpa PTR");
	assert_int_equal(count_of(got, "PTR"), 0);
	rcu_free_all();
	zone_free(z);
}

/* --- not quite messages --- */

static const struct {
	const char *what;
	size_t len;
	const char *bytes, *want;
} raw[] = {
        {"nothing", 0, "", ""},
        {"a short header", 11, "\0\1\1\0\0\1\0\0\0\0\0", ""},
        {"a response", 17, "\0\1\x81\0\0\1\0\0\0\0\0\0\0\0\1\0\1", ""},
        {"no question", 12, "\xbe\xef\1\0\0\0\0\0\0\0\0\0", "FORMERR rd"},
        {"two questions", 22, "\xbe\xef\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", "FORMERR rd"},
        {"a question that is cut", 16, "\xbe\xef\1\0\0\1\0\0\0\0\0\0\0\0\1\0", "FORMERR rd"},
        {"octets behind", 18, "\xbe\xef\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1x", "FORMERR rd"},
        {"opcode UPDATE", 17, "\xbe\xef\x29\0\0\1\0\0\0\0\0\0\0\0\6\0\1", "NOTIMP rd"},
        {"the root is not ours", 17, "\xbe\xef\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", "REFUSED rd"},
};

static void test_raw(void **state)
{
	struct query_policy policy = {.zone = zone};
	struct query_state query_state = {0};
	static char text[REPLY_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
		uint8_t out[512];
		struct query q;
		const uint8_t *in = (const uint8_t *)raw[i].bytes;
		query_begin(&q, QUERY_UDP, in, raw[i].len);
		query_locate(&q, &policy);
		size_t len = query_answer(&q, &policy, &query_state, out, sizeof out);
		text[0] = '\0';
		if (len && !reply_text(in, raw[i].len, out, len, text))
			fail_msg("%s: %s", raw[i].what, text);
		if (strcmp(text, raw[i].want) != 0)
			fail_msg("%s: want \"%s\", got \"%s\"", raw[i].what, raw[i].want, text);
	}
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cut_answers),
	        cmocka_unit_test(test_cut_without_edns),
	        cmocka_unit_test(test_cut_as_coredns),
	        cmocka_unit_test(test_smallest),
	        cmocka_unit_test(test_tcp),
	        cmocka_unit_test(test_glue),
	        cmocka_unit_test(test_glue_out_of_reach),
	        cmocka_unit_test(test_huge),
	        cmocka_unit_test(test_raw),
	        cmocka_unit_test(test_target_too_long),
	};
	int failed = cmocka_run_group_tests(tests, setup, teardown);
	rcu_thread_end();
	return failed;
}
