/* What responses are to the cache. */
#include "../dns/packet.h"
#include "dns/response.h"
#include "dns/response_copy.h"
#include "forward/cache.h"
#include "message.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define NOW 0x60000000u /* as the signatures below have it */

#define Q_A           "www.a. 0001 0001 "
#define Q_CNAME       "www.a. 0005 0001 "
#define Q_ANY         "www.a. 00ff 0001 "
#define A_300         "c00c 0001 0001 0000012c 0004 0a000001 "
#define A_60          "c00c 0001 0001 0000003c 0004 0a000002 "
#define A_0           "c00c 0001 0001 00000000 0004 0a000001 "
#define A_NEVER       "c00c 0001 0001 80000000 0004 0a000001 "
#define A_DAY         "c00c 0001 0001 00015180 0004 0a000001 "
#define CNAME_B       "c00c 0005 0001 0000012c 0004 0162c010 "
#define B_A           "b.a. 0001 0001 00000078 0004 0a000001 "
#define SOA_7         "c010 0006 0001 00000007 0016 0000 00000001 00000e10 00000258 00015180 00000384 "
#define NS_40         "c010 0002 0001 00000028 0002 c00c "
#define OPT           "00 0029 04d0 00000000 0000 "
#define OPT_DO        "00 0029 04d0 00008000 0000 "
#define SIG(to, from) "c00c 002e 0001 0000012c 0015 0001 08 02 0000012c " to " " from " 0001 00 0102 "
#define SIG_GOOD      SIG("60000000", "60000000")
#define SIG_OVER      SIG("5fffffff", "50000000")
#define SIG_SOON      SIG("70000000", "60000001")

static const struct {
	const char *what;
	bool dnssec_ok;
	const char *response;
	const char *want; /* kind, "keep" or "-", TTL, "answering" or not, "useless" if it does not refresh */
} cases[] = {
        {"the smallest TTL", false, "1234 8180 0001 0002 0000 0000 " Q_A A_300 A_60, "success keep 60 answering"},
        {"authority counts", false, "1234 8180 0001 0001 0001 0000 " Q_A A_300 NS_40, "success keep 40 answering"},
        {"OPT does not", false, "1234 8180 0001 0001 0000 0001 " Q_A A_300 OPT, "success keep 300 answering"},
        {"0 is brought up", false, "1234 8180 0001 0001 0000 0000 " Q_A A_0, "success keep 5 answering"},
        {"2^31 is 0", false, "1234 8180 0001 0001 0000 0000 " Q_A A_NEVER, "success keep 5 answering"},
        {"a day is brought down", false, "1234 8180 0001 0001 0000 0000 " Q_A A_DAY, "success keep 3600 answering"},
        {"a chain", false, "1234 8180 0001 0002 0000 0000 " Q_A CNAME_B B_A, "success keep 120 answering"},
        {"a chain into nothing", false, "1234 8180 0001 0001 0000 0000 " Q_A CNAME_B, "success - 300"},
        {"a chain into nothing, said so", false, "1234 8180 0001 0001 0001 0000 " Q_A CNAME_B SOA_7, "denial keep 7"},
        {"CNAME asked for", false, "1234 8180 0001 0001 0000 0000 " Q_CNAME CNAME_B, "success keep 300 answering"},
        {"anything asked for", false, "1234 8180 0001 0001 0000 0000 " Q_ANY A_60, "success keep 60 answering"},
        {"nothing at all", false, "1234 8180 0001 0000 0000 0000 " Q_A, "success keep 5"},
        {"nothing but OPT", false, "1234 8180 0001 0000 0000 0001 " Q_A OPT, "success keep 5"},
        {"a delegation", false, "1234 8180 0001 0000 0001 0000 " Q_A NS_40, "success keep 5"},
        {"no data: the SOA's own TTL, not MINIMUM", false, "1234 8180 0001 0000 0001 0000 " Q_A SOA_7, "denial keep 7"},
        {"no name", false, "1234 8183 0001 0000 0001 0000 " Q_A SOA_7, "denial keep 7"},
        {"no name, no SOA", false, "1234 8183 0001 0000 0000 0000 " Q_A, "denial - 5"},
        {"no name behind an alias", false, "1234 8183 0001 0001 0001 0000 " Q_A CNAME_B SOA_7, "success - 5 useless"},
        {"SERVFAIL", false, "1234 8182 0001 0000 0000 0000 " Q_A, "failure keep 5 useless"},
        {"NOTIMP", false, "1234 8184 0001 0000 0000 0000 " Q_A, "failure keep 5 useless"},
        {"REFUSED", false, "1234 8185 0001 0000 0000 0000 " Q_A, "success - 5 useless"},
        {"FORMERR", false, "1234 8181 0001 0000 0000 0000 " Q_A, "success - 5 useless"},
        {"BADVERS is no NOERROR", false, "1234 8180 0001 0000 0000 0001 " Q_A "00 0029 04d0 01000000 0000", "success - 5 useless"},
        {"cut", false, "1234 8380 0001 0001 0000 0000 " Q_A A_300, "success - 300 answering useless"},
        {"cut failure", false, "1234 8382 0001 0000 0000 0000 " Q_A, "failure - 5 useless"},
        {"a zone", false, "1234 8180 0001 0001 0000 0000 www.a. 00fc 0001 " A_300, "success - 5 useless"},
        {"changes of one", false, "1234 8180 0001 0000 0000 0000 www.a. 00fb 0001 ", "success - 5 useless"},
        {"signed", true, "1234 8180 0001 0002 0000 0001 " Q_A A_300 SIG_GOOD OPT_DO, "success keep 300 answering"},
        {"a signature that is over", true, "1234 8180 0001 0002 0000 0001 " Q_A A_300 SIG_OVER OPT_DO, "success - 5 useless"},
        {"one that is not yet in force", true, "1234 8180 0001 0001 0001 0001 " Q_A A_300 SIG_SOON OPT_DO, "success - 5 useless"},
        {"nobody looks at it", false, "1234 8180 0001 0002 0000 0000 " Q_A A_300 SIG_OVER, "success keep 300 answering"},
};

