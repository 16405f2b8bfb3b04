#include "fail_alloc.h"
#include "server/tally.h"
#include "unit.h"
#include <string.h>

#define WORKERS 3

static struct tally_numbers sum_of(const struct tally *t, const struct tally_row *r)
{
	struct tally_numbers sum;
	tally_sum(t, r, &sum);
	return sum;
}

static uint64_t total(const tally_number *numbers, unsigned count)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < count; i++)
		sum += numbers[i];
	return sum;
}

static void test_a_row_is_its_labels(void **state)
{
	struct tally t;
	struct tally_row *a, *b;
	(void)state;
	tally_init(&t, WORKERS);
	a = tally_row(&t, "dns://:53", "cluster.local.", "");
	b = tally_row(&t, "dns://:53", "cluster.local.", "v");
	assert_non_null(a);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(tally_row(&t, "dns://:53", "cluster.local.", ""), a);
	assert_ptr_not_equal(tally_row(&t, "dns://:53", ".", ""), a);
	assert_ptr_not_equal(tally_row(&t, "dns://:54", "cluster.local.", ""), a);
	assert_int_equal((uintptr_t)a->workers % 64, 0);
	tally_clear(&t);
}

static const struct {
	uint16_t type;
	const char *name;
} types[] = {{1, "A"},       {2, "NS"},      {5, "CNAME"},   {6, "SOA"},      {12, "PTR"},  {15, "MX"},     {16, "TXT"},
             {28, "AAAA"},   {33, "SRV"},    {43, "DS"},     {46, "RRSIG"},   {47, "NSEC"}, {48, "DNSKEY"}, {50, "NSEC3"},
             {64, "SVCB"},   {65, "HTTPS"},  {251, "IXFR"},  {252, "AXFR"},   {255, "ANY"}, {0, "other"},   {3, "other"},
             {254, "other"}, {256, "other"}, {257, "other"}, {65535, "other"}};

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const struct tally_query q = {.tcp = true, .ipv6 = true, .type = types[i].type};
		struct tally t;
		struct tally_row *r;
		tally_init(&t, WORKERS);
		r = tally_row(&t, "s", "z", "");
		tally_count(r, 1, &q);
		struct tally_numbers sum = sum_of(&t, r);
		for (unsigned k = 0; k < TALLY_TYPES; k++)
			assert_int_equal(sum.requests[1][1][k], strcmp(tally_type_name(k), types[i].name) == 0);
		tally_clear(&t);
	}
}

static const struct {
	uint64_t ns;
	unsigned place;
} times[] = {
        {0, 0},       {1, 0},       {250000, 0},      {250001, 1},      {500000, 1},      {500001, 2},
        {1000000, 2}, {1000001, 3}, {8191999999, 15}, {8192000000, 15}, {8192000001, 16}, {UINT64_C(1) << 62, 16},
};

static const struct {
	size_t octets;
	unsigned place;
} sizes[] = {{0, 0}, {1, 1}, {100, 1}, {101, 2}, {511, 5}, {512, 6}, {64000, 13}, {64001, 14}, {65535, 14}};

static void test_histograms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct tally t;
		struct tally_row *r;
		tally_init(&t, WORKERS);
		r = tally_row(&t, "s", "z", "");
		tally_count(r, 0, &(const struct tally_query){.ns = times[i].ns});
		struct tally_numbers sum = sum_of(&t, r);
		assert_int_equal(sum.times[times[i].place], 1);
		assert_int_equal(total(sum.times, TALLY_TIMES + 1), 1);
		assert_int_equal(sum.time_ns, times[i].ns);
		if (times[i].place < TALLY_TIMES)
			assert_true((double)times[i].ns <= tally_time_bounds[times[i].place] * 1e9);
		tally_clear(&t);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct tally t;
		struct tally_row *r;
		tally_init(&t, WORKERS);
		r = tally_row(&t, "s", "z", "");
		tally_count(r, 0, &(const struct tally_query){.request_len = sizes[i].octets, .response_len = sizes[i].octets});
		struct tally_numbers sum = sum_of(&t, r);
		assert_int_equal(sum.request_sizes[0][sizes[i].place], 1);
		assert_int_equal(sum.response_sizes[0][sizes[i].place], sizes[i].octets > 0); /* none was sent */
		assert_int_equal(sum.response_octets[0], sizes[i].octets);
		tally_clear(&t);
	}
}

static void test_workers_add_up(void **state)
{
	struct tally t;
	struct tally_row *r;
	(void)state;
	tally_init(&t, WORKERS);
	r = tally_row(&t, "s", "z", "");
	uint8_t kubernetes = tally_answerer(&t, "kubernetes"), forward = tally_answerer(&t, "forward");
	assert_int_equal(tally_answerer(&t, ""), 0);
	assert_int_equal(tally_answerer(&t, "kubernetes"), kubernetes);
	assert_int_not_equal(kubernetes, forward);
	for (unsigned w = 0; w < WORKERS; w++) {
		for (unsigned i = 0; i <= w; i++)
			tally_count(r, w,
			            &(const struct tally_query){
			                    .type = 1, .with_do = w == 2, .rcode = 3, .answerer = kubernetes, .response_len = 9});
	}
	tally_count(r, 0, &(const struct tally_query){.type = 1, .rcode = 0, .answerer = forward, .response_len = 9});
	tally_count(r, 0, &(const struct tally_query){.type = 1, .rcode = 200, .answerer = forward, .response_len = 9});
	struct tally_numbers sum = sum_of(&t, r);
	assert_int_equal(sum.requests[0][0][1], 8); /* of type A */
	assert_int_equal(sum.with_do, 3);
	assert_int_equal(sum.responses[3][kubernetes], 6);
	assert_int_equal(sum.responses[0][forward], 1);
	assert_int_equal(sum.response_octets[0], 72);
	tally_clear(&t);
}

