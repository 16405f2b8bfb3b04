/* What the cache keeps and gives, second by second. */
#include "../dns/packet.h"
#include "fail_alloc.h"
#include "forward/cache.h"
#include "message.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct message message; /* too large for the stack */
static uint8_t out[65535];

static struct cache *new_cache(const struct cache_options *o)
{
	struct cache *c = cache_new(o);
	assert_non_null(c);
	return c;
}

static struct cache *default_cache(void)
{
	struct cache_options o;
	cache_options_default(&o);
	return new_cache(&o);
}

/* --- scripts --- */

/* A script is words: "@N" sets the clock; "success:TTL", "bare:TTL" (a success that does not answer), "denial:TTL", "servfail", "refused" and
 * "fleeting" (a denial without SOA) are put; "silence": no upstream had an answer. Others are what a look-up must give: "miss", "verify", or
 * "fresh:KIND:TTL", "stale:KIND:TTL" with KIND s, d or f, and a "+" behind it where the upstream is to be asked anew. "last=" before it: as
 * the last resort. "?" is a look-up whose outcome does not matter. */
struct player {
	struct cache *cache;
	struct asked asked;
	struct cache_key key;
	uint32_t now_s;
};

static void put(struct player *p, enum cache_kind kind, unsigned flags, const struct cache_judgement *j)
{
	struct cache_change change;
	message_begin(&message, "www.example.", DNS_TYPE_A, DNS_QR | flags);
	if (kind == CACHE_SUCCESS)
		message_add_addresses(&message, 1, 900);
	else if (kind == CACHE_DENIAL)
		message_add(&message, 1, DNS_TYPE_SOA, 900, "0123456789012345678901", 22);
	cache_put(p->cache, &p->key, &message.reply, j, p->now_s, &change);
}

static bool play_put(struct player *p, const char *word)
{
	unsigned ttl_s = 0;
	struct cache_change change;
	struct cache_judgement j = {.keep = true};
	if (sscanf(word, "success:%u", &ttl_s) == 1) {
		j = (struct cache_judgement){.kind = CACHE_SUCCESS, .keep = true, .answering = true, .ttl_s = ttl_s};
		put(p, CACHE_SUCCESS, 0, &j);
	} else if (sscanf(word, "bare:%u", &ttl_s) == 1) {
		j = (struct cache_judgement){.kind = CACHE_SUCCESS, .keep = true, .ttl_s = ttl_s};
		put(p, CACHE_SUCCESS, 0, &j);
	} else if (sscanf(word, "denial:%u", &ttl_s) == 1) {
		j = (struct cache_judgement){.kind = CACHE_DENIAL, .keep = true, .ttl_s = ttl_s};
		put(p, CACHE_DENIAL, DNS_NXDOMAIN, &j);
	} else if (strcmp(word, "servfail") == 0) {
		j = (struct cache_judgement){.kind = CACHE_FAILURE, .keep = true, .ttl_s = 5};
		put(p, CACHE_FAILURE, DNS_SERVFAIL, &j);
	} else if (strcmp(word, "refused") == 0) {
		j = (struct cache_judgement){.kind = CACHE_SUCCESS, .ttl_s = 5};
		put(p, CACHE_FAILURE, DNS_REFUSED, &j);
	} else if (strcmp(word, "fleeting") == 0) {
		j = (struct cache_judgement){.kind = CACHE_DENIAL, .refreshes = true, .ttl_s = 5};
		put(p, CACHE_DENIAL, DNS_NXDOMAIN, &j);
	} else if (strcmp(word, "silence") == 0) {
		cache_fail(p->cache, &p->key, p->now_s, &change);
	} else {
		return false;
	}
	return true;
}

/* TTL of the only record, which stands behind header, question, owner, type and class. */
static unsigned shown_ttl(size_t len)
{
	size_t at = DNS_HEADER_LEN + sizeof "3www7example" + 4 + 6;
	if (len < at + 4)
		return 0;
	return (unsigned)out[at] << 24 | (unsigned)out[at + 1] << 16 | (unsigned)out[at + 2] << 8 | out[at + 3];
}