struct judged {
	uint8_t *bytes;
	uint8_t copy_bytes[DNS_TCP_SIZE_MAX];
	uint16_t ttl_at[RESPONSE_RECORDS_MAX];
	struct response response;
	struct response_copy copy;
	struct cache_key key;
	struct cache_judgement judgement;
};

static void judge(struct judged *j, const char *what, const char *text, bool dnssec_ok, const struct cache_options *o)
{
	size_t len;
	j->bytes = packet_from_text(text, &len);
	if (response_parse(&j->response, j->bytes, len) != RESPONSE_OK)
		fail_msg("%s: not a response", what);
	j->copy = (struct response_copy){
	        .bytes = j->copy_bytes, .cap = sizeof j->copy_bytes, .ttl_at = j->ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	assert_int_equal(response_rewrite(&j->response, &j->copy), OK);
	j->key = (struct cache_key){
	        .name = j->response.qname.wire,
	        .name_len = j->response.qname.len,
	        .type = j->response.qtype,
	        .class = j->response.qclass,
	        .dnssec_ok = dnssec_ok,
	};
	cache_key_hash(&j->key);
	cache_judge(o, &j->key, &j->response, &j->copy, NOW, &j->judgement);
}

static void describe(const struct cache_judgement *j, char text[64])
{
	static const char *const kinds[CACHE_KINDS] = {"success", "denial", "failure"};
	snprintf(text, 64, "%s %s %u%s%s", kinds[j->kind], j->keep ? "keep" : "-", j->ttl_s, j->answering ? " answering" : "",
	         j->refreshes ? "" : " useless");
}

static void test_cases(void **state)
{
	static struct judged j;
	struct cache_options o;
	(void)state;
	cache_options_default(&o);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char got[64];
		judge(&j, cases[i].what, cases[i].response, cases[i].dnssec_ok, &o);
		describe(&j.judgement, got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].what, got, cases[i].want);
		free(j.bytes);
	}
}

