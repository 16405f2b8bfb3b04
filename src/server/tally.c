#include "server/tally.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_TIME_NS UINT64_C(250000) /* each bound is twice the one before */
#define TYPE_OTHER    (TALLY_TYPES - 1)

const double tally_time_bounds[TALLY_TIMES] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
                                               0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};
const double tally_size_bounds[TALLY_SIZES] = {0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};

/* --- labels --- */

static const struct {
	uint16_t type;
	const char *name;
} types[TALLY_TYPES] = {
        {1, "A"},      {28, "AAAA"}, {5, "CNAME"},  {48, "DNSKEY"}, {43, "DS"},   {15, "MX"},   {47, "NSEC"},
        {50, "NSEC3"}, {2, "NS"},    {12, "PTR"},   {46, "RRSIG"},  {6, "SOA"},   {33, "SRV"},  {16, "TXT"},
        {65, "HTTPS"}, {64, "SVCB"}, {251, "IXFR"}, {252, "AXFR"},  {255, "ANY"}, {0, "other"},
};

/* The place of a type in types, by its number; 0, which is A's place, stands for other, since A is looked at first. */
static const uint8_t type_places[256] = {
        [28] = 1,  [5] = 2,  [48] = 3,  [43] = 4,  [15] = 5,  [47] = 6,  [50] = 7,   [2] = 8,    [12] = 9,
        [46] = 10, [6] = 11, [33] = 12, [16] = 13, [65] = 14, [64] = 15, [251] = 16, [252] = 17, [255] = 18,
};

static unsigned type_place(uint16_t type)
{
	if (type == types[0].type)
		return 0;
	return type < sizeof type_places && type_places[type] ? type_places[type] : TYPE_OTHER;
}

const char *tally_type_name(unsigned at)
{
	return types[at].name;
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
	r->workers = aligned_alloc(_Alignof(struct tally_numbers), t->workers * sizeof *r->workers);
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

/* It has one writer. */
static void add(tally_number *n, uint64_t amount)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + amount, memory_order_relaxed);
}

/* The first bound that is not below; bounds are 250 µs, and each twice the one before. */
static unsigned time_place(uint64_t ns)
{
	uint64_t parts = (ns + FIRST_TIME_NS - 1) / FIRST_TIME_NS;
	unsigned place = parts <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(parts - 1);
	return place < TALLY_TIMES ? place : TALLY_TIMES;
}

static unsigned size_place(size_t octets)
{
	static const uint16_t bounds[TALLY_SIZES] = {0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};
	unsigned i = 0;
	while (i < TALLY_SIZES && octets > bounds[i])
		i++;
	return i;
}

static void count_response(struct tally_numbers *n, const struct tally_query *q)
{
	add(&n->response_sizes[q->tcp][size_place(q->response_len)], 1);
	add(&n->response_octets[q->tcp], q->response_len);
	if (q->rcode < TALLY_RCODES && q->answerer < TALLY_ANSWERERS)
		add(&n->responses[q->rcode][q->answerer], 1);
}

void tally_count(struct tally_row *r, unsigned worker, const struct tally_query *q)
{
	struct tally_numbers *n = &r->workers[worker];
	add(&n->requests[q->tcp][q->ipv6][type_place(q->type)], 1);
	if (q->with_do)
		add(&n->with_do, 1);
	add(&n->times[time_place(q->ns)], 1);
	add(&n->time_ns, q->ns);
	add(&n->request_sizes[q->tcp][size_place(q->request_len)], 1);
	add(&n->request_octets[q->tcp], q->request_len);
	if (q->response_len)
		count_response(n, q);
}

void tally_cache(struct tally_row *r, unsigned worker, enum tally_cache what, unsigned amount)
{
	if (r && amount)
		add(&r->workers[worker].cache[what], amount);
}

/* --- reading --- */

/* All of a struct tally_numbers is numbers, but for what fills its last cache line. */
#define NUMBERS (sizeof(struct tally_numbers) / sizeof(tally_number))

void tally_sum(const struct tally *t, const struct tally_row *r, struct tally_numbers *sum)
{
	tally_number *to = (tally_number *)sum;
	memset(sum, 0, sizeof *sum);
	for (unsigned w = 0; w < t->workers; w++) {
		const tally_number *from = (const tally_number *)&r->workers[w];
		for (size_t i = 0; i < NUMBERS; i++)
			add(&to[i], atomic_load_explicit(&from[i], memory_order_relaxed));
	}
}
