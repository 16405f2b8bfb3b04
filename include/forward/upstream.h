/* upstream.h - the resolvers that questions are forwarded to: what is known of them before anything is sent, and what all workers share of
 * them while they are asked. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include "dns/name.h"
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPSTREAMS_MAX     64 /* CoreDNS takes 15 words, one of which may be a file with several */
#define UPSTREAM_TEXT_MAX 72
#define SERVER_NAME_MAX   256 /* with the NUL */

enum upstream_transport {
	UPSTREAM_PLAIN, /* UDP, and TCP where that is wanted */
	UPSTREAM_TLS,   /* RFC 7858 */
	UPSTREAM_HTTPS, /* RFC 8484, at /dns-query */
};

/* One resolver. A value. */
struct upstream {
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at; /* address and port, network order; IPv6 with its scope */
	enum upstream_transport transport;
	char server_name[SERVER_NAME_MAX]; /* that its certificate must be for; empty: its address. Not with UPSTREAM_PLAIN */
};

/* "10.0.0.10", "10.0.0.10:5353", "2001:db8::1", "[2001:db8::1]:53", "fe80::1%eth0" and each with "dns://" before it; port 53 where none is said. With
 * "tls://" the port is 853, with "https://" 443, and what follows "%" is the server's name: "tls://9.9.9.9%dns.quad9.net".
 * An IPv4-mapped IPv6 address is the IPv4 one. ERR_SYNTAX, ERR_RANGE (port), ERR_MISSING (no such interface) with diag, which quotes text. */
enum err upstream_parse(const char *text, struct upstream *u, struct diag *d);

/* The same with a host's name in place of the address: *u has no family yet, and host the name as it is written. With TLS and no name
 * behind "%", the host's is the server's. ERR_SYNTAX: it is none; ERR_RANGE (port). With diag. */
enum err upstream_parse_host(const char *text, struct upstream *u, char host[SERVER_NAME_MAX], struct diag *d);

/* Gives one of upstream_parse_host() an address. */
void upstream_set_address(struct upstream *u, const struct addr *a);

/* "10.0.0.10:53", "[2001:db8::1]:53", "[fe80::1%2]:53": the scope as its number. */
void upstream_format(const struct upstream *u, char text[UPSTREAM_TEXT_MAX]);

/* The same address and port. */
bool upstream_equal(const struct upstream *a, const struct upstream *b);

/* Octets of u->at. */
size_t upstream_address_len(const struct upstream *u);

/* In which order a question goes to upstreams. */
enum forward_policy {
	FORWARD_RANDOM,      /* a fresh permutation for each question */
	FORWARD_ROUND_ROBIN, /* each question begins one further on, counted a worker */
	FORWARD_SEQUENTIAL,  /* always from the first */
	FORWARD_FASTEST,     /* by smoothed round-trip time, those never asked first; one question in 32 begins with another */
};

/* All zero are the defaults, which are CoreDNS's. */
struct forward_options {
	enum forward_policy policy;
	bool force_tcp;                /* never ask over UDP */
	bool failfast;                 /* all upstreams down: no answer at once, instead of trying them all the same */
	bool never_down;               /* max_fails 0: upstreams are neither counted out nor probed */
	unsigned max_fails;            /* failed probes in a row that are one too few to be down; default if 0: 2 */
	unsigned max_concurrent;       /* questions under way over all workers; 0: no bound */
	unsigned max_connect_attempts; /* tries of a question at most; 0: as many as the time allows */
	unsigned read_timeout_ms;      /* caps what a try waits; default if 0: FORWARD_TRY_MS_MAX */
	unsigned max_age_ms;           /* sockets and connections take nothing new that long after they were opened; 0: no bound */
	unsigned max_idle;             /* connections of one worker to one upstream that are kept idle; 0: no bound */
	unsigned expire_ms;            /* idle connections are closed after it; default if 0: FORWARD_EXPIRE_MS */
	unsigned health_ms;            /* from one probe to the next; default if 0: 500 */
	bool health_no_rec;            /* probes have RD 0 */
	struct name health_domain;     /* probes ask its NS; len 0: the root's */
	uint32_t failover;             /* bit N: a reply with rcode N sends the question to the next upstream */
	bool doh_get;                  /* over HTTPS by GET, not POST */
	struct trust *trust;           /* for upstreams over TLS, which need one */
	struct addr source;            /* queries leave from it to upstreams of its family; family ADDR_NONE: the system chooses */
};

#define FORWARD_TRY_MS_MIN 200
#define FORWARD_TRY_MS_MAX 1500
#define FORWARD_FLIGHT_MS  4500 /* so that an answer is out before a stub resolver's 5 s */
#define FORWARD_EXPIRE_MS  10000
#define FORWARD_PROBE_MS   1000 /* what a probe waits */

struct traffic;
struct trust;

/* What all workers know of one upstream. */
struct upstream_health {
	atomic_uint fails;         /* probes that failed since one succeeded */
	atomic_bool probing;       /* some worker does */
	atomic_bool leads_back;    /* what it is asked comes back to us; for good */
	_Atomic(uint64_t) told_ms; /* when its trouble with TLS was said last, of the loops' clock; 0: never */
};

/* A list of upstreams and how to use it. Immutable but for the atomic members; must outlive the forwarders that use it. */
struct upstreams {
	struct forward_options options; /* defaults filled in */
	atomic_uint under_way;          /* flights of all workers, counted only where max_concurrent is set */
	struct upstream_health health[UPSTREAMS_MAX];
	_Atomic(struct traffic *) traffic; /* what each worker counted (forward/traffic.h) */
	unsigned count;
	struct upstream list[UPSTREAMS_MAX];
};

/* Duplicates are dropped. The trust gets another user. ERR_NOMEM; ERR_RANGE: none, or more than UPSTREAMS_MAX. */
enum err upstreams_new(const struct upstream *list, unsigned count, const struct forward_options *options, struct upstreams **out);
void upstreams_free(struct upstreams *u); /* takes NULL */

/* True if it is taken for down: more than max_fails probes failed, or it leads back. Any thread. */
bool upstream_is_down(const struct upstreams *u, unsigned index);

/* What it is asked comes back to us: no question goes to it any more, whatever the options say, also where all are down. True: that is news. Any thread. */
bool upstream_mark_leads_back(struct upstreams *u, unsigned index);
bool upstream_leads_back(const struct upstreams *u, unsigned index);
