/* cluster.h - one source of names, whole: the objects of manifests or of an API server, the store that joins them, the zone made of them.
 * A process may have several. Every function is for the thread that made it, the control thread, which has called rcu_thread_begin();
 * the zone is read by workers. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"
#include "cluster/programming.h"
#include "config/kubernetes.h"
#include "manifest/manifest.h"
#include "store/store.h"
#include "watch/watch.h"
#include "zone/clients.h"
#include "zone/zone.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

struct cluster_options {
	const struct kubernetes_options *kubernetes; /* which names, and which objects */
	const struct api_endpoint *endpoint;         /* the objects come from there; NULL: from files */
	const char *const *files;                    /* manifests, folders, "-" */
	unsigned file_count;
	struct manifest_options manifest;
	bool clients; /* cluster_clients() will be asked */
};

struct cluster;

/* A cluster that holds nothing. What the options point to is borrowed while it lives. Standard input, where it is a manifest, is read
 * here, so that it counts again at every load. On error diag says why. */
enum err cluster_new(const struct cluster_options *options, struct cluster **out, struct diag *d);

/* After the last reader of its zone is gone; frees also what waits for a grace period. Takes NULL. */
void cluster_free(struct cluster *c);

/* What one load did. */
struct cluster_changes {
	size_t changed, gone; /* Services */
	unsigned errors;      /* things reported that made it fail */
	unsigned ms;          /* from the first octet read to the last name served */
};

/* Reads all manifests and, if they are good, makes their objects the whole of what is served: what is equal stays as it is, each
 * Service that differs changes in one step. What is wrong is logged line by line; then nothing has changed. Manifests that have lost all their
 * objects are wrong. ERR_NOMEM may leave a part applied; loading again mends it. */
enum err cluster_load(struct cluster *c, struct cluster_changes *changes);

/* cluster_load() for data that is already served: says in one line what changed, or that the old data stays. */
enum err cluster_reload(struct cluster *c);

/* Called once, when the whole cluster has been read, ms milliseconds after the start. */
typedef void cluster_read(void *arg, struct cluster *c, unsigned ms);

/* Reads the API server's objects and keeps up with them, from the loop's next turn on. Until all was read once, its names get SERVFAIL. Once. */
enum err cluster_watch(struct cluster *c, uv_loop_t *loop, cluster_read *on_read, void *arg, struct diag *d);

/* Stops that. While the loop still is there to close handles; what was read stays. Takes NULL. */
void cluster_unwatch(struct cluster *c);

/* Services have changed, and every reader sees it: cells as in zone.h, good for the call. */
typedef void cluster_changed(void *arg, const struct zone_cells *cells);

/* Who is called when a load, or a turn of what is watched, has changed Services: once for all of them. NULL: nobody any more. */
void cluster_on_changed(struct cluster *c, cluster_changed *on_changed, void *arg);

/* The NS of its zones has these addresses from now on (zone.h). Does nothing where it has them already. ERR_NOMEM. */
enum err cluster_set_self(struct cluster *c, const struct addr *addrs, size_t n);

/* What a cache in front of it would make of its TTLs, which has bounds: no TTL is more than most_s, and of the SOA in negative answers more than
 * negative_most_s. UINT32_MAX: no bound. */
void cluster_cap_ttls(struct cluster *c, uint32_t most_s, uint32_t negative_most_s);

/* As they were given; good while the cluster lives. */
const struct cluster_options *cluster_options(const struct cluster *c);

/* The objects as they are. Borrowed until the next load. */
const struct store *cluster_store(const struct cluster *c);

/* What is served; the writer's functions of zone.h are for the control thread. */
struct zone *cluster_zone(const struct cluster *c);
struct zone *cluster_external_zone(const struct cluster *c); /* of k8s_external; NULL: there is none */

/* Its pods, but those on their node's network. NULL: options.clients is false. Workers read it. */
const struct clients *cluster_clients(const struct cluster *c);

/* How its watches are getting on; none where it is made of manifests. */
unsigned cluster_watches(const struct cluster *c, struct watch_status status[WATCH_STATUSES]);

/* What its requests to the API server came to (api.h); NULL: it is not watched. Borrowed until the loop turns. */
const struct api_counts *cluster_api_counts(const struct cluster *c);

/* What is served was not read from the cluster yet, but from a snapshot. */
bool cluster_is_stale(const struct cluster *c);

/* How soon changes were served, since it was read. */
const struct programming *cluster_programming(const struct cluster *c);

/* For query_policy.known. */
const atomic_bool *cluster_known(const struct cluster *c);