static void describe(char text[32], enum cache_result result, const struct cache_hit *hit)
{
	static const char kinds[CACHE_KINDS] = {'s', 'd', 'f'};
	static const unsigned rcodes[CACHE_KINDS] = {DNS_NOERROR, DNS_NXDOMAIN, DNS_SERVFAIL};
	if (result == CACHE_MISS || result == CACHE_VERIFY) {
		strcpy(text, result == CACHE_MISS ? "miss" : "verify");
		return;
	}
	assert_int_equal(out[3] & 15, rcodes[hit->kind]);
	snprintf(text, 32, "%s:%c:%u%s", result == CACHE_FRESH ? "fresh" : "stale", kinds[hit->kind], shown_ttl(hit->len),
	         hit->refresh ? "+" : "");
}

static void play_get(struct player *p, const char *what, const char *word)
{
	struct cache_hit hit;
	char got[32];
	bool last = strncmp(word, "last=", 5) == 0;
	const char *want = last ? word + 5 : word;
	const struct cache_asked asked = {.request = &p->asked.request, .now_s = p->now_s, .out = out, .cap = 512};
	enum cache_result result =
	        last ? cache_get_last_resort(p->cache, &p->key, &asked, &hit) : cache_get(p->cache, &p->key, &asked, &hit);
	describe(got, result, &hit);
	if (strcmp(want, "?") != 0 && strcmp(got, want) != 0)
		fail_msg("%s: at %u %s, not %s", what, p->now_s, got, want);
}

static void play(struct cache *c, const char *what, const char *script)
{
	struct player p = {.cache = c};
	char copy[512], *rest = copy, *word;
	assert_true(strlen(script) < sizeof copy);
	strcpy(copy, script);
	asked_begin(&p.asked, "www.example.", DNS_TYPE_A, DNS_RD, NO_EDNS);
	cache_key_of(&p.key, &p.asked.request);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (word[0] == '@')
			p.now_s = (uint32_t)strtoul(word + 1, NULL, 10);
		else if (!play_put(&p, word))
			play_get(&p, what, word);
	}
}

static void no_change(struct cache_options *o)
{
	(void)o;
}

static void stale(struct cache_options *o)
{
	o->stale_s = 3600;
}

static void stale_with_ttl(struct cache_options *o)
{
	o->stale_s = 3600;
	o->stale_ttl_s = 30;
	o->stale_recheck_s = 20;
}

static void verify(struct cache_options *o)
{
	o->stale_s = 3600;
	o->stale_verify = true;
}

static void prefer_positive(struct cache_options *o)
{
	o->stale_s = 3600;
	o->stale_prefer_positive = true;
}

static void prefer_positive_unstale(struct cache_options *o)
{
	o->stale_prefer_positive = true;
}

static void prefetch(struct cache_options *o)
{
	o->prefetch_amount = 3;
}

static void keep_ttl(struct cache_options *o)
{
	o->keep_ttl = true;
}

static void keep_ttl_stale(struct cache_options *o)
{
	o->keep_ttl = true;
	o->stale_s = 100;
}

static void no_servfail(struct cache_options *o)
{
	o->servfail_s = 0;
}

