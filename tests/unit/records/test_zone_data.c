#include "base/rcu.h"
#include "dns/message.h"
#include "fail_alloc.h"
#include "records/zone_data.h"
#include "zone_inside.h"
#include "zone_text.h"
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define SOA          "example. 60 IN SOA ns.example. admin.example. 7 1 2 3 4\n"

/* In the order of RFC 4034 6.1, whose example most of these names are. */
static const char sorted[] = SOA "example. 60 IN NS ns.example.\n"
                                 "a.example. 60 IN A 10.0.0.1\n"
                                 "a.example. 60 IN A 10.0.0.2\n"
                                 "a.example. 60 IN TXT \"x\"\n"
                                 "a.example. 60 IN AAAA fd00::1\n"
                                 "yljkjljk.a.example. 60 IN A 10.0.0.1\n"
                                 "z.a.example. 60 IN A 10.0.0.1\n"
                                 "zabc.a.example. 60 IN A 10.0.0.1\n"
                                 "z.example. 60 IN A 10.0.0.1\n"
                                 "\\001.z.example. 60 IN A 10.0.0.1\n"
                                 "*.z.example. 60 IN A 10.0.0.1\n"
                                 "\\200.z.example. 60 IN A 10.0.0.1\n";

static void test_order(void **state)
{
	const struct name apex = name_of("example.");
	struct zone_draft *d = zone_draft_new(&apex);
	const char *lines[16], *at = sorted;
	struct zone_data *z;
	unsigned n = 0;
	(void)state;
	for (; *at; at = strchr(at, '\n') + 1)
		lines[n++] = at;
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(take_line(d, lines[i * 5 % n], zone_draft_add, NULL), OK);
	assert_int_equal(zone_draft_finish(d, &z, NULL), OK);
	assert_records(z, sorted);
	assert_int_equal(zone_data_records(z), n);
	assert_int_equal(zone_data_serial(z), 7);
	assert_true(zone_data_octets(z) > n * 16);
	assert_int_equal(zone_data_timers(z).refresh_s, 1);
	assert_int_equal(zone_data_timers(z).minimum_s, 4);
	zone_data_drop(z);
}

/* Letters of names don't tell records apart, a TTL neither. */
static void test_same_again(void **state)
{
	struct zone_data *z = zone_of("EXAMPLE.", SOA "A.example. 60 IN MX 1 B.example.\n"
	                                              "a.EXAMPLE. 30 IN MX 1 b.Example.\n"
	                                              "a.example. 90 IN MX 2 b.example.\n"
	                                              "a.example. 90 IN TXT \"x\"\n"
	                                              "a.example. 90 IN TXT \"X\"\n"
	                                              "e.example. 1 IN TYPE65280 \\# 0\n");
	(void)state;
	assert_records(z, SOA "a.example. 30 IN TYPE15 \\# 13 000101420765"
	                      "78616D706C6500\n"
	                      "a.example. 30 IN TYPE15 \\# 13 00020162076578616D706C6500\n"
	                      "a.example. 90 IN TXT \"X\"\n"
	                      "a.example. 90 IN TXT \"x\"\n"
	                      "e.example. 1 IN TYPE65280 \\# 0\n");
	zone_data_drop(z);
}

