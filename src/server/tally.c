#include "server/tally.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_TIME_NS UINT64_C(250000) /* each bound is twice the one before */

const double tally_time_bounds[TALLY_TIMES] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
                                               0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};
const double tally_size_bounds[TALLY_SIZES] = {0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};

/* --- labels --- */

/* In the order of tally_types. */
static const char *const type_names[TALLY_TYPES] = {
        "other", "A",     "AAAA", "CNAME", "DNSKEY", "DS",    "MX",   "NSEC", "NSEC3", "NS",
        "PTR",   "RRSIG", "SOA",  "SRV",   "TXT",    "HTTPS", "SVCB", "IXFR", "AXFR",  "ANY",
};

#define AT(place) ((place)*TALLY_SIZE_PLACES)

const uint16_t tally_types[TALLY_LOW_TYPES] = {
        [1] = AT(1),   [28] = AT(2),  [5] = AT(3),    [48] = AT(4),   [43] = AT(5),   [15] = AT(6),  [47] = AT(7),
        [50] = AT(8),  [2] = AT(9),   [12] = AT(10),  [46] = AT(11),  [6] = AT(12),   [33] = AT(13), [16] = AT(14),
        [65] = AT(15), [64] = AT(16), [251] = AT(17), [252] = AT(18), [255] = AT(19),
};

const char *tally_type_name(unsigned at)
{
	return type_names[at];
}

/* As CoreDNS calls them: 16 is BADSIG there, not BADVERS. */
const char *tally_rcode_name(unsigned rcode)
{
	static const char *const names[TALLY_RCODES] = {
	        "NOERROR", "FORMERR",   "SERVFAIL",      "NXDOMAIN", "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",
	        "NOTZONE", "DSOTYPENI", [16] = "BADSIG", "BADKEY",   "BADTIME", "BADMODE", "BADNAME",  "BADALG",  "BADTRUNC", "BADCOOKIE",
	};
	return rcode < TALLY_RCODES ? names[rcode] : NULL;
}

uint8_t tally_answerer(struct tally *t, const char *name)
{
	for (unsigned i = 0; i < t->answerer_count; i++) {
		if (strcmp(t->answerers[i], name) == 0)
			return (uint8_t)i;
	}
	if (t->answerer_count == TALLY_ANSWERERS)
		return 0;
	t->answerers[t->answerer_count] = name;
	return (uint8_t)t->answerer_count++;
}

/* --- rows --- */

void tally_init(struct tally *t, unsigned workers)
{
	*t = (struct tally){.workers = workers, .answerers = {""}, .answerer_count = 1};
}

static void row_free(struct tally_row *r)
{
	if (!r)
		return;
	free(r->server);
	free(r->zone);
	free(r->view);
	free(r->workers);
	free(r);
}

void tally_clear(struct tally *t)
{
	struct tally_row *r;
	while ((r = SLIST_FIRST(&t->rows))) {
		SLIST_REMOVE_HEAD(&t->rows, next);
		row_free(r);
	}
}

static struct tally_row *row_new(const struct tally *t, const char *server, const char *zone, const char *view)
{
	struct tally_row *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->server = strdup(server);
	r->zone = strdup(zone);
	r->view = strdup(view);
	r->workers = aligned_alloc(_Alignof(struct tally_counts), t->workers * sizeof *r->workers);
	if (!r->server || !r->zone || !r->view || !r->workers) {
		row_free(r);
		return NULL;
	}
	memset(r->workers, 0, t->workers * sizeof *r->workers);
	return r;
}

static struct tally_row *find_row(const struct tally *t, const char *server, const char *zone, const char *view)
{
	struct tally_row *r;
	SLIST_FOREACH(r, &t->rows, next)
	{
		if (strcmp(r->server, server) == 0 && strcmp(r->zone, zone) == 0 && strcmp(r->view, view) == 0)
			return r;
	}
	return NULL;
}

const struct tally_row *tally_find(const struct tally *t, const char *server, const char *zone, const char *view)
{
	return find_row(t, server, zone, view);
}

struct tally_row *tally_row(struct tally *t, const char *server, const char *zone, const char *view)
{
	struct tally_row *r = find_row(t, server, zone, view);
	if (r)
		return r;
	r = row_new(t, server, zone, view);
	if (r)
		SLIST_INSERT_HEAD(&t->rows, r, next);
	return r;
}

/* --- counting --- */

/* The first bound that is not below; bounds are 250 µs, and each twice the one before. */
static unsigned time_place(uint64_t ns)
{
	uint64_t parts = (ns + FIRST_TIME_NS - 1) / FIRST_TIME_NS;
	unsigned place = parts <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(parts - 1);
	return place < TALLY_TIMES ? place : TALLY_TIMES;
}

#define TEN(place) place, place, place, place, place, place, place, place, place, place
#define HUNDRED(place)                                                                                                                     \
	TEN(place), TEN(place), TEN(place), TEN(place), TEN(place), TEN(place), TEN(place), TEN(place), TEN(place), TEN(place)