static const struct {
	const char *what;
	void (*options)(struct cache_options *o);
	const char *script;
} scripts[] = {
        {"nothing there", no_change, "@1 miss last=miss"},
        {"TTL counts down, ends at 0", no_change, "@100 success:30 fresh:s:30 @129 fresh:s:1 @130 miss last=miss"},
        {"a denial too", no_change, "@100 denial:7 fresh:d:7 @106 fresh:d:1 @107 miss"},
        {"a clock that is behind by a second", no_change, "@100 success:30 @99 fresh:s:30"},
        {"what is newer counts", no_change, "@1 success:30 denial:20 fresh:d:20 success:10 fresh:s:10"},
        {"a failure, for its time", no_change, "@1 servfail fresh:f:0 @5 fresh:f:0 @6 miss"},
        {"no answer, for its time", no_change, "@1 silence fresh:f:0 @5 fresh:f:0 @6 miss"},
        {"failures are not kept", no_servfail, "@1 silence miss"},
        {"a failure does not hide a success", no_change, "@1 success:30 @2 servfail fresh:s:29 silence fresh:s:29 @31 miss"},
        {"a failure does not hide a denial", no_change, "@1 denial:30 @2 servfail fresh:d:29"},
        {"a failure comes after the end of an answer", no_change, "@1 success:30 @31 servfail fresh:f:0 @36 miss"},
        {"an answer displaces a failure", no_change, "@1 servfail success:30 fresh:s:30"},
        {"what may not be kept leaves what is there", no_change, "@1 refused miss success:30 refused fresh:s:30"},
        {"TTL 0 is not kept", no_change, "@1 success:0 miss"},

        {"stale at once, asked anew by one", stale, "@100 success:30 @130 stale:s:0+ stale:s:0 @139 stale:s:0 @140 stale:s:0+"},
        {"stale to its end", stale, "@100 success:30 @3729 stale:s:0+ @3730 miss last=miss"},
        {"refreshed", stale, "@100 success:30 @130 stale:s:0+ success:40 fresh:s:40"},
        {"refreshed with a denial", stale, "@100 success:30 @130 stale:s:0+ denial:40 fresh:d:40"},
        {"stale denial", stale, "@100 denial:30 @130 stale:d:0+"},
        {"not refreshed: peace for a while", stale, "@100 success:30 @130 stale:s:0+ silence stale:s:0 @134 stale:s:0 @135 stale:s:0+"},
        {"refused: the same", stale, "@100 success:30 @130 stale:s:0+ refused stale:s:0 @135 stale:s:0+"},
        {"a failure is not stale", stale, "@100 servfail @105 miss"},
        {"stale TTL and recheck", stale_with_ttl, "@100 success:30 @130 stale:s:30+ servfail @149 stale:s:30 @150 stale:s:30+"},
        {"verify: the upstream first", verify, "@100 success:30 fresh:s:30 @130 verify verify last=stale:s:0"},
        {"verified", verify, "@100 success:30 @130 verify success:40 fresh:s:40 last=fresh:s:40"},
        {"not verified: stale for a while", verify, "@100 success:30 @130 verify silence stale:s:0 @134 stale:s:0 @135 verify"},
        {"verified by what is not kept: asked again", verify, "@100 success:30 @130 verify fleeting verify last=stale:s:0"},
        {"verify with a denial", verify, "@100 success:30 @130 verify denial:40 fresh:d:40"},
        {"a stale success is preferred", prefer_positive,
         "@100 success:30 @130 stale:s:0+ denial:40 stale:s:0 @3729 stale:s:0+ @3730 miss denial:40 fresh:d:40"},
        {"to a success without answer too", prefer_positive, "@100 success:30 @130 bare:40 stale:s:0 success:20 fresh:s:20"},
        {"but not one without answer", prefer_positive, "@100 bare:30 @130 denial:40 fresh:d:40"},
        {"only where stale ones are given", prefer_positive_unstale, "@100 success:30 denial:20 fresh:d:20"},

        {"prefetch in the last tenth, once", prefetch, "@100 success:100 ? ? @150 ? @189 fresh:s:11 @190 fresh:s:10+ fresh:s:10"},
        {"prefetch needs hits", prefetch, "@100 success:100 @190 fresh:s:10 fresh:s:10 fresh:s:10+"},
        {"hits with gaps begin anew", prefetch, "@100 success:600 ? ? ? @161 ? @160 ? @641 fresh:s:59 fresh:s:59 fresh:s:59+"},
        {"hits go on after a prefetch", prefetch, "@100 success:20 ? ? @118 fresh:s:2+ success:20 @136 fresh:s:2+"},
        {"hits begin anew without", prefetch, "@100 success:20 ? ? ? success:20 @118 fresh:s:2 fresh:s:2 fresh:s:2+"},
        {"a tenth is rounded up", prefetch, "@100 success:5 ? ? @104 fresh:s:1+"},
        {"a prefetch that failed is left in peace", prefetch,
         "@100 success:100 ? ? @150 ? @190 fresh:s:10+ silence @194 fresh:s:6 @195 fresh:s:5+"},
        {"keepttl", keep_ttl, "@100 success:30 @129 fresh:s:30 @130 miss"},
        {"keepttl, stale", keep_ttl_stale, "@100 success:30 @130 stale:s:30+"},
};

