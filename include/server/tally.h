/* tally.h - how many queries came, of which kind, and how they were answered: what CoreDNS 1.15 counts as coredns_dns_*. Counted by labels that a query's
 * route has (server, zone, view: a row), in numbers that each worker has of its own, at fixed places: no hash, no lock, no shared cache line. Rows are made
 * and read by the control thread; they live as long as the tally, so that numbers never go back when the configuration changes. */
#pragma once
#include "base/counter.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define TALLY_TYPES     20 /* those that CoreDNS names, and other */
#define TALLY_RCODES    24
#define TALLY_ANSWERERS 40 /* who may have answered: 0 is nobody; see tally_answerer() */
#define TALLY_TIMES     16 /* bounds of histograms: one number more */
#define TALLY_SIZES     14

/* Both in the order of enum query_transport and of IPv4, IPv6. */
#define TALLY_PROTOCOLS 2
#define TALLY_FAMILIES  2

/* What became of questions at a cache, and of what it keeps. Failures are denials here, as CoreDNS has them. */
enum tally_cache {
	TALLY_CACHE_SUCCESSES, /* hits */
	TALLY_CACHE_DENIALS,
	TALLY_CACHE_MISSES,
	TALLY_CACHE_PREFETCHES,        /* questions that are asked anew while the answer is there */
	TALLY_CACHE_STALE,             /* answers past their end that were given */
	TALLY_CACHE_DROPS,             /* replies of upstreams that can't be read */
	TALLY_CACHE_EVICTED_SUCCESSES, /* that had to make room */
	TALLY_CACHE_EVICTED_DENIALS,
};
#define TALLY_CACHE 8

/* What steps did with queries, where CoreDNS has a counter of its own for that. */
enum tally_deed {
	TALLY_ACL_ALLOWED,
	TALLY_ACL_BLOCKED,
	TALLY_ACL_FILTERED,
	TALLY_ACL_DROPPED,
	TALLY_LOCALHOST, /* names that begin with localhost, which a search list has made */
};
#define TALLY_DEEDS 5

typedef counter tally_number;

#define TALLY_SIZE_PLACES  16 /* of TALLY_SIZES + 1 numbers: as many as shifts reach */
#define TALLY_RCODE_PLACES 32

/* What one worker counts for one row: what a query adds to, it adds to at once where one number tells of several things. */
struct tally_counts {
	/* Requests by type, then size; behind them the sizes of responses. */
	_Alignas(64) tally_number messages[TALLY_PROTOCOLS][TALLY_FAMILIES][(TALLY_TYPES + 1) * TALLY_SIZE_PLACES];
	tally_number with_do;
	tally_number times[TALLY_TIMES + 1], time_ns;
	tally_number request_octets[TALLY_PROTOCOLS], response_octets[TALLY_PROTOCOLS];
	tally_number responses[TALLY_ANSWERERS * TALLY_RCODE_PLACES]; /* by who answered, then rcode */
	tally_number cache[TALLY_CACHE];
	tally_number deeds[TALLY_DEEDS];
};

/* What all workers counted for one row. */
struct tally_numbers {
	tally_number requests[TALLY_PROTOCOLS][TALLY_FAMILIES][TALLY_TYPES];
	tally_number with_do;
	tally_number times[TALLY_TIMES + 1], time_ns;
	tally_number request_sizes[TALLY_PROTOCOLS][TALLY_SIZES + 1], request_octets[TALLY_PROTOCOLS];
	tally_number response_sizes[TALLY_PROTOCOLS][TALLY_SIZES + 1], response_octets[TALLY_PROTOCOLS];
	tally_number responses[TALLY_RCODES][TALLY_ANSWERERS];
	tally_number cache[TALLY_CACHE];
	tally_number deeds[TALLY_DEEDS];
};

struct tally_row {
	SLIST_ENTRY(tally_row) next;
	char *server, *zone, *view;   /* "dns://:53", "cluster.local.", "" */
	struct tally_counts *workers; /* one for each */
};

struct tally {
	SLIST_HEAD(, tally_row) rows; /* the newest first */
	unsigned workers;
	const char *answerers[TALLY_ANSWERERS]; /* "", then as they were asked for */
	unsigned answerer_count;
};

/* There are no rows yet. Control thread, as tally_clear(), which frees all rows after the last worker has ended. */
void tally_init(struct tally *t, unsigned workers);
void tally_clear(struct tally *t);

