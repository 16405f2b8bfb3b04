/* What a policy changes: rotation, names outside, the search list; and the zone's own name server. */
#include "ask.h"
#include "base/hash.h"
#include "unit.h"
#include "world.h"
#include <stdio.h>
#include <string.h>

#define SOA "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"

static struct zone *world(const char *text)
{
	struct zone *z = world_zone();
	assert_non_null(z);
	assert_int_equal(world_apply(z, text), OK);
	return z;
}

static void end(struct zone *z)
{
	rcu_free_all();
	zone_free(z);
}

static const char search_world[] = "ns default\n"
                                   "svc default/nginx headless\n"
                                   "ep 10.244.1.7 host=web-0 port=web:80/TCP\n"
                                   "ep 10.244.1.8 host=web-1 notready\n"
                                   "svc default/db external=nginx.default.svc.cluster.local\n"
                                   "svc default/far external=example.com\n";

static const struct {
	const char *what, *ask, *want;
} searches[] = {
        {"a pod of the namespace", "Web-0.nginx A",
         "NOERROR aa rd: 30 CNAME Web-0.nginx.default.svc.Cluster.local., Web-0.nginx.default.svc.Cluster.local. 30 A 10.244.1.7"},
        {"the second suffix", "nginx.default A",
         "NOERROR aa rd: 30 CNAME nginx.default.svc.cluster.local., nginx.default.svc.cluster.local. 30 A 10.244.1.7"},
        {"NODATA", "nginx.default AAAA", "NOERROR aa rd: 30 CNAME nginx.default.svc.cluster.local.; " SOA},
        {"CNAME asked", "nginx.default CNAME", "NOERROR aa rd: 30 CNAME nginx.default.svc.cluster.local."},
        {"an empty non-terminal exists", "default A", "NOERROR aa rd: 30 CNAME default.svc.cluster.local.; " SOA},
        {"SRV", "_web._tcp.nginx.default SRV",
         "NOERROR aa rd: 30 CNAME _web._tcp.nginx.default.svc.cluster.local., _web._tcp.nginx.default.svc.cluster.local. 30 SRV 0 100 80 "
         "web-0.nginx.default.svc.cluster.local. + web-0.nginx.default.svc.cluster.local. 30 A 10.244.1.7"},
        {"on to an ExternalName", "db.default A",
         "NOERROR aa rd: 30 CNAME db.default.svc.cluster.local., db.default.svc.cluster.local. 30 CNAME nginx.default.svc.cluster.local., "
         "nginx.default.svc.cluster.local. 30 A 10.244.1.7"},
        {"on to another's name", "far.default A",
         "NOERROR aa rd: 30 CNAME far.default.svc.cluster.local., far.default.svc.cluster.local. 30 CNAME example.com."},
        {"not ready is not there", "web-1.nginx A", "REFUSED rd"},
        {"exists nowhere", "example.com A", "REFUSED rd"},
        {"the root", ". NS", "REFUSED rd"},
        {"a class that is not ours", "nginx.default A class=3", "REFUSED rd"},
        {"a name of ours is not searched", "web-0.nginx.cluster.local A", "NXDOMAIN aa rd; " SOA},
        {"too long below a suffix",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
         "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd A",
         "REFUSED rd"},
};

static void test_search(void **state)
{
	struct zone *z = world(search_world);
	struct name search[2];
	struct query_policy policy = {.zone = z, .search = search, .search_count = 2};
	unsigned wrong = 0;
	(void)state;
	name_from_text(&search[0], "default.svc.Cluster.local", 25);
	name_from_text(&search[1], "svc.cluster.local", 17);
	for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++)
		wrong += !ask_wants(&policy, searches[i].what, searches[i].ask, searches[i].want);
	assert_int_equal(wrong, 0);
	end(z);
}

static void test_outside(void **state)
{
	struct zone *z = world(search_world);
	struct query_policy policy = {.zone = z, .outside_nxdomain = true};
	(void)state;
	assert_true(ask_wants(&policy, "outside", "example.com A", "NXDOMAIN rd"));
	assert_true(ask_wants(&policy, "outside with EDNS", "example.com A do", "NXDOMAIN rd + edns-do"));
	assert_true(ask_wants(&policy, "another class", "example.com A class=3", "REFUSED rd"));
	assert_true(ask_wants(&policy, "transfer", "cluster.local AXFR", "REFUSED rd"));
	end(z);
}

/* Before the zone's data are there, nothing is said about its names; what it need not know is answered. */
static void test_not_known_yet(void **state)
{
	struct zone *z = world(search_world);
	atomic_bool known = false;
	struct query_policy policy = {.zone = z, .known = &known};
	(void)state;
	assert_true(ask_wants(&policy, "a name", "nothing.default.svc.cluster.local A", "SERVFAIL rd"));
	assert_true(ask_wants(&policy, "the apex", "cluster.local SOA", "SERVFAIL rd"));
	assert_true(ask_wants(&policy, "an address", "1.0.0.10.in-addr.arpa PTR", "SERVFAIL rd"));
	assert_true(ask_wants(&policy, "outside", "example.com A", "REFUSED rd"));
	known = true;
	assert_non_null(strstr(ask(&policy, NULL, "nothing.default.svc.cluster.local A"), "NXDOMAIN aa rd"));
	end(z);
}