static void test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct cache_options o;
		cache_options_default(&o);
		scripts[i].options(&o);
		struct cache *c = new_cache(&o);
		play(c, scripts[i].what, scripts[i].script);
		cache_free(c);
	}
}

/* --- keys --- */

static const struct {
	const char *qname;
	unsigned type, flags;
	enum edns edns;
	bool same;
} questions[] = {
        {"www.example.", DNS_TYPE_A, DNS_RD, NO_EDNS, true},  {"WWW.eXample.", DNS_TYPE_A, 0, EDNS, true},
        {"www.example.", DNS_TYPE_A, DNS_AD, NO_EDNS, true},  {"www.example.", DNS_TYPE_A, DNS_CD, NO_EDNS, false},
        {"www.example.", DNS_TYPE_A, DNS_RD, EDNS_DO, false}, {"www.example.", DNS_TYPE_AAAA, DNS_RD, NO_EDNS, false},
        {"www.examplf.", DNS_TYPE_A, DNS_RD, NO_EDNS, false}, {"ww.example.", DNS_TYPE_A, DNS_RD, NO_EDNS, false},
};

static void test_keys(void **state)
{
	struct cache *c = default_cache();
	(void)state;
	play(c, "the first", "success:30");
	for (size_t i = 0; i < COUNT(questions); i++) {
		struct asked a;
		struct cache_key k;
		struct cache_hit hit;
		asked_begin(&a, questions[i].qname, questions[i].type, questions[i].flags, questions[i].edns);
		cache_key_of(&k, &a.request);
		const struct cache_asked asked = {.request = &a.request, .out = out, .cap = 512};
		enum cache_result result = cache_get(c, &k, &asked, &hit);
		if (result != (questions[i].same ? CACHE_FRESH : CACHE_MISS))
			fail_msg("question %zu: %d", i, result);
		if (questions[i].same)
			assert_memory_equal(out + DNS_HEADER_LEN, a.bytes + DNS_HEADER_LEN, a.request.question_len);
	}
	cache_free(c);
}

/* --- what is written --- */

static void get_bytes(struct cache *c, const char *what, const struct asked *a, uint32_t now_s, const char *want)
{
	struct cache_key k;
	struct cache_hit hit;
	cache_key_of(&k, &a->request);
	const struct cache_asked asked = {.request = &a->request, .now_s = now_s, .out = out, .cap = 512, .explain = true};
	assert_true(cache_get(c, &k, &asked, &hit) != CACHE_MISS);
	packet_assert_equal(what, out, hit.len, want);
}

static void test_octets(void **state)
{
	struct cache_options o;
	struct asked a;
	(void)state;
	cache_options_default(&o);
	o.stale_s = 100;
	struct cache *c = new_cache(&o);
	play(c, "one", "@10 success:30");
	asked_begin(&a, "wwW.example.", DNS_TYPE_A, DNS_RD, EDNS);
	get_bytes(c, "fresh", &a, 15,
	          "1234 8100 0001 0001 0000 0001 wwW.example. 0001 0001 c00c 0001 0001 00000019 0004 0a000001 00 0029 04d0 00000000 0000");
	get_bytes(c, "stale says so", &a, 40,
	          "1234 8100 0001 0001 0000 0001 wwW.example. 0001 0001 c00c 0001 0001 00000000 0004 0a000001 "
	          "00 0029 04d0 00000000 0006 000f 0002 0003");
	cache_free(c);

	c = default_cache();
	play(c, "none", "@10 silence");
	get_bytes(c, "a failure says so", &a, 11,
	          "1234 8102 0001 0000 0000 0001 wwW.example. 0001 0001 00 0029 04d0 00000000 0006 000f 0002 000d");
	cache_free(c);
}