static void test_answerers_have_an_end(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct tally t;
	char many[TALLY_ANSWERERS][4];
	(void)state;
	tally_init(&t, 1);
	for (unsigned i = 0; i < TALLY_ANSWERERS; i++) {
		memcpy(many[i], "x00", sizeof many[i]);
		many[i][1] = (char)('0' + i / 10);
		many[i][2] = (char)('0' + i % 10);
		assert_int_equal(tally_answerer(&t, many[i]), i + 1 < TALLY_ANSWERERS ? i + 1 : 0);
	}
	assert_int_equal(tally_answerer(&t, names[0]), 0);
	tally_clear(&t);
}

static void test_rcodes(void **state)
{
	(void)state;
	assert_string_equal(tally_rcode_name(0), "NOERROR");
	assert_string_equal(tally_rcode_name(5), "REFUSED");
	assert_string_equal(tally_rcode_name(16), "BADSIG");
	assert_string_equal(tally_rcode_name(23), "BADCOOKIE");
	assert_null(tally_rcode_name(12));
	assert_null(tally_rcode_name(24));
}

/* What is counted together is counted as if each was counted by itself. */
static void test_runs(void **state)
{
	struct tally t;
	struct tally_row *one_by_one, *together;
	uint64_t queries = 0, octets = 0;
	(void)state;
	tally_init(&t, WORKERS);
	one_by_one = tally_row(&t, "s", "z", "");
	together = tally_row(&t, "s", "y", "");
	struct tally_run run = tally_run_begin(together, 1, true, true);
	for (size_t len = 0; len <= 600; len++) {
		const struct tally_query q = {.tcp = true,
		                              .ipv6 = true,
		                              .with_do = len % 3 == 0,
		                              .rcode = (uint8_t)(len % TALLY_RCODES),
		                              .answerer = (uint8_t)(len % TALLY_ANSWERERS),
		                              .type = (uint16_t)(len % 300),
		                              .request_len = 600 - len,
		                              .response_len = len,
		                              .ns = 300000};
		tally_count(one_by_one, 1, &q);
		assert_true(tally_is_short(q.type, q.request_len, q.response_len) ==
		            (q.type < TALLY_LOW_TYPES && q.request_len < TALLY_SHORT && len > 0 && len <= TALLY_SHORT));
		if (tally_is_short(q.type, q.request_len, q.response_len)) {
			octets += tally_run_count(&run, q.type, q.with_do, q.request_len, q.rcode, q.answerer, len);
			queries++;
		} else {
			tally_count(together, 1, &q);
		}
	}
	assert_true(queries > 200);
	tally_run_end(together, 1, true, (unsigned)queries, octets, 300000);
	struct tally_numbers a = sum_of(&t, one_by_one), b = sum_of(&t, together);
	assert_memory_equal(&a, &b, sizeof a);
	tally_clear(&t);
}

static void test_caches(void **state)
{
	struct tally t;
	struct tally_row *r;
	(void)state;
	tally_init(&t, WORKERS);
	assert_null(tally_find(&t, "s", "z", ""));
	r = tally_row(&t, "s", "z", "");
	assert_ptr_equal(tally_find(&t, "s", "z", ""), r);
	assert_null(tally_find(&t, "s", "y", ""));
	tally_cache(NULL, 0, TALLY_CACHE_MISSES, 1); /* what is not counted */
	tally_cache(r, 0, TALLY_CACHE_MISSES, 1);
	tally_cache(r, 2, TALLY_CACHE_MISSES, 1);
	tally_cache(r, 1, TALLY_CACHE_EVICTED_DENIALS, 5);
	tally_cache(r, 1, TALLY_CACHE_DROPS, 0);
	struct tally_numbers sum = sum_of(&t, r);
	assert_int_equal(sum.cache[TALLY_CACHE_MISSES], 2);
	assert_int_equal(sum.cache[TALLY_CACHE_EVICTED_DENIALS], 5);
	assert_int_equal(total(sum.cache, TALLY_CACHE), 7);
	tally_clear(&t);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct tally t;
		struct tally_row *r;
		tally_init(&t, WORKERS);
		fail_alloc_at(n);
		r = tally_row(&t, "s", "z", "");
		assert_int_equal(r == NULL, fail_alloc_hit());
		tally_clear(&t);
		if (!fail_alloc_hit())
			break;
	}
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_row_is_its_labels),
	        cmocka_unit_test(test_types),
	        cmocka_unit_test(test_histograms),
	        cmocka_unit_test(test_workers_add_up),
	        cmocka_unit_test(test_answerers_have_an_end),
	        cmocka_unit_test(test_rcodes),
	        cmocka_unit_test(test_runs),
	        cmocka_unit_test(test_caches),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