static const struct {
	const char *what, *lines, *said;
	enum err err;
} wrong[] = {
        {"no SOA", "a.example. 1 IN A 10.0.0.1\n", "example.: it has no SOA", ERR_SYNTAX},
        {"two", SOA "example. 60 IN SOA ns.example. admin.example. 8 1 2 3 4\n", "example.: it has more than one SOA", ERR_SYNTAX},
        {"below", SOA "a.example. 60 IN SOA ns.example. admin.example. 8 1 2 3 4\n", "a.example. SOA: a SOA stands at the apex of its zone",
         ERR_SYNTAX},
        {"outside", SOA "a.example.org. 1 IN A 10.0.0.1\n", "a.example.org. A: it is outside of the zone", ERR_RANGE},
        {"not a label", SOA "anexample. 1 IN A 10.0.0.1\n", "anexample. A: it is outside of the zone", ERR_RANGE},
        {"CNAME", SOA "a.example. 1 IN CNAME b.\na.example. 1 IN A 10.0.0.1\n",
         "a.example.: it has a CNAME and other records (RFC 1034 3.6.2)", ERR_SYNTAX},
        {"CNAMEs", SOA "a.example. 1 IN CNAME b.\na.example. 1 IN CNAME c.\n", "a.example.: it has more than one CNAME or DNAME",
         ERR_SYNTAX},
        {"DNAMEs", SOA "a.example. 1 IN DNAME b.\na.example. 1 IN DNAME c.\n", "a.example.: it has more than one CNAME or DNAME",
         ERR_SYNTAX},
        {"apex CNAME", SOA "example. 1 IN CNAME b.\n", "example.: it has a CNAME and other records (RFC 1034 3.6.2)", ERR_SYNTAX},
        {"NSEC3", SOA "a.example. 1 IN NSEC3PARAM 1 0 1 -\n", "a.example. NSEC3PARAM: zones with NSEC3 are not served; sign with NSEC",
         ERR_SYNTAX},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct diag diag = {0};
		struct zone_data *z = try_zone_of("example.", wrong[i].lines, &diag);
		if (z || strcmp(diag.text, wrong[i].said) != 0)
			fail_msg("%s: %s", wrong[i].what, z ? "it was taken" : diag.text);
	}
}

static void test_bad_rdata(void **state)
{
	const struct name apex = name_of("example.");
	struct zone_draft *d = zone_draft_new(&apex);
	struct diag diag = {0};
	(void)state;
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t len;
	} bad[] = {
	        {DNS_TYPE_A, "\x0a\0\0", 3},
	        {DNS_TYPE_NS, "\1a", 2},
	        {DNS_TYPE_NS, "\1a\0\0", 4},
	        {DNS_TYPE_MX, "\0\1\1a\xc0\2", 6},
	        {DNS_TYPE_CNAME, "", 0},
	        {DNS_TYPE_OPT, "", 0},
	        {DNS_TYPE_ANY, "", 0},
	        {DNS_TYPE_AXFR, "", 0},
	        {DNS_TYPE_SRV, "\0\1\0\1\0\1\1a", 8},
	        {0, "", 0},
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct record r = {&apex, bad[i].type, 1, (const uint8_t *)bad[i].rdata, bad[i].len};
		assert_int_equal(zone_draft_add(d, &r, &diag), ERR_SYNTAX);
		assert_int_equal(zone_draft_remove(d, &r, &diag), ERR_SYNTAX);
	}
	zone_draft_free(d);
}

/* A version that is made of another: what was removed may come again. */
static void test_change(void **state)
{
	struct zone_data *z = zone_of("example.", SOA "a.example. 1 IN A 10.0.0.1\n"
	                                              "b.c.example. 1 IN MX 1 b.example.\n"),
	                 *next;
	struct zone_draft *d = zone_draft_of(z);
	(void)state;
	assert_int_equal(take_line(d, "b.C.example. 9 IN MX 1 B.example.\n", zone_draft_remove, NULL), OK);
	assert_int_equal(take_line(d, "b.c.example. 9 IN MX 1 b.example.\n", zone_draft_remove, NULL), ERR_MISSING);
	assert_int_equal(take_line(d, "x.example. 9 IN A 10.0.0.1\n", zone_draft_remove, NULL), ERR_MISSING);
	assert_int_equal(take_line(d, "a.example. 1 IN A 10.0.0.1\n", zone_draft_remove, NULL), OK);
	assert_int_equal(take_line(d, "a.example. 5 IN A 10.0.0.1\n", zone_draft_add, NULL), OK);
	assert_int_equal(take_line(d, SOA, zone_draft_remove, NULL), OK);
	assert_int_equal(take_line(d, "example. 60 IN SOA ns. a. 8 1 2 3 4\n", zone_draft_add, NULL), OK);
	assert_int_equal(zone_draft_finish(d, &next, NULL), OK);
	assert_records(z, SOA "a.example. 1 IN A 10.0.0.1\n"
	                      "b.c.example. 1 IN TYPE15 \\# 13 00010162076578616D706C6500\n");
	assert_records(next, "example. 60 IN SOA ns. a. 8 1 2 3 4\na.example. 5 IN A 10.0.0.1\n");
	assert_int_equal(zone_data_serial(next), 8);
	const struct name gone = name_of("c.example.");
	assert_null(zone_data_find(next, gone.wire, gone.len));
	assert_non_null(zone_data_find(z, gone.wire, gone.len));
	zone_data_drop(z);
	zone_data_drop(next);
}