/* The row of these labels, made if there is none. NULL: out of memory. Control thread. */
struct tally_row *tally_row(struct tally *t, const char *server, const char *zone, const char *view);

/* The same, but NULL where there is none. Control thread. */
const struct tally_row *tally_find(const struct tally *t, const char *server, const char *zone, const char *view);

/* The place of who answers: a directive's name, which is borrowed. Beyond TALLY_ANSWERERS all are nobody. Control thread. */
uint8_t tally_answerer(struct tally *t, const char *name);

/* A query that is done. */
struct tally_query {
	bool tcp, ipv6, with_do;
	uint8_t rcode;    /* of the response, extended ones included; those that have no place are not counted by rcode */
	uint8_t answerer; /* below TALLY_ANSWERERS */
	uint16_t type;
	size_t request_len, response_len; /* 0: no response was sent */
	uint64_t ns;                      /* that it took */
};

/* On the worker's thread; takes a few nanoseconds. */
void tally_count(struct tally_row *r, unsigned worker, const struct tally_query *q);

/* Queries of one row that came by one socket and were done together, and whose messages are short, as nearly all are: cheaper than tally_count(), since
 * what they share is counted once. On the worker's thread. */
struct tally_run {
	tally_number *messages, *responses, *with_do;
};

#define TALLY_SHORT     512 /* octets of a short message, at most */
#define TALLY_LOW_TYPES 512
extern const uint8_t tally_short_sizes[TALLY_SHORT + 1]; /* private: the places of lengths; */
extern const uint16_t tally_types[TALLY_LOW_TYPES];      /* where a type's sizes begin */

/* None is counted yet. All of a run come by one transport and one family. */
static inline struct tally_run tally_run_begin(struct tally_row *r, unsigned worker, bool tcp, bool ipv6)
{
	struct tally_counts *n = &r->workers[worker];
	return (struct tally_run){n->messages[tcp][ipv6], n->responses, &n->with_do};
}

/* queries: so many were counted, of whose messages tally_run_count() returned that sum; ns: what each of them took. The rest as for tally_run_begin(). */
void tally_run_end(struct tally_row *r, unsigned worker, bool tcp, unsigned queries, uint64_t octets, uint64_t ns);

/* False: it is to be counted by tally_count(). */
static inline bool tally_is_short(uint16_t type, size_t request_len, size_t response_len)
{
	_Static_assert(TALLY_SHORT == TALLY_LOW_TYPES, "one comparison tells all");
	return ((response_len - 1) | request_len | type) < TALLY_SHORT; /* 0 octets of a response are not */
}

/* On the worker's thread whose number it is. */
static inline void tally_add(tally_number *n, uint64_t amount)
{
	counter_add(n, amount);
}

/* Of short messages; rcode below TALLY_RCODE_PLACES, answerer below TALLY_ANSWERERS. Returns octets of the request, and, from bit 32 on, of the response. */
static inline uint64_t tally_run_count(const struct tally_run *run, uint16_t type, bool with_do, size_t request_len, size_t rcode,
                                       size_t answerer, size_t response_len)
{
	if (with_do)
		tally_add(run->with_do, 1);
	tally_add(&run->messages[(size_t)tally_types[type] + tally_short_sizes[request_len]], 1);
	tally_add(&run->messages[TALLY_TYPES * TALLY_SIZE_PLACES + tally_short_sizes[response_len]], 1);
	tally_add(&run->responses[answerer * TALLY_RCODE_PLACES + rcode], 1);
	return request_len + ((uint64_t)response_len << 32);
}

/* So many of them, on the worker's thread. r NULL: does nothing. */
void tally_cache(struct tally_row *r, unsigned worker, enum tally_cache what, unsigned amount);

/* One of them, on the worker's thread. r NULL: does nothing. */
void tally_deed(struct tally_row *r, unsigned worker, enum tally_deed what);

/* All workers together, as plain numbers of the same places: *sum has no other reader. */
void tally_sum(const struct tally *t, const struct tally_row *r, struct tally_numbers *sum);

/* --- labels --- */

extern const double tally_time_bounds[TALLY_TIMES]; /* seconds */
extern const double tally_size_bounds[TALLY_SIZES]; /* octets */

/* "other", "A", …. */
const char *tally_type_name(unsigned at);
/* "NOERROR", …; NULL: the number has no name. */
const char *tally_rcode_name(unsigned rcode);