/* Who sent EDNS is told why; with EDE off, nobody is. */
static void test_extended_errors(void **state)
{
	struct zone *z = world(search_world);
	atomic_bool known = false;
	struct query_policy policy = {.zone = z, .known = &known, .ede = true};
	(void)state;
	assert_true(ask_wants(&policy, "not known", "nothing.default.svc.cluster.local A edns=1232",
	                      "SERVFAIL rd + edns 14 \"the cluster has not been read yet\""));
	assert_true(ask_wants(&policy, "outside", "example.com A edns=1232",
	                      "REFUSED rd + edns 20 \"the name is in no zone that is served here\""));
	assert_true(ask_wants(&policy, "another class", "cluster.local A class=3 edns=1232",
	                      "REFUSED rd + edns 21 \"neither other classes than IN nor zone transfers are served here\""));
	assert_true(ask_wants(&policy, "no EDNS", "nothing.default.svc.cluster.local A", "SERVFAIL rd"));
	policy.ede = false;
	assert_true(ask_wants(&policy, "off", "nothing.default.svc.cluster.local A edns=1232", "SERVFAIL rd + edns"));
	end(z);
}

static const char reason_world[] = "ns default\nns other\n"
                                   "svc default/web ip=10.0.0.1 port=http:80/TCP\n"
                                   "ep 10.244.1.1 host=a port=http:80/TCP\n"
                                   "svc default/slow headless\nep 10.244.1.2 host=s-0 notready\nep 10.244.1.3 host=s-1 terminating\n"
                                   "svc default/going headless\nep 10.244.1.4 host=g-0 terminating\n"
                                   "svc default/nobody headless\n"
                                   "svc default/nowhere external=192.0.2.1\n";

static const struct {
	const char *ask;
	enum absence reason;
} reasons[] = {
        {"slow.default.svc.cluster.local A", ABSENCE_NOT_READY},
        {"s-0.slow.default.svc.cluster.local A", ABSENCE_NOT_READY},
        {"s-1.slow.default.svc.cluster.local A", ABSENCE_TERMINATING},
        {"going.default.svc.cluster.local SRV", ABSENCE_TERMINATING},
        {"nobody.default.svc.cluster.local A", ABSENCE_NO_ENDPOINTS},
        {"x.nobody.default.svc.cluster.local A", ABSENCE_NO_ENDPOINTS},
        {"nowhere.default.svc.cluster.local A", ABSENCE_NO_TARGET},
        {"none.svc.cluster.local A", ABSENCE_NO_NAMESPACE},
        {"web.none.svc.cluster.local A", ABSENCE_NO_NAMESPACE},
        {"x.web.none.svc.cluster.local A", ABSENCE_NO_NAMESPACE},
        {"web.other.svc.cluster.local A", ABSENCE_NO_SERVICE},
        {"b.web.default.svc.cluster.local A", ABSENCE_NO_ENDPOINT},
        {"_http._udp.web.default.svc.cluster.local SRV", ABSENCE_NO_PORT},
        {"_udp.web.default.svc.cluster.local SRV", ABSENCE_NO_PORT},
        {"x.y.web.default.svc.cluster.local A", ABSENCE_NO_NAME},
        {"_a._b._c.web.default.svc.cluster.local A", ABSENCE_NO_NAME},
        {"nothing.cluster.local A", ABSENCE_NO_NAME},
        {"9.0.0.10.in-addr.arpa PTR", ABSENCE_NO_ADDRESS},
        {"2.1.244.10.in-addr.arpa PTR", ABSENCE_NO_ADDRESS},
        {"x.10.in-addr.arpa PTR", ABSENCE_NO_NAME},
        {"web.default.svc.cluster.local AAAA", ABSENCE_NO_FAMILY},
        {"web.default.svc.cluster.local MX", ABSENCE_NO_TYPE},
        {"_http._tcp.web.default.svc.cluster.local A", ABSENCE_NO_TYPE},
        {"1.0.0.10.in-addr.arpa A", ABSENCE_NO_TYPE},
        {"default.svc.cluster.local A", ABSENCE_EMPTY},
        {"_tcp.web.default.svc.cluster.local SRV", ABSENCE_EMPTY},
        {"0.10.in-addr.arpa PTR", ABSENCE_EMPTY},
};

static uint64_t counted(const struct query_state *state, enum absence reason)
{
	uint64_t sum = 0;
	for (unsigned rcode = 0; rcode < QUERY_RCODES; rcode++)
		sum += state->counters.ended[reason][rcode];
	return sum;
}