/* --- what stands where --- */

static const struct zone_node *node_of(const struct zone_data *z, const char *text)
{
	const struct name n = name_of(text);
	return zone_data_find(z, n.wire, n.len);
}

static void test_nodes(void **state)
{
	struct zone_data *z = zone_of("example.", SOA "example. 1 IN NS ns.example.\n"
	                                              "sub.example. 1 IN NS ns.sub.example.\n"
	                                              "ns.sub.example. 1 IN A 10.0.0.1\n"
	                                              "x.y.sub.example. 1 IN NS ns.sub.example.\n"
	                                              "z.x.y.sub.example. 1 IN A 10.0.0.2\n"
	                                              "d.example. 1 IN DNAME e.\n"
	                                              "a.d.example. 1 IN A 10.0.0.2\n"
	                                              "*.w.example. 1 IN A 10.0.0.2\n");
	const struct zone_node *cut = node_of(z, "sub.example."), *dname = node_of(z, "d.example.");
	(void)state;
	assert_int_equal(node_of(z, "example.")->flags, 0);
	assert_int_equal(cut->flags, ZONE_NODE_CUT);
	assert_int_equal(cut->cover, ZONE_NONE);
	assert_ptr_equal(&z->nodes[node_of(z, "ns.sub.example.")->cover], cut);
	assert_ptr_equal(&z->nodes[node_of(z, "z.x.y.sub.example.")->cover], cut);
	assert_int_equal(node_of(z, "y.sub.example.")->set_count, 0);
	assert_int_equal(dname->flags, ZONE_NODE_DNAME);
	assert_ptr_equal(&z->nodes[node_of(z, "a.d.example.")->cover], dname);
	assert_ptr_equal(&z->nodes[node_of(z, "w.example.")->wildcard], node_of(z, "*.w.example."));
	assert_ptr_equal(&z->nodes[node_of(z, "w.example.")->above], z->nodes);
	assert_int_equal(cut->wildcard, ZONE_NONE);
	assert_null(node_of(z, "q.example."));
	assert_null(node_of(z, "example.org."));
	static const struct {
		const char *name, *before;
	} befores[] = {
	        {"example.", "example."},         {"a.example.", "example."},      {"d.example.", "d.example."},
	        {"b.d.example.", "a.d.example."}, {"zz.example.", "*.w.example."}, {"ns.sub.example.", "ns.sub.example."},
	};
	for (size_t i = 0; i < COUNT(befores); i++) {
		const struct name n = name_of(befores[i].name);
		assert_ptr_equal(zone_data_before(z, &n), node_of(z, befores[i].before));
	}
	zone_data_drop(z);
}

/* Signatures are found by what they cover, and have TTLs of their own. */
static void test_signatures(void **state)
{
	struct zone_data *z = zone_of("example.", SOA "a.example. 5 IN A 10.0.0.1\n"
	                                              "a.example. 7 IN TXT \"x\"\n"
	                                              "a.example. 9 IN RRSIG \\# 21 0001080200000009000000020000000100010001AA\n"
	                                              "a.example. 8 IN RRSIG \\# 21 0001080200000009000000020000000100010001BB\n"
	                                              "a.example. 3 IN RRSIG \\# 21 0010080200000009000000020000000100010001CC\n");
	const struct zone_node *n = node_of(z, "a.example.");
	const struct zone_set *a = zone_node_set(z, n, DNS_TYPE_A), *txt = zone_node_set(z, n, DNS_TYPE_TXT);
	(void)state;
	assert_int_equal(n->set_count, 4);
	assert_int_equal(z->sets[a->signatures].count, 2);
	assert_int_equal(z->sets[a->signatures].ttl_s, 8);
	assert_int_equal(z->sets[txt->signatures].count, 1);
	assert_int_equal(z->sets[txt->signatures].ttl_s, 3);
	assert_int_equal(z->sets[z->soa].signatures, ZONE_NONE);
	zone_data_drop(z);
}