/* --- zones --- */

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

static void test_zones(void **state)
{
	struct cache_options o;
	struct name zones[] = {name_of("example."), name_of("a.b.")}, n;
	(void)state;
	cache_options_default(&o);
	struct cache *c = new_cache(&o);
	n = name_of("anything.");
	assert_true(cache_covers(c, &n));
	cache_free(c);

	o.zones = (struct cache_names){zones, 2};
	c = new_cache(&o);
	zones[0] = zones[1] = n; /* the cache has copies */
	static const struct {
		const char *name;
		bool in;
	} names[] = {{"example.", true}, {"www.example.", true}, {"wwwexample.", false}, {"b.", false},        {"a.b.", true},
	             {"x.a.b.", true},   {".", false},           {"xa.b.", false},       {"x\\001a.b.", false}};
	for (size_t i = 0; i < COUNT(names); i++) {
		n = name_of(names[i].name);
		if (cache_covers(c, &n) != names[i].in)
			fail_msg("%s", names[i].name);
	}
	assert_int_equal(cache_options(c)->zones.count, 2);
	cache_free(c);
}

static void test_disabled(void **state)
{
	struct cache_options o;
	struct name zone = name_of("example."), other = name_of("other.");
	(void)state;
	cache_options_default(&o);
	o.no_success = (struct cache_names){&zone, 1};
	o.no_denial = (struct cache_names){&other, 1};
	struct cache *c = new_cache(&o);
	play(c, "no success", "@1 success:30 miss denial:30 fresh:d:30");
	cache_free(c);
	o.no_success = (struct cache_names){&other, 1};
	o.no_denial = (struct cache_names){&zone, 1};
	c = new_cache(&o);
	play(c, "no denial", "@1 denial:30 miss silence miss success:30 fresh:s:30");
	cache_free(c);
}

/* --- bounds --- */

struct flood {
	struct asked asked;
	struct cache_key key;
	struct cache_change change;
};

static void flood_put(struct cache *c, struct flood *f, unsigned number, enum cache_kind kind, unsigned records)
{
	char qname[32];
	snprintf(qname, sizeof qname, "n%u.example.", number);
	asked_begin(&f->asked, qname, DNS_TYPE_A, DNS_RD, NO_EDNS);
	cache_key_of(&f->key, &f->asked.request);
	message_begin(&message, qname, DNS_TYPE_A, DNS_QR);
	message_add_addresses(&message, records, 900);
	const struct cache_judgement j = {.kind = kind, .keep = true, .ttl_s = 900};
	cache_put(c, &f->key, &message.reply, &j, 1, &f->change);
}

static void assert_bounded(const struct cache *c, enum cache_kind kind, unsigned capacity)
{
	struct cache_usage usage;
	cache_usage(c, kind, &usage);
	if (usage.entries > capacity || usage.octets > (size_t)capacity * CACHE_ENTRY_OCTETS)
		fail_msg("kind %d: %u entries, %zu octets", kind, usage.entries, usage.octets);
}

/* Small ones and ones that are up to 48 KiB, of all kinds: never more than the bounds say, and what is evicted is counted. */
static void test_flood(void **state)
{
	struct cache_options o;
	struct cache_usage usage;
	static struct flood f;
	unsigned evicted[CACHE_KINDS] = {0}, kept[CACHE_KINDS] = {0};
	(void)state;
	cache_options_default(&o);
	o.success.capacity = o.denial.capacity = 1100;
	struct cache *c = new_cache(&o);
	for (unsigned i = 0; i < 20000; i++) {
		enum cache_kind kind = i % CACHE_KINDS;
		flood_put(c, &f, i, kind, i % 50 ? 1 : i * 7 % 3000);
		kept[kind] += f.change.kept;
		for (unsigned other = 0; other < CACHE_KINDS; other++)
			evicted[other] += f.change.evicted[other];
		assert_bounded(c, kind, 1100);
	}
	for (enum cache_kind kind = 0; kind < CACHE_KINDS; kind++) {
		cache_usage(c, kind, &usage);
		assert_int_equal(usage.entries, kept[kind] - evicted[kind]);
		assert_true(usage.entries > 500);
	}
	cache_free(c);
}