/* Each "no" has one reason, which goes out as an extended error, is counted once, and says whether it will pass. */
static void test_reasons(void **state)
{
	struct zone *z = world(reason_world);
	struct query_policy policy = {.zone = z, .ede = true};
	unsigned wrong = 0;
	(void)state;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		struct query_state worker = {0};
		enum absence reason = reasons[i].reason;
		char question[128], want[128];
		snprintf(question, sizeof question, "%s edns=1232", reasons[i].ask);
		snprintf(want, sizeof want, " + edns 0 \"%s\"", absence_ede(reason)->text);
		const char *got = ask(&policy, &worker, question);
		const char *soa = absence_will_pass(reason) ? " 0 SOA " : " 5 SOA ";
		if (strstr(got, want) && strstr(got, soa) && counted(&worker, reason) == 1)
			continue;
		print_error("%s\n  want %s\n  got  %s\n", question, want, got);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	end(z);
}

/* A "yes" has none, and where nobody may be told, it is still counted. */
static void test_reasons_are_counted(void **state)
{
	struct zone *z = world(reason_world);
	struct query_policy policy = {.zone = z};
	struct query_state worker = {0};
	(void)state;
	ask(&policy, &worker, "web.default.svc.cluster.local A edns=1232");
	for (size_t i = 0; i < ABSENCES; i++)
		assert_int_equal(counted(&worker, (enum absence)i), i == ABSENCE_NONE);
	assert_null(strstr(ask(&policy, &worker, "web.other.svc.cluster.local A edns=1232"), "edns 0"));
	ask(&policy, &worker, "web.other.svc.cluster.local A");
	assert_int_equal(counted(&worker, ABSENCE_NO_SERVICE), 2);
	end(z);
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(absence_ede(ABSENCE_NONE)->text, "");
	for (int i = ABSENCE_NONE + 1; i < ABSENCES; i++)
		assert_in_range(absence_ede((enum absence)i)->text_len, 1, EDE_TEXT_MAX);
}

/* A chain is followed for ten links. */
static void test_long_chain(void **state)
{
	char text[4096] = "ns default\nsvc default/c11 ip=10.0.0.1\n";
	(void)state;
	for (int i = 0; i <= 10; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "svc default/c%d external=c%d.default.svc.cluster.local\n", i,
		         i + 1);
	struct zone *z = world(text);
	struct query_policy policy = {.zone = z};
	assert_non_null(strstr(ask(&policy, NULL, "c1.default.svc.cluster.local A edns=1232"), " A 10.0.0.1"));
	const char *got = ask(&policy, NULL, "c0.default.svc.cluster.local A edns=1232");
	assert_memory_equal(got, "NOERROR aa rd: ", 15);
	assert_null(strstr(got, " A "));
	assert_non_null(strstr(got, "CNAME c10.default"));
	assert_null(strstr(got, "CNAME c11.default"));
	end(z);
}

/* --- who is next in line --- */

static const char outcome_world[] = "ns default\nsvc default/web ip=10.0.0.1 port=http:80/TCP\n"
                                    "svc default/far external=Example.com\nsvc default/near external=far.default.svc.cluster.local\n"
                                    "svc default/lost external=none.default.svc.cluster.local\n";

static const struct {
	const char *ask;
	enum query_outcome without, with, reverse_only; /* fallthrough, and that for reverse zones alone */
	const char *target;
} outcomes[] = {
        {"web.default.svc.cluster.local A", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"web.default.svc.cluster.local MX", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"default.svc.cluster.local A", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"none.default.svc.cluster.local A", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_ANSWERED, "."},
        {"none.default.svc.cluster.local ANY", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_ANSWERED, "."},
        {"x.cluster.local A", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_ANSWERED, "."},
        {"lost.default.svc.cluster.local A", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"1.0.0.10.in-addr.arpa PTR", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"1.0.0.10.in-addr.arpa A", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_FALLTHROUGH, "."},
        {"2.0.0.10.in-addr.arpa PTR", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_FALLTHROUGH, "."},
        {"0.0.10.in-addr.arpa NS", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_FALLTHROUGH, "."},
        {"in-addr.arpa SOA", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"in-addr.arpa A", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"x.ip6.arpa PTR", QUERY_ANSWERED, QUERY_FALLTHROUGH, QUERY_ANSWERED, "."},
        {"example.com A", QUERY_OUTSIDE, QUERY_OUTSIDE, QUERY_OUTSIDE, "."},
        {"web.default.svc.cluster.local A class=3", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
        {"far.default.svc.cluster.local A", QUERY_CHASE, QUERY_CHASE, QUERY_CHASE, "Example.com."},
        {"near.default.svc.cluster.local AAAA", QUERY_CHASE, QUERY_CHASE, QUERY_CHASE, "Example.com."},
        {"far.default.svc.cluster.local CNAME", QUERY_ANSWERED, QUERY_ANSWERED, QUERY_ANSWERED, "."},
};

static void check_outcome(const struct query_policy *policy, const char *question, enum query_outcome want, const char *target)
{
	struct name got;
	char text[NAME_TEXT_MAX];
	ask(policy, NULL, question);
	enum query_outcome outcome = ask_outcome(&got);
	name_to_text(&got, text);
	if (outcome != want || strcmp(text, target) != 0)
		fail_msg("%s: outcome %d, target %s", question, outcome, text);
}

/* Whatever becomes of it, there is a whole answer, which is the same. */
static void test_outcomes(void **state)
{
	struct zone *z = world(outcome_world);
	struct name reverse;
	struct query_policy without = {.zone = z}, with = {.zone = z, .fallthrough = true}, only = with;
	(void)state;
	name_from_text(&reverse, "In-addr.arpa", 12);
	only.fallthrough_zones = &reverse;
	only.fallthrough_count = 1;
	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
		char want[4096];
		check_outcome(&without, outcomes[i].ask, outcomes[i].without, outcomes[i].target);
		snprintf(want, sizeof want, "%s", ask(&without, NULL, outcomes[i].ask));
		check_outcome(&with, outcomes[i].ask, outcomes[i].with, outcomes[i].target);
		check_outcome(&only, outcomes[i].ask, outcomes[i].reverse_only, outcomes[i].target);
		assert_string_equal(ask(&with, NULL, outcomes[i].ask), want);
	}
	end(z);
}

