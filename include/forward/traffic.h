/* traffic.h - what went to each upstream and what came back, counted: CoreDNS's coredns_proxy_* and coredns_forward_*. Each worker writes numbers of its
 * own, at fixed places: no lock, no cache line that others write. They live as long as the list of upstreams, so they never go back while it is used,
 * whoever comes and goes. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#define TRAFFIC_TIMES                                                                                                                      \
	16 /* bounds of the histograms, as those of coredns_dns_request_duration_seconds: 250 µs, and each twice the one before */
#define TRAFFIC_RCODES 12 /* 0 to 10 by their number (RFC 1035, RFC 2136); the last place is all others */

enum traffic_protocol {
	TRAFFIC_UDP,
	TRAFFIC_TCP,
	TRAFFIC_TLS, /* as Go calls it: tcp-tls */
};
#define TRAFFIC_PROTOCOLS 3

/* Written by one worker, read by any thread at any time: each number by itself is right. */
typedef _Atomic(uint64_t) traffic_number;

/* Of one upstream. Probes count only where it says so. */
struct traffic_numbers {
	_Alignas(64) traffic_number requests; /* tries: of one question there may be several */
	/* Replies to them, by rcode and by how long they took, connecting included; one more place for what took longer than the last bound. */
	traffic_number times[TRAFFIC_RCODES][TRAFFIC_TIMES + 1];
	traffic_number ns[TRAFFIC_RCODES];        /* all together */
	traffic_number reused[TRAFFIC_PROTOCOLS]; /* tries that found a socket or a connection */
	traffic_number opened[TRAFFIC_PROTOCOLS]; /* and those that one was opened for */
	traffic_number probe_failures;
};

/* Of a whole list. */
struct traffic_totals {
	_Alignas(64) traffic_number all_down; /* questions that found no upstream to be up */
	traffic_number rejected;              /* by max_concurrent */
};

struct upstreams;

/* All workers together: *sum has no other reader. index: of u->list. Any thread. */
void upstreams_traffic(const struct upstreams *u, unsigned index, struct traffic_numbers *sum);
void upstreams_totals(const struct upstreams *u, struct traffic_totals *sum);
