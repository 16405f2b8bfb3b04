/* query.h - a query's way from bytes to bytes: parse, look up, decide, write. No sockets, no waiting, nothing allocated, locked or
 * logged. Everything read is immutable or under the caller's RCU read section, so any number of workers run it side by side. */
#pragma once
#include "base/counter.h"
#include "dns/message.h"
#include "zone/zone.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum query_transport { QUERY_UDP, QUERY_TCP };

/* How to answer; made once, read by all workers. */
struct query_policy {
	const struct zone *zone; /* NULL: no name is ours */
	bool rotate;             /* sets of addresses and SRV records begin at one drawn anew each time */
	bool outside_nxdomain;   /* names of no zone of ours: NXDOMAIN instead of REFUSED (a namespace with no other DNS) */
	bool ede;                /* clients that sent EDNS are told why they get no records (RFC 8914) */
	bool fallthrough; /* names of our zones that do not exist go on to the next in line (QUERY_FALLTHROUGH); reverse ones also without a PTR */
	const struct name *fallthrough_zones; /* only names in one of these go on; */
	unsigned fallthrough_count;           /* 0: all do */
	unsigned max_answers;      /* an answer has at most so many records of one set, and is not called truncated for that; 0: no bound */
	const struct name *search; /* a name of no zone of ours may exist below one of these: the answer is a CNAME to the first that */
	unsigned search_count;     /* does, and its records; 0: none is looked for */
	unsigned hold_ms;          /* who asks for a name that is about to exist is to wait so long (QUERY_AWAITED); 0: nobody is */
	const atomic_bool *known;  /* false: what the zone holds is not known yet, so that its names get SERVFAIL; NULL: it is */
};

/* Where queries are counted that have no response: no rcode is so large (BADCOOKIE is 23). */
#define QUERY_SILENT 30 /* none is due, or a step let it drop */
#define QUERY_GONE   31 /* whoever asked was gone when it came */
#define QUERY_RCODES 32

/* How queries ended since the start: each at one place, by the reason for a "no" and the rcode. The worker's alone to write. */
struct query_counters {
	counter ended[ABSENCES][QUERY_RCODES]; /* by enum absence, enum dns_rcode */
};

/* What one worker keeps between queries. Owned by its thread. */
struct query_state {
	struct query_counters counters;
	uint64_t rotor; /* where the next rotation begins is drawn from it: a plain count would march in step with clients that ask A and
	                 * AAAA, or two names, by turns, and give each the same address always */
};

/* What became of a query: where somebody is next in line, it goes on to them. A whole response was written in each case, for where nobody is. */
enum query_outcome {
	QUERY_ANSWERED,    /* or is not to be answered at all */
	QUERY_OUTSIDE,     /* it is about a name of no zone of ours: it was refused */
	QUERY_FALLTHROUGH, /* it was answered in the negative, but the policy says that others may know better */
	QUERY_CHASE,       /* the answer ends in a CNAME that leads out of our zones: what it leads to is missing */
	QUERY_AWAITED,     /* it was answered in the negative, but the policy says that the client waits for what is about to exist */
};

/* One query under way. */
struct query {
	struct request request;
	enum request_verdict verdict;
	enum query_transport transport;
	enum query_outcome outcome; /* set by query_answer */
	uint8_t rcode, absence;     /* of the response: set by query_answer, and by whoever else answers */
	uint16_t target;       /* QUERY_CHASE: where in the response the last CNAME's target stands, uncompressed; QUERY_AWAITED: so does
	                             * the name that is missing */
	struct zone_spot spot; /* private to query/: what parsing already knows of the name, so that the look-up does not start anew */
};

/* First step: parses; then, where verdict is REQUEST_OK, request.qname decides which policy is the query's. bytes must stay until
 * query_answer returned. */
void query_begin(struct query *q, enum query_transport transport, const uint8_t *bytes, size_t len);

/* Second step: brings the memory that the look-up will touch towards the processor. A batch does this for all its queries before it
 * answers the first. */
void query_locate(struct query *q, const struct query_policy *policy);

/* Last step, with the same policy: writes the response to out (cap at least 512 octets; 65,535 over TCP) and returns its length; 0: no
 * response is to be sent. */
size_t query_answer(struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out, size_t cap);

/* After query_locate(), for a name of no zone of ours: where it exists below one of the policy's search names, writes the response, as query_answer(), and
 * returns its length; else 0, and nothing was done. */
size_t query_answer_searched(struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out, size_t cap);

/* Counts a query that has ended, once. */
static inline void query_count(struct query_state *state, const struct query *q)
{
	counter_add(&state->counters.ended[q->absence][q->rcode], 1);
}