/* --- names that are about to exist --- */

static const char awaited_world[] =
        "ns default\n"
        "svc default/web headless\n"
        "ep 10.1.0.1 host=web-0 notready port=http:80/TCP\nep 10.1.0.2 host=web-1 terminating port=http:80/TCP\n"
        "svc default/going headless\nep 10.1.0.3 host=g-0 terminating\n"
        "svc default/none headless\n"
        "svc default/half headless\nep 10.1.0.4 host=h-0\nep 10.1.0.5 host=h-1 notready\n"
        "svc default/ip ip=10.0.0.1 port=http:80/TCP\nep 10.1.0.6 notready\n"
        "svc default/alias external=web-0.web.default.svc.cluster.local\n"
        "svc default/lost external=web-9.web.default.svc.cluster.local\n"
        "with ignore_empty_service\n"
        "svc default/hidden ip=10.0.0.2\nep 10.1.0.7 notready\n"
        "svc default/empty ip=10.0.0.3\n"
        "with noendpoints\n"
        "svc default/off headless\nep 10.1.0.8 host=o-0 notready\n";

#define HERE ".default.svc.cluster.local"

static const struct {
	const char *ask, *awaited; /* NULL: nobody waits */
} awaited[] = {
        {"web-0.web" HERE " A", "web-0.web" HERE "."},
        {"WEB-0.web" HERE " AAAA", "WEB-0.web" HERE "."},
        {"web-0.web" HERE " MX", "web-0.web" HERE "."},
        {"web" HERE " A", "web" HERE "."},
        {"_http._tcp.web" HERE " SRV", "_http._tcp.web" HERE "."},
        {"_tcp.web" HERE " A", "_tcp.web" HERE "."},
        {"web-1.web" HERE " A", NULL},
        {"web-9.web" HERE " A", NULL},
        {"x.web-0.web" HERE " A", NULL},
        {"going" HERE " A", "going" HERE "."},
        {"g-0.going" HERE " A", NULL},
        {"none" HERE " A", "none" HERE "."},
        {"_http._tcp.none" HERE " SRV", "_http._tcp.none" HERE "."},
        {"x.none" HERE " A", NULL},
        {"half" HERE " A", NULL},
        {"half" HERE " AAAA", NULL},
        {"h-0.half" HERE " AAAA", NULL},
        {"h-1.half" HERE " A", "h-1.half" HERE "."},
        {"_http._tcp.half" HERE " SRV", NULL},
        {"ip" HERE " AAAA", NULL},
        {"10-1-0-6.ip" HERE " A", "10-1-0-6.ip" HERE "."},
        {"hidden" HERE " A", "hidden" HERE "."},
        {"empty" HERE " A", NULL},
        {"off" HERE " A", NULL},
        {"o-0.off" HERE " A", NULL},
        {"never" HERE " A", NULL},
        {"web-0.web.default.svc.cluster.local.default.svc.cluster.local A", NULL},
        {"web-0.web.never.svc.cluster.local A", NULL},
        {"default.svc.cluster.local A", NULL},
        {"1.0.1.10.in-addr.arpa PTR", NULL},
        {"alias" HERE " A", "web-0.web" HERE "."},
        {"alias" HERE " CNAME", NULL},
        {"lost" HERE " A", NULL},
        {"web-0.web" HERE " A class=3", NULL},
};

