/* zone.h - every name we answer for, in one zone or several that have the same names below another apex, and the reverse zones that lead
 * to them. One writer, the control thread, replaces all names of a Service together; readers on any
 * worker hold an RCU read section (base/rcu.h), so one reply never mixes two states of a Service. */
#pragma once
#include "base/err.h"
#include "base/table.h"
#include "dns/name.h"
#include "zone/compat.h"
#include "zone/generation.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct zone;

/* Forward zones have the names of one of these. */
enum zone_tree {
	ZONE_CLUSTER,     /* Services */
	ZONE_CLUSTER_SET, /* what several clusters share: ServiceImports (KEP-1645); nothing leads back to them */
};

/* Names of pods by address, <a-b-c-d>.<ns>.pod: which of them there are. */
enum zone_pods {
	ZONE_PODS_DISABLED, /* none */
	ZONE_PODS_INSECURE, /* those of all addresses, in every namespace */
	ZONE_PODS_VERIFIED, /* those that a pod of the namespace has, as zone_add_pod() told */
};

struct zone_options {
	const struct name *origins; /* copied; those that are in-addr.arpa, ip6.arpa or below are reverse zones, the others forward ones */
	unsigned origin_count;      /* up to ZONE_ORIGINS_MAX; no two of them equal */
	const struct name *cluster_sets; /* those of the forward ones that are a cluster set's */
	unsigned cluster_set_count;
	uint32_t ttl_s;          /* of records, and SOA MINIMUM: 0 to 3600 */
	uint32_t negative_ttl_s; /* TTL of the SOA in negative answers; as CoreDNS denies (COMPAT_DENIAL), it is that of records */
	enum zone_pods pods;
	/* NULL: as above. Else an external zone: names are <service>.<ns>.<origin>, and the name server is ns1 below this label. */
	const char *external;
	uint16_t compat; /* bits of enum compat, also of those that count where answers are decided (query/) */
};

#define ZONE_ORIGINS_MAX 255

/* Octets of an origin: what we name below it ourselves (ns.dns, hostmaster, a Service of the longest name) is a name then. */
#define ZONE_ORIGIN_MAX 120

/* Serves these origins, of which a name belongs to the longest; empty. The names that PTR records lead to end in the first forward
 * one. NULL: out of memory, or the origins are not as they must be: no forward one, too many, or one longer than ZONE_ORIGIN_MAX. */
struct zone *zone_new(const struct zone_options *options);
void zone_free(struct zone *z); /* after the last reader is gone; takes NULL */

/* --- the writer --- */

/* All names of the Service become those of g, at once for every reader; takes g. Reverse names follow in the same step: a reader
 * of the old generation does not see the new addresses, nor the other way round. ERR_NOMEM, or ERR_RANGE where ns or service is no
 * label of 1 to 63 octets: the old one stays, g is freed. */
enum err zone_publish(struct zone *z, enum zone_tree tree, const char *ns, const char *service, struct generation *g);

/* Removes the Service's names. */
void zone_withdraw(struct zone *z, enum zone_tree tree, const char *ns, const char *service);

/* A Service is answered for only while its namespace is there. Both do nothing where it is so already. Errors as above. */
enum err zone_add_namespace(struct zone *z, const char *ns);
void zone_remove_namespace(struct zone *z, const char *ns);

/* A pod of the namespace has these addresses; it has them no longer. Unless pods are verified, nothing happens. ERR_NOMEM, or ERR_RANGE
 * where ns is no label: nothing has changed. */
enum err zone_add_pod(struct zone *z, const char *ns, const struct addr *addrs, size_t n);
void zone_remove_pod(struct zone *z, const char *ns, const struct addr *addrs, size_t n);

/* The server's own addresses: where one is a ClusterIP or an endpoint of a Service, that Service's name is the zone's NS (one with
 * a ClusterIP first, then by name), for as long as it is so; else ns.dns.<origin> with these. ERR_NOMEM: the old ones stay. */
enum err zone_set_self(struct zone *z, const struct addr *addrs, size_t n);

/* From now on no TTL is more than most_s, and of the SOA in negative answers more than negative_most_s. The SOA's MINIMUM stays. UINT32_MAX: as
 * zone_new() was told. */
void zone_cap_ttls(struct zone *z, uint32_t most_s, uint32_t negative_most_s);

/* Services by the hash of their names, in so many cells: a set of cells has every Service that it is of, and may have others. */
#define ZONE_CELLS 256
struct zone_cells {
	uint64_t bits[ZONE_CELLS / 64];
};

/* The cells of the Services whose names have changed since the last call. */
struct zone_cells zone_take_changed(struct zone *z);

struct zone_counts {
	size_t services, names, addresses; /* names: nodes that are there; addresses: distinct ones with a PTR */
	size_t bytes;                      /* of all generations */
};
/* How much there is now. The writer. */
struct zone_counts zone_counts(const struct zone *z);

/* --- readers --- */

/* True for in-addr.arpa, ip6.arpa and what is below. */
bool zone_is_reverse(const struct name *origin);

/* forward, and the reverse zones of all addresses: what is served where nothing else is asked for. */
#define ZONE_WITH_REVERSE 3
void zone_with_reverse(struct name origins[ZONE_WITH_REVERSE], const struct name *forward);