/* Where floor and cap cross, the cap counts. */
static void test_bounds(void **state)
{
	static struct judged j;
	struct cache_options o;
	char got[64];
	(void)state;
	cache_options_default(&o);
	o.success = (struct cache_bounds){.ttl_max_s = 10, .ttl_min_s = 20};
	o.denial = (struct cache_bounds){.ttl_max_s = 86400, .ttl_min_s = 0};
	o.servfail_s = 0;
	static const struct {
		const char *response, *want;
	} bounds[] = {
	        {"1234 8180 0001 0001 0000 0000 " Q_A A_300, "success keep 10 answering"},
	        {"1234 8180 0001 0001 0000 0000 " Q_A A_0, "success keep 10 answering"},
	        {"1234 8183 0001 0000 0001 0000 " Q_A SOA_7, "denial keep 7"},
	        {"1234 8182 0001 0000 0000 0000 " Q_A, "failure keep 0 useless"},
	};
	for (size_t i = 0; i < COUNT(bounds); i++) {
		judge(&j, bounds[i].response, bounds[i].response, false, &o);
		describe(&j.judgement, got);
		assert_string_equal(got, bounds[i].want);
		free(j.bytes);
	}
}

static void test_prefer_positive(void **state)
{
	static struct judged j;
	struct cache_options o;
	(void)state;
	cache_options_default(&o);
	o.stale_prefer_positive = true;
	judge(&j, "answer", "1234 8180 0001 0001 0000 0000 " Q_A A_300, false, &o);
	assert_true(j.judgement.refreshes);
	free(j.bytes);
	judge(&j, "no name", "1234 8183 0001 0000 0001 0000 " Q_A SOA_7, false, &o);
	assert_true(j.judgement.keep && !j.judgement.refreshes);
	free(j.bytes);
	judge(&j, "nothing", "1234 8180 0001 0000 0000 0000 " Q_A, false, &o);
	assert_true(j.judgement.keep && !j.judgement.refreshes);
	free(j.bytes);
}

/* From the upstream's octets to a client's: without what is not the question's and with one TTL. */
static void test_from_upstream_to_client(void **state)
{
	static struct judged j;
	struct cache_options o;
	struct cache_change change;
	struct cache_hit hit;
	struct reply reply;
	struct asked a;
	uint8_t out[512];
	(void)state;
	cache_options_default(&o);
	struct cache *c = cache_new(&o);
	assert_non_null(c);
	judge(&j, "mixed", "1234 8580 0001 0004 0000 0001 wWw.a. 0001 0001 " A_300 "x.y. 0001 0001 00000001 0004 06060606 " A_60 A_300 OPT,
	      false, &o);
	name_lower(&j.response.qname);
	cache_key_hash(&j.key);
	reply_of_copy(&reply, &j.copy, j.response.rcode);
	cache_put(c, &j.key, &reply, &j.judgement, 100, &change);
	assert_true(change.kept);
	asked_begin(&a, "Www.A.", DNS_TYPE_A, DNS_RD, EDNS);
	cache_key_of(&j.key, &a.request);
	const struct cache_asked asked = {.request = &a.request, .now_s = 110, .rotation = 1, .out = out, .cap = sizeof out};
	assert_int_equal(cache_get(c, &j.key, &asked, &hit), CACHE_FRESH);
	packet_assert_equal("mixed", out, hit.len,
	                    "1234 8580 0001 0003 0000 0001 Www.A. 0001 0001 c00c 0001 0001 00000032 0004 0a000002 "
	                    "c00c 0001 0001 00000032 0004 0a000001 c00c 0001 0001 00000032 0004 0a000001 00 0029 04d0 00000000 0000");
	free(j.bytes);
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cases),
	        cmocka_unit_test(test_bounds),
	        cmocka_unit_test(test_prefer_positive),
	        cmocka_unit_test(test_from_upstream_to_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