/* The answer is there all the same, and says what it says to those who don't wait; where the name falls through, it does so after the wait. */
static void test_awaited(void **state)
{
	struct zone *z = world(awaited_world);
	struct query_policy without = {.zone = z, .ede = true}, with = {.zone = z, .ede = true, .hold_ms = 1000};
	(void)state;
	for (size_t i = 0; i < sizeof awaited / sizeof awaited[0]; i++) {
		char want[4096], text[NAME_TEXT_MAX];
		struct name got;
		snprintf(want, sizeof want, "%s", ask(&without, NULL, awaited[i].ask));
		assert_int_not_equal(ask_outcome(&got), QUERY_AWAITED);
		assert_string_equal(ask(&with, NULL, awaited[i].ask), want);
		with.fallthrough = true;
		ask(&with, NULL, awaited[i].ask);
		with.fallthrough = false;
		if (!awaited[i].awaited && ask_outcome(&got) == QUERY_AWAITED)
			fail_msg("%s: somebody waits", awaited[i].ask);
		if (!awaited[i].awaited)
			continue;
		if (ask_outcome(&got) != QUERY_AWAITED)
			fail_msg("%s: nobody waits", awaited[i].ask);
		name_to_text(&got, text);
		assert_string_equal(text, awaited[i].awaited);
	}
	assert_int_equal(world_apply(z, "nons default"), OK);
	ask(&with, NULL, "web" HERE " A");
	struct name nothing;
	assert_int_equal(ask_outcome(&nothing), QUERY_ANSWERED);
	end(z);
}

/* CoreDNS leaves out a chain that leads to nothing. */
static void test_awaited_as_coredns(void **state)
{
	struct zone *z = world_zone_as_coredns(ZONE_PODS_DISABLED);
	struct query_policy with = {.zone = z, .hold_ms = 1000};
	struct name got;
	(void)state;
	assert_int_equal(world_apply(z, "ns default\nwith compat_coredns\nsvc default/web headless\nep 10.1.0.1 host=web-0 notready\n"
	                                "svc default/alias external=web-0.web.default.svc.cluster.local\n"),
	                 OK);
	ask(&with, NULL, "web-0.web" HERE " A");
	assert_int_equal(ask_outcome(&got), QUERY_AWAITED);
	ask(&with, NULL, "alias" HERE " A");
	assert_int_equal(ask_outcome(&got), QUERY_ANSWERED);
	end(z);
}

/* A zone of one address, as a range of few addresses is made of: the address is its apex, which has the PTR too. What it has not is somebody
 * else's, as everywhere in reverse zones; in CoreDNS that is the PTR alone. */
static void test_zones_of_one_address(void **state)
{
	static const char v6[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
	static const char world_text[] = "ns default\nsvc default/web ip=10.0.0.1 ip=fd00::1 port=http:80/TCP\n"
	                                 "svc default/db headless\nep 10.0.0.3 host=db-0\nsvc default/other headless\nep 10.0.0.3 host=o\n";
	static const char soa[] = "NOERROR aa rd: 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30";
	static const struct {
		const char *ask, *want;
		enum query_outcome ours, coredns; /* with fallthrough */
	} cases[] = {
	        {"1.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web.default.svc.cluster.local.", QUERY_ANSWERED, QUERY_ANSWERED},
	        {"3.0.0.10.in-addr.arpa PTR",
	         "NOERROR aa rd: 30 PTR db-0.db.default.svc.cluster.local., 30 PTR o.other.default.svc.cluster.local.", QUERY_ANSWERED,
	         QUERY_ANSWERED},
	        {"1.0.0.10.in-addr.arpa SOA", soa, QUERY_ANSWERED, QUERY_ANSWERED},
	        {"2.0.0.10.in-addr.arpa SOA", soa, QUERY_ANSWERED, QUERY_ANSWERED},
	        {"2.0.0.10.in-addr.arpa NS", "NOERROR aa rd: 30 NS ns.dns.cluster.local.", QUERY_ANSWERED, QUERY_ANSWERED},
	        {"2.0.0.10.in-addr.arpa PTR", NULL, QUERY_FALLTHROUGH, QUERY_FALLTHROUGH},
	        {"1.0.0.10.in-addr.arpa A", NULL, QUERY_FALLTHROUGH, QUERY_ANSWERED},
	        {"2.0.0.10.in-addr.arpa A", NULL, QUERY_FALLTHROUGH, QUERY_ANSWERED},
	        {"x.1.0.0.10.in-addr.arpa PTR", NULL, QUERY_FALLTHROUGH, QUERY_FALLTHROUGH},
	};
	char names[512], question[128];
	(void)state;
	snprintf(names, sizeof names, "cluster.local 1.0.0.10.in-addr.arpa 2.0.0.10.in-addr.arpa 3.0.0.10.in-addr.arpa %s", v6);
	struct zone *z = world_zones(names), *compat = world_zones_as_coredns(names);
	struct query_policy ours = {.zone = z, .fallthrough = true}, coredns = {.zone = compat, .fallthrough = true};
	assert_int_equal(world_apply(z, world_text), OK);
	assert_int_equal(world_apply(compat, world_text), OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i].want)
			assert_true(ask_wants(&ours, cases[i].ask, cases[i].ask, cases[i].want));
		check_outcome(&ours, cases[i].ask, cases[i].ours, ".");
		check_outcome(&coredns, cases[i].ask, cases[i].coredns, ".");
	}
	snprintf(question, sizeof question, "%s PTR", v6);
	assert_true(ask_wants(&ours, "IPv6", question, "NOERROR aa rd: 30 PTR web.default.svc.cluster.local."));
	assert_non_null(strstr(ask(&ours, NULL, "2.0.0.10.in-addr.arpa PTR"), "NOERROR aa rd; 2.0.0.10.in-addr.arpa. 5 SOA"));
	assert_non_null(strstr(ask(&coredns, NULL, "2.0.0.10.in-addr.arpa PTR"), "NXDOMAIN aa rd; 2.0.0.10.in-addr.arpa. 30 SOA"));
	zone_free(compat);
	end(z);
}