/* What answers are made with. Nothing of it changes but the atomic ones, by zone_cap_ttls. */
struct zone_settings {
	struct name origin; /* the first forward one, as it was given to zone_new */
	_Atomic(uint32_t) ttl_s, negative_ttl_s;
	_Atomic(uint32_t) version_ttl_s; /* of dns-version.<zone> TXT */
	uint32_t minimum_s;              /* SOA MINIMUM */
	enum zone_pods pods;
	uint16_t compat;      /* bits of enum compat */
	uint8_t svc_len;      /* octets of "svc" between a namespace and an apex; 0: an external zone, which has none */
	uint8_t external[64]; /* wire form, lower case: the label that the name server of an external zone is below */
};
const struct zone_settings *zone_settings(const struct zone *z);

/* RFC 1035 3.3.13. */
#define ZONE_SOA_REFRESH_S 7200
#define ZONE_SOA_RETRY_S   1800
#define ZONE_SOA_EXPIRE_S  86400
#define ZONE_SOA_TTL_MAX_S 300

/* The TXT record of dns-version, the specification's version, which changes with the program only. */
#define ZONE_VERSION_TTL_S 28800
#define ZONE_VERSION_RDATA "\0051.1.0"

/* Of the last change: rises with each, and is no less than the time of it in seconds since 1970. */
uint32_t zone_serial(const struct zone *z);

enum zone_place {
	ZONE_OUTSIDE,       /* in none of our zones */
	ZONE_OWN,           /* a forward origin and what stands beside the Services: svc, pod, dns, ns.dns, dns-version */
	ZONE_NAMESPACE,     /* <ns>.svc */
	ZONE_SERVICE,       /* <service>.<ns>.svc and all below */
	ZONE_EXTERNAL,      /* <service>.<ns> of an external zone and all below */
	ZONE_POD_NAMESPACE, /* <ns>.pod */
	ZONE_POD,           /* <address>.<ns>.pod and all below */
	ZONE_REVERSE,       /* a reverse origin and all below */
};

/* Where a name belongs: what the first step found out, for the second. */
struct zone_spot {
	uint64_t hash;
	uint8_t place;    /* enum zone_place */
	uint8_t tree;     /* enum zone_tree */
	uint8_t apex;     /* number of labels left of the apex of the zone that it is in */
	uint8_t bits;     /* ZONE_REVERSE: how much of addr the name says; REVERSE_NO_ADDR: it says nothing that is one */
	bool exact;       /* ZONE_POD: the label is addr as it is customarily written */
	struct addr addr; /* ZONE_POD: of the label; ADDR_NONE if that is none */
};
#define REVERSE_NO_ADDR 255

/* The reverse name of an address, not one above any. */
static inline bool zone_is_whole_address(const struct zone_spot *spot)
{
	return spot->place == ZONE_REVERSE && spot->bits == 8 * addr_len(&spot->addr);
}

/* First step: finds the zone and hashes the key. name is lower case. It reads nothing that changes, so it needs no read section. */
void zone_locate(const struct zone *z, const struct name *name, struct zone_spot *spot);

/* Brings the memory that zone_find reads first towards the processor. It reads where a table's array is, so the caller holds a read section. */
void zone_prefetch(const struct zone *z, const struct zone_spot *spot);

/* What stands at a name. generation and node are good until the read section ends, and are what was found when it was looked for: whoever
 * writes an answer from them writes one state. */
struct zone_found {
	bool exists;     /* false: NXDOMAIN, and has is 0 */
	uint8_t absence; /* enum absence: why it does not exist; NONE if it does */
	uint16_t has;    /* RRsets, bits of enum has */
	const struct generation
	        *generation;      /* NULL where has is within HAS_SOA | HAS_NS | HAS_TXT, and for ZONE_POD: its address is the spot's */
	const struct node *node;  /* of generation: rdata of A, AAAA, SRV; the name that the (first) PTR leads to */
	const void *first_holder; /* private: for zone_next_holder */
};

/* Second step, within a read section; what it finds is good until that ends. Where spot->place is ZONE_OUTSIDE nothing exists. */
void zone_find(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found);

/* The PTRs of one address. The first is what zone_find found: it is of the Service that a pod with this address names as its subdomain, or else of
 * the first Service by name. With *seen begun, each call makes found->node the node of another one, by the names of the Services. False: there
 * are no more. */
#define ZONE_HOLDERS 32
struct zone_holders { /* private */
	struct {
		const void *slot;
		const struct generation *generation;
		const struct node *node;
	} next[ZONE_HOLDERS];
	unsigned count, at;
	bool complete;    /* behind those of next there are no more */
	const void *last; /* the slot given out last; NULL: none */
};
static inline void zone_holders_begin(struct zone_holders *seen)
{
	seen->count = seen->at = 0;
	seen->complete = false;
	seen->last = NULL;
}
bool zone_next_holder(const struct zone *z, const struct zone_spot *spot, struct zone_found *found, struct zone_holders *seen);

/* The cell of the Service that the name belongs to. Of the place ZONE_SERVICE alone. */
static inline unsigned zone_cell(const struct zone_spot *spot)
{
	return (unsigned)(spot->hash >> 56);
}

/* Of a name that zone_find() did not find. True if it is about to exist: of a pod that is there and not ready yet, and where no pod of a headless Service is
 * ready, the Service's own and those of its ports. What makes it exist is a change in its cell. True, too, if it has come to exist since it was
 * looked for: who looks once more finds it. */
bool zone_awaits(const struct zone *z, const struct name *name, const struct zone_spot *spot);

/* The name server of the zones of a tree: the Service that the server's own addresses belong to, with its generation and node; false: it is
 * ns.dns below the apex, and generation and node are where its addresses are. */
bool zone_name_server(const struct zone *z, enum zone_tree tree, const struct generation **generation, const struct node **node);