/* --- differences --- */

static enum err say_removed(void *buffer, const struct record *r)
{
	buffer_append(buffer, "-", 1);
	return append_record(buffer, r);
}

static enum err say_added(void *buffer, const struct record *r)
{
	buffer_append(buffer, "+", 1);
	return append_record(buffer, r);
}

#define SOA8 "example. 60 IN SOA ns.example. admin.example. 8 1 2 3 4\n"

static const struct {
	const char *from, *to, *want;
} diffs[] = {
        {SOA, SOA, ""},
        {SOA "a.example. 1 IN PTR B.\n", SOA "a.example. 1 IN PTR b.\n", ""},
        {SOA, SOA8 "a.example. 1 IN A 10.0.0.1\n", "-" SOA "+" SOA8 "+a.example. 1 IN A 10.0.0.1\n"},
        {SOA "a.example. 1 IN A 10.0.0.1\na.example. 1 IN A 10.0.0.3\n", SOA "a.example. 1 IN A 10.0.0.2\na.example. 1 IN A 10.0.0.3\n",
         "-a.example. 1 IN A 10.0.0.1\n+a.example. 1 IN A 10.0.0.2\n"},
        {SOA "a.example. 1 IN A 10.0.0.1\n", SOA "a.example. 2 IN A 10.0.0.1\n",
         "-a.example. 1 IN A 10.0.0.1\n+a.example. 2 IN A 10.0.0.1\n"},
        {SOA "b.example. 1 IN A 10.0.0.1\nz.b.example. 1 IN A 10.0.0.1\n", SOA "a.b.example. 1 IN A 10.0.0.1\nc.example. 1 IN A 10.0.0.1\n",
         "-b.example. 1 IN A 10.0.0.1\n+a.b.example. 1 IN A 10.0.0.1\n-z.b.example. 1 IN A 10.0.0.1\n+c.example. 1 IN A 10.0.0.1\n"},
        {SOA "example. 1 IN A 10.0.0.1\n", SOA8, "-" SOA "+" SOA8 "-example. 1 IN A 10.0.0.1\n"},
};

static void test_diff(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(diffs); i++) {
		struct zone_data *from = zone_of("example.", diffs[i].from), *to = zone_of("example.", diffs[i].to);
		struct buffer b = {0};
		assert_int_equal(zone_data_diff(from, to, say_removed, say_added, &b), OK);
		buffer_append(&b, "", 1);
		assert_string_equal(b.data, diffs[i].want);
		buffer_free(&b);
		zone_data_drop(from);
		zone_data_drop(to);
	}
}

/* Random versions: from each to the next by its difference. */

#define NAMES    40
#define VERSIONS 60

static struct zone_data *random_zone(unsigned *seed, unsigned serial)
{
	const struct name apex = name_of("example.");
	struct zone_draft *d = zone_draft_new(&apex);
	struct zone_data *z;
	char line[128];
	snprintf(line, sizeof line, "example. 60 IN SOA ns. a. %u 1 2 3 4", serial);
	assert_int_equal(take_line(d, line, zone_draft_add, NULL), OK);
	for (unsigned i = 0; i < NAMES; i++) {
		unsigned n = (unsigned)rand_r(seed);
		if (n % 2)
			continue;
		snprintf(line, sizeof line, "%s%c.example. %u IN %s", n & 2 ? "x.y." : "", 'a' + (int)(n >> 4) % 9, 1 + (n >> 9) % 2,
		         n & 4   ? "A 10.0.0.1"
		         : n & 8 ? "A 10.0.0.2"
		                 : "MX 1 B.example.");
		assert_int_equal(take_line(d, line, zone_draft_add, NULL), OK);
	}
	assert_int_equal(zone_draft_finish(d, &z, NULL), OK);
	return z;
}

static enum err apply_removed(void *draft, const struct record *r)
{
	return zone_draft_remove(((struct zone_draft **)draft)[0], r, NULL);
}