/* --- several zones --- */

#define SOA_OF(zone, server) zone " 5 SOA ns.dns." server " hostmaster." server " 7200 1800 86400 30"

static const char zones_world[] = "ns default\n"
                                  "svc default/web ip=10.0.0.1 port=http:80/TCP\n"
                                  "svc default/db headless\nep 10.244.1.1 host=db-0 port=sql:5432/TCP\n"
                                  "svc default/alias external=web.default.svc.other.test\n"
                                  "svc default/away external=web.default.svc.cluster.local\n"
                                  "svc default/rev external=1.0.0.10.in-addr.arpa\n";

static const struct {
	const char *what, *ask, *want;
} zones[] = {
        {"the first", "web.default.svc.Cluster.Local A", "NOERROR aa rd: 30 A 10.0.0.1"},
        {"the second has the same names", "web.default.svc.other.test A", "NOERROR aa rd: 30 A 10.0.0.1"},
        {"made-up names end in the zone that was asked, as it was spelt", "_sql._tcp.db.default.svc.Other.test SRV",
         "NOERROR aa rd: 30 SRV 0 100 5432 db-0.db.default.svc.Other.test. + db-0.db.default.svc.Other.test. 30 A 10.244.1.1"},
        {"each its apex", "other.test SOA", "NOERROR aa rd: 30 SOA ns.dns.other.test. hostmaster.other.test. 7200 1800 86400 30"},
        {"each its SOA", "nothing.other.test A", "NXDOMAIN aa rd; " SOA_OF("other.test.", "other.test.")},
        {"each its NS", "other.test NS", "NOERROR aa rd: 30 NS ns.dns.other.test."},
        {"its own names", "dns-version.other.test TXT", "NOERROR aa rd: 28800 TXT \"1.1.0\""},
        {"the longest", "web.default.svc.in.other.test A", "NOERROR aa rd: 30 A 10.0.0.1"},
        {"the longest has the SOA", "x.in.other.test A", "NXDOMAIN aa rd; " SOA_OF("in.other.test.", "in.other.test.")},
        {"a chain from zone to zone", "alias.default.svc.cluster.local A",
         "NOERROR aa rd: 30 CNAME web.default.svc.other.test., web.default.svc.other.test. 30 A 10.0.0.1"},
        {"of no zone", "web.default.svc.test A", "REFUSED rd"},
        {"PTR leads into the first forward zone", "1.0.0.10.in-addr.arpa PTR", "NOERROR aa rd: 30 PTR web.default.svc.cluster.local."},
        {"its reverse zone's apex", "0.0.10.in-addr.arpa SOA",
         "NOERROR aa rd: 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 7200 1800 86400 30"},
        {"its SOA", "2.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA_OF("0.0.10.in-addr.arpa.", "cluster.local.")},
        {"above the reverse zone", "0.10.in-addr.arpa PTR", "REFUSED rd"},
        {"beside the reverse zone", "1.1.244.10.in-addr.arpa PTR", "REFUSED rd"},
        {"below an address", "x.1.0.0.10.in-addr.arpa PTR", "NXDOMAIN aa rd; " SOA_OF("0.0.10.in-addr.arpa.", "cluster.local.")},
        {"IPv6 without a zone", "8.b.d.0.1.0.0.2.ip6.arpa PTR", "REFUSED rd"},
        {"into a reverse zone", "rev.default.svc.other.test PTR",
         "NOERROR aa rd: 30 CNAME 1.0.0.10.in-addr.arpa., 1.0.0.10.in-addr.arpa. 30 PTR web.default.svc.cluster.local."},
};

static void test_zones(void **state)
{
	struct zone *z = world_zones("0.0.10.in-addr.arpa cluster.local other.test in.other.test");
	struct query_policy policy = {.zone = z};
	unsigned wrong = 0;
	(void)state;
	assert_non_null(z);
	assert_int_equal(world_apply(z, zones_world), OK);
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
		wrong += !ask_wants(&policy, zones[i].what, zones[i].ask, zones[i].want);
	assert_int_equal(wrong, 0);
	end(z);
}

/* The root as a zone: nothing is outside of it. */
static void test_root_zone(void **state)
{
	struct zone *z = world_zones(".");
	struct query_policy policy = {.zone = z};
	(void)state;
	assert_non_null(z);
	assert_int_equal(world_apply(z, zones_world), OK);
	assert_true(ask_wants(&policy, "A", "web.default.svc A", "NOERROR aa rd: 30 A 10.0.0.1"));
	assert_true(ask_wants(&policy, "SRV", "_sql._tcp.db.default.svc SRV",
	                      "NOERROR aa rd: 30 SRV 0 100 5432 db-0.db.default.svc. + db-0.db.default.svc. 30 A 10.244.1.1"));
	assert_true(ask_wants(&policy, "a name", "example.com A", "NXDOMAIN aa rd; " SOA_OF(".", "")));
	end(z);
}

/* --- the name server --- */

static const struct {
	const char *what, *change, *ns, *address;
} servers[] = {
        {"no addresses", "self", "NOERROR aa rd: 30 NS ns.dns.cluster.local.", "NOERROR aa rd; " SOA},
        {"addresses of nobody", "self 192.0.2.1 2001:db8::1",
         "NOERROR aa rd: 30 NS ns.dns.cluster.local. + ns.dns.cluster.local. 30 A 192.0.2.1, ns.dns.cluster.local. 30 AAAA 2001:db8::1",
         "NOERROR aa rd: 30 A 192.0.2.1"},
        {"a ClusterIP", "ns kube-system\nsvc kube-system/kube-dns ip=10.0.0.10 ip=fd00::a port=dns:53/UDP\nself 10.0.0.10",
         "NOERROR aa rd: 30 NS kube-dns.kube-system.svc.cluster.local. + kube-dns.kube-system.svc.cluster.local. 30 A 10.0.0.10, "
         "kube-dns.kube-system.svc.cluster.local. 30 AAAA fd00::a",
         "NOERROR aa rd: 30 A 10.0.0.10"},
        {"an endpoint of two Services: the one with a ClusterIP",
         "svc kube-system/a-headless headless\nep 10.244.0.2 port=dns:53/UDP\n"
         "svc kube-system/kube-dns ip=10.0.0.10 port=dns:53/UDP\nep 10.244.0.2 port=dns:53/UDP\nself 10.244.0.2 192.0.2.1",
         "NOERROR aa rd: 30 NS kube-dns.kube-system.svc.cluster.local. + kube-dns.kube-system.svc.cluster.local. 30 A 10.0.0.10",
         "NOERROR aa rd: 30 A 10.0.0.10"},
        {"it is gone: the headless one", "gone kube-system/kube-dns",
         "NOERROR aa rd: 30 NS a-headless.kube-system.svc.cluster.local. + a-headless.kube-system.svc.cluster.local. 30 A 10.244.0.2",
         "NOERROR aa rd: 30 A 10.244.0.2"},
        {"of two alike the first by name", "svc kube-system/0-headless headless\nep 10.244.0.2\nep 10.244.0.3",
         "NOERROR aa rd: 30 NS 0-headless.kube-system.svc.cluster.local. + 0-headless.kube-system.svc.cluster.local. 30 A 10.244.0.2, "
         "0-headless.kube-system.svc.cluster.local. 30 A 10.244.0.3",
         "NOERROR aa rd: 30 A 10.244.0.2, 30 A 10.244.0.3"},
        {"their namespace is gone", "nons kube-system",
         "NOERROR aa rd: 30 NS ns.dns.cluster.local. + ns.dns.cluster.local. 30 A 10.244.0.2, ns.dns.cluster.local. 30 A 192.0.2.1",
         "NOERROR aa rd: 30 A 10.244.0.2, 30 A 192.0.2.1"},
};

static void test_name_server(void **state)
{
	struct zone *z = world("");
	struct query_policy policy = {.zone = z};
	unsigned wrong = 0;
	(void)state;
	for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
		assert_int_equal(world_apply(z, servers[i].change), OK);
		wrong += !ask_wants(&policy, servers[i].what, "cluster.local NS", servers[i].ns);
		wrong += !ask_wants(&policy, servers[i].what, "ns.dns.cluster.local A", servers[i].address);
		wrong += !ask_wants(&policy, servers[i].what, "ns.dns.cluster.local SRV", "NOERROR aa rd; " SOA);
	}
	assert_int_equal(wrong, 0);
	end(z);
}