/* By tally_size_bounds: 0, 100, 200, 300, 400, 511, 1023. */
const uint8_t tally_short_sizes[TALLY_SHORT + 1] = {0, HUNDRED(1), HUNDRED(2), HUNDRED(3), HUNDRED(4), HUNDRED(5), TEN(5), 5, 6};

static unsigned size_place(size_t octets)
{
	static const uint16_t bounds[TALLY_SIZES] = {0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};
	unsigned i = 0;
	while (i < TALLY_SIZES && octets > bounds[i])
		i++;
	return i;
}

static void count_times(struct tally_counts *n, uint64_t queries, uint64_t ns)
{
	tally_add(&n->times[time_place(ns)], queries);
	tally_add(&n->time_ns, ns * queries);
}

void tally_run_end(struct tally_row *r, unsigned worker, bool tcp, unsigned queries, uint64_t octets, uint64_t ns)
{
	struct tally_counts *n = &r->workers[worker];
	count_times(n, queries, ns);
	tally_add(&n->request_octets[tcp], octets & UINT32_MAX);
	tally_add(&n->response_octets[tcp], octets >> 32);
}

static void count_response(struct tally_counts *n, const struct tally_query *q)
{
	tally_add(&n->messages[q->tcp][q->ipv6][TALLY_TYPES * TALLY_SIZE_PLACES + size_place(q->response_len)], 1);
	tally_add(&n->response_octets[q->tcp], q->response_len);
	if (q->rcode < TALLY_RCODES && q->answerer < TALLY_ANSWERERS)
		tally_add(&n->responses[q->answerer * TALLY_RCODE_PLACES + q->rcode], 1);
}

void tally_count(struct tally_row *r, unsigned worker, const struct tally_query *q)
{
	struct tally_counts *n = &r->workers[worker];
	const size_t at = q->type < TALLY_LOW_TYPES ? tally_types[q->type] : 0;
	tally_add(&n->messages[q->tcp][q->ipv6][at + size_place(q->request_len)], 1);
	tally_add(&n->request_octets[q->tcp], q->request_len);
	count_times(n, 1, q->ns);
	if (q->with_do)
		tally_add(&n->with_do, 1);
	if (q->response_len)
		count_response(n, q);
}

void tally_cache(struct tally_row *r, unsigned worker, enum tally_cache what, unsigned amount)
{
	if (r && amount)
		tally_add(&r->workers[worker].cache[what], amount);
}

void tally_deed(struct tally_row *r, unsigned worker, enum tally_deed what)
{
	if (r)
		tally_add(&r->workers[worker].deeds[what], 1);
}

/* --- reading --- */

static void sum_numbers(tally_number *to, const tally_number *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		tally_add(&to[i], counter_read(&from[i]));
}

static void sum_requests(struct tally_numbers *sum, const struct tally_counts *n, unsigned protocol)
{
	for (unsigned f = 0; f < TALLY_FAMILIES; f++) {
		for (unsigned type = 0; type < TALLY_TYPES; type++) {
			for (unsigned size = 0; size <= TALLY_SIZES; size++) {
				uint64_t count = counter_read(&n->messages[protocol][f][type * TALLY_SIZE_PLACES + size]);
				tally_add(&sum->requests[protocol][f][type], count);
				tally_add(&sum->request_sizes[protocol][size], count);
			}
		}
	}
}

static void sum_responses(struct tally_numbers *sum, const struct tally_counts *n)
{
	for (unsigned rcode = 0; rcode < TALLY_RCODES; rcode++) {
		for (unsigned a = 0; a < TALLY_ANSWERERS; a++)
			tally_add(&sum->responses[rcode][a], counter_read(&n->responses[a * TALLY_RCODE_PLACES + rcode]));
	}
}

void tally_sum(const struct tally *t, const struct tally_row *r, struct tally_numbers *sum)
{
	memset(sum, 0, sizeof *sum);
	for (unsigned w = 0; w < t->workers; w++) {
		const struct tally_counts *n = &r->workers[w];
		for (unsigned p = 0; p < TALLY_PROTOCOLS; p++) {
			sum_requests(sum, n, p);
			for (unsigned f = 0; f < TALLY_FAMILIES; f++)
				sum_numbers(sum->response_sizes[p], &n->messages[p][f][TALLY_TYPES * TALLY_SIZE_PLACES], TALLY_SIZES + 1);
		}
		sum_responses(sum, n);
		tally_add(&sum->with_do, counter_read(&n->with_do));
		tally_add(&sum->time_ns, counter_read(&n->time_ns));
		sum_numbers(sum->times, n->times, TALLY_TIMES + 1);
		sum_numbers(sum->request_octets, n->request_octets, TALLY_PROTOCOLS);
		sum_numbers(sum->response_octets, n->response_octets, TALLY_PROTOCOLS);
		sum_numbers(sum->cache, n->cache, TALLY_CACHE);
		sum_numbers(sum->deeds, n->deeds, TALLY_DEEDS);
	}
}