static enum err apply_added(void *draft, const struct record *r)
{
	return zone_draft_add(((struct zone_draft **)draft)[1], r, NULL);
}

static enum err add_to(void *draft, const struct record *r)
{
	return zone_draft_add(draft, r, NULL);
}

static void test_random_diffs(void **state)
{
	unsigned seed = 4;
	struct zone_data *z = random_zone(&seed, 1);
	(void)state;
	for (unsigned i = 2; i < VERSIONS; i++) {
		const struct name apex = name_of("example.");
		struct zone_data *next = random_zone(&seed, i), *made, *added;
		struct zone_draft *drafts[2] = {zone_draft_of(z), zone_draft_new(&apex)};
		struct buffer want = {0};
		assert_int_equal(zone_data_diff(z, next, apply_removed, apply_added, drafts), OK);
		assert_int_equal(zone_draft_finish(drafts[1], &added, NULL), OK);
		assert_int_equal(zone_data_walk(added, add_to, drafts[0]), OK);
		assert_int_equal(zone_draft_finish(drafts[0], &made, NULL), OK);
		zone_data_walk(next, append_record, &want);
		buffer_append(&want, "", 1);
		assert_records(made, want.data);
		buffer_free(&want);
		zone_data_drop(made);
		zone_data_drop(added);
		zone_data_drop(z);
		z = next;
	}
	zone_data_drop(z);
}

/* Hundreds of names and records at one name: tables and arrays grow. */
static void test_many(void **state)
{
	const struct name apex = name_of("example.");
	struct zone_draft *d = zone_draft_new(&apex);
	struct zone_data *z;
	char line[64];
	(void)state;
	assert_int_equal(take_line(d, SOA, zone_draft_add, NULL), OK);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(line, sizeof line, "h%u.x%u.example. 1 IN A 10.0.%u.%u", i, i % 7, i / 256, i % 256);
		assert_int_equal(take_line(d, line, zone_draft_add, NULL), OK);
		snprintf(line, sizeof line, "many.example. 1 IN A 10.1.%u.%u", i / 256, i % 256);
		assert_int_equal(take_line(d, line, zone_draft_add, NULL), OK);
	}
	assert_int_equal(zone_draft_finish(d, &z, NULL), OK);
	assert_int_equal(zone_data_records(z), 10001);
	assert_int_equal(z->node_count, 1 + 7 + 5000 + 1);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(line, sizeof line, "h%u.x%u.example.", i, i % 7);
		assert_non_null(node_of(z, line));
	}
	assert_int_equal(zone_node_set(z, node_of(z, "many.example."), DNS_TYPE_A)->count, 5000);
	zone_data_drop(z);
}

/* More than one message can have. */
static void test_too_many(void **state)
{
	const struct name apex = name_of("example.");
	struct zone_draft *d = zone_draft_new(&apex);
	struct zone_data *z;
	struct diag diag = {0};
	(void)state;
	assert_int_equal(take_line(d, SOA, zone_draft_add, NULL), OK);
	for (uint32_t i = 0; i <= ZONE_SET_MAX; i++)
		assert_int_equal(zone_draft_add(d, &(struct record){&apex, DNS_TYPE_A, 1, (const uint8_t *)&i, 4}, &diag), OK);
	assert_int_equal(zone_draft_finish(d, &z, &diag), ERR_RANGE);
	assert_string_equal(diag.text, "example.: it has more than 65535 records of one type");
}

static void test_no_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct diag diag = {0};
		fail_alloc_at(n);
		struct zone_data *z = try_zone_of("example.", sorted, &diag);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit || z);
		if (z && !hit)
			assert_records(z, sorted);
		zone_data_drop(z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_order),      cmocka_unit_test(test_same_again), cmocka_unit_test(test_wrong),
	        cmocka_unit_test(test_bad_rdata),  cmocka_unit_test(test_change),     cmocka_unit_test(test_nodes),
	        cmocka_unit_test(test_signatures), cmocka_unit_test(test_diff),       cmocka_unit_test(test_random_diffs),
	        cmocka_unit_test(test_many),       cmocka_unit_test(test_too_many),   cmocka_unit_test(test_no_memory),
	};
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