/* --- rotation --- */

#define PODS 7

static struct zone *pods(void)
{
	char text[2048] = "ns default\nsvc default/nginx headless\n";
	for (int i = 0; i < PODS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		         "ep 10.244.1.%d,fd00::%d host=web-%d port=web:80/TCP port=dns:53/UDP\n", i, i + 1, i);
	return world(text);
}

/* The number after the n-th occurrence of what. */
static int number_after(const char *text, const char *what, int n)
{
	for (; n >= 0; n--) {
		text = strstr(text, what);
		if (!text)
			return -1;
		text += strlen(what);
	}
	int value = 0;
	sscanf(text, "%d", &value);
	return value;
}

/* Whatever the start, the set goes round from there; and in many questions each start comes about as often as any other, also where the client
 * asks A and AAAA by turns. */
static void check_rotation(const char *question, const char *marker, int first)
{
	struct zone *z = pods();
	struct query_policy policy = {.zone = z, .rotate = true};
	struct query_state state = {0};
	int starts[PODS] = {0};
	for (int i = 0; i < 100 * PODS; i++) {
		const char *got = ask(&policy, &state, question);
		int start = number_after(got, marker, 0) - first;
		assert_in_range(start, 0, PODS - 1);
		starts[start]++;
		for (int n = 0; n < PODS; n++)
			assert_int_equal(number_after(got, marker, n) - first, (start + n) % PODS);
		assert_int_equal(number_after(got, marker, PODS), -1);
		ask(&policy, &state, "nginx.default.svc.cluster.local AAAA");
	}
	for (int i = 0; i < PODS; i++)
		assert_in_range(starts[i], 50, 150);
	end(z);
}