/* Its capacity in names of equal size fits, whatever parts they are in. */
static void test_capacity_is_reached(void **state)
{
	struct cache_options o;
	struct cache_usage usage;
	static struct flood f;
	unsigned evicted = 0;
	(void)state;
	cache_options_default(&o);
	o.success.capacity = 5000;
	struct cache *c = new_cache(&o);
	for (unsigned i = 0; i < 5000; i++) {
		flood_put(c, &f, i, CACHE_SUCCESS, 1);
		evicted += f.change.evicted[CACHE_SUCCESS];
	}
	cache_usage(c, CACHE_SUCCESS, &usage);
	assert_int_equal(usage.entries, 5000);
	assert_int_equal(evicted, 0);
	flood_put(c, &f, 5000, CACHE_SUCCESS, 1);
	assert_int_equal(f.change.evicted[CACHE_SUCCESS], 1);
	flood_put(c, &f, 5000, CACHE_SUCCESS, 1); /* in its own place */
	assert_int_equal(f.change.evicted[CACHE_SUCCESS], 0);
	cache_free(c);
}

/* A name that is asked again and again outlives a flood of names that are asked once. */
static void test_popular_names_stay(void **state)
{
	struct cache_options o;
	static struct flood f;
	unsigned lost = 0;
	(void)state;
	cache_options_default(&o);
	o.success.capacity = 2000;
	struct cache *c = new_cache(&o);
	for (unsigned i = 0; i < 20000; i++) {
		flood_put(c, &f, 1000000 + i, CACHE_SUCCESS, 1);
		struct cache_hit hit;
		char qname[32];
		snprintf(qname, sizeof qname, "n%u.example.", i % 100);
		asked_begin(&f.asked, qname, DNS_TYPE_A, DNS_RD, NO_EDNS);
		cache_key_of(&f.key, &f.asked.request);
		const struct cache_asked asked = {.request = &f.asked.request, .now_s = 1, .out = out, .cap = 512};
		if (cache_get(c, &f.key, &asked, &hit) == CACHE_FRESH)
			continue;
		lost += i >= 200; /* once they were put and hit */
		flood_put(c, &f, i % 100, CACHE_SUCCESS, 1);
	}
	assert_int_equal(lost, 0);
	cache_free(c);
}

/* --- out of memory --- */

static void test_new_without_memory(void **state)
{
	struct cache_options o;
	struct name zone = name_of("example.");
	unsigned n = 1;
	(void)state;
	cache_options_default(&o);
	o.zones = o.no_success = o.no_denial = (struct cache_names){&zone, 1};
	for (struct cache *c = NULL; !c; n++) {
		fail_alloc_at(n);
		c = cache_new(&o);
		fail_alloc_at(0);
		cache_free(c);
	}
	assert_int_equal(n - 1, 7); /* six were there to fail: the cache, three lists, buckets, parts */
}

static void test_put_without_memory(void **state)
{
	struct cache *c = default_cache();
	static struct flood f;
	(void)state;
	play(c, "before", "@1 success:30");
	fail_alloc_at(1);
	play(c, "without memory, the old one stays", "@1 denial:30 @2 fresh:s:29");
	assert_true(fail_alloc_hit());
	fail_alloc_at(1);
	flood_put(c, &f, 1, CACHE_SUCCESS, 1);
	assert_true(fail_alloc_hit());
	assert_false(f.change.kept);
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_scripts),
	        cmocka_unit_test(test_keys),
	        cmocka_unit_test(test_octets),
	        cmocka_unit_test(test_zones),
	        cmocka_unit_test(test_disabled),
	        cmocka_unit_test(test_flood),
	        cmocka_unit_test(test_capacity_is_reached),
	        cmocka_unit_test(test_popular_names_stay),
	        cmocka_unit_test(test_new_without_memory),
	        cmocka_unit_test(test_put_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
