/* zone.h - every name we answer for. One writer, the control thread, replaces all names of a Service together; readers on any
 * worker hold an RCU read section (base/rcu.h), so one reply never mixes two states of a Service. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "dns/name.h"
#include "zone/generation.h"

struct zone;

struct zone_options {
	const struct name *origin; /* "cluster.local.", copied */
	uint32_t ttl_s;            /* of records, and SOA MINIMUM: 0 to 3600 */
	uint32_t negative_ttl_s;   /* TTL of the SOA in negative answers */
};

/* Serves origin and the reverse zones in-addr.arpa and ip6.arpa; empty. NULL: out of memory. */
struct zone *zone_new(const struct zone_options *options);
void zone_free(struct zone *z); /* after the last reader is gone; takes NULL */

/* --- the writer --- */

/* All names of the Service become those of g, at once for every reader; takes g. Reverse names follow in the same step: a reader
 * of the old generation does not see the new addresses, nor the other way round. ERR_NOMEM: the old one stays, g is freed. */
enum err zone_publish(struct zone *z, const char *ns, const char *service, struct generation *g);

/* Removes the Service's names. */
void zone_withdraw(struct zone *z, const char *ns, const char *service);

enum err zone_add_namespace(struct zone *z, const char *ns);
void zone_remove_namespace(struct zone *z, const char *ns);

/* The server's own addresses: where one is a ClusterIP or an endpoint of a Service, that Service's name is the zone's NS; else ns.dns.<origin> with these. */
enum err zone_set_self(struct zone *z, const struct addr *addrs, size_t n);

struct zone_counts {
	size_t services, names, addresses; /* names: nodes that exist; addresses: distinct ones with a PTR */
	size_t bytes;                      /* of all generations */
};
struct zone_counts zone_counts(const struct zone *z);

/* --- readers --- */