static void test_rotation(void **state)
{
	(void)state;
	check_rotation("nginx.default.svc.cluster.local A", "A 10.244.1.", 0);
	check_rotation("nginx.default.svc.cluster.local AAAA", "AAAA fd00::", 1);
	check_rotation("_web._tcp.nginx.default.svc.cluster.local SRV edns=1232", "SRV 0 7 80 web-", 0);
}

/* A bare SRV set may begin between two ports of one target: its addresses come once nevertheless (reply_text finds an RRset that comes twice). */
static void test_rotation_within_a_target(void **state)
{
	struct zone *z = pods();
	struct query_policy policy = {.zone = z, .rotate = true};
	struct query_state query_state = {0};
	bool split = false;
	(void)state;
	for (int i = 0; i < 50; i++) {
		const char *got = ask(&policy, &query_state, "tcp nginx.default.svc.cluster.local SRV");
		split |= number_after(got, "SRV 0 3 ", 0) == 53;
		assert_int_not_equal(number_after(got, "A 10.244.1.", PODS - 1), -1);
		assert_int_not_equal(number_after(got, "AAAA fd00::", PODS - 1), -1);
	}
	assert_true(split);
	end(z);
}

static void test_without_rotation(void **state)
{
	struct zone *z = pods();
	struct query_policy policy = {.zone = z};
	struct query_state query_state = {.rotor = 12345};
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(number_after(ask(&policy, &query_state, "nginx.default.svc.cluster.local A"), "A 10.244.1.", 0), 0);
	end(z);
}

/* --- a bound --- */

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* So many and no more, others each time, without TC; what goes along with SRV is of those that are there. */
static void test_max_answers(void **state)
{
	struct zone *z = pods();
	struct query_policy policy = {.zone = z, .rotate = true, .max_answers = 3};
	struct query_state query_state = {0};
	bool seen[PODS] = {0};
	(void)state;
	assert_int_equal(world_apply(z,
	                             "svc default/second headless\nep 10.244.1.0 host=a\nsvc default/third headless\nep 10.244.1.0 host=a\n"
	                             "svc default/fourth headless\nep 10.244.1.0 host=a\n"),
	                 OK);
	for (int i = 0; i < 100; i++) {
		const char *got = ask(&policy, &query_state, "nginx.default.svc.cluster.local A");
		assert_memory_equal(got, "NOERROR aa rd:", 14);
		assert_int_equal(count_of(got, " A 10."), 3);
		seen[number_after(got, "A 10.244.1.", 0)] = true;
		got = ask(&policy, &query_state, "tcp _web._tcp.nginx.default.svc.cluster.local SRV");
		assert_memory_equal(got, "NOERROR aa rd:", 14);
		assert_int_equal(count_of(got, " SRV "), 3);
		assert_int_equal(count_of(got, " A 10."), 3);
		assert_int_equal(count_of(got, " AAAA fd00"), 3);
	}
	for (int i = 0; i < PODS; i++)
		assert_true(seen[i]);
	assert_int_equal(count_of(ask(&policy, NULL, "0.1.244.10.in-addr.arpa PTR"), " PTR "), 3);
	assert_int_equal(count_of(ask(&policy, NULL, "web-1.nginx.default.svc.cluster.local A"), " A "), 1);
	policy.max_answers = PODS;
	assert_int_equal(count_of(ask(&policy, NULL, "nginx.default.svc.cluster.local A"), " A 10."), PODS);
	end(z);
}

int main(void)
{
	hash_seed_init();
	rcu_thread_begin();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_search),
	        cmocka_unit_test(test_outside),
	        cmocka_unit_test(test_not_known_yet),
	        cmocka_unit_test(test_extended_errors),
	        cmocka_unit_test(test_reasons),
	        cmocka_unit_test(test_reasons_are_counted),
	        cmocka_unit_test(test_texts),
	        cmocka_unit_test(test_long_chain),
	        cmocka_unit_test(test_outcomes),
	        cmocka_unit_test(test_awaited),
	        cmocka_unit_test(test_awaited_as_coredns),
	        cmocka_unit_test(test_zones_of_one_address),
	        cmocka_unit_test(test_zones),
	        cmocka_unit_test(test_root_zone),
	        cmocka_unit_test(test_name_server),
	        cmocka_unit_test(test_rotation),
	        cmocka_unit_test(test_rotation_within_a_target),
	        cmocka_unit_test(test_without_rotation),
	        cmocka_unit_test(test_max_answers),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_end();
	return failed;
}
