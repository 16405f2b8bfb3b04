/* server.h - joins the parts: manifests or a cluster -> store -> zone -> listeners. Builds all and tears it down in reverse. One per process;
 * every function is for the thread that made it, the control thread, but for the answering, which net's workers do. */
#pragma once
#include "base/diag.h"
#include "dns/name.h"
#include "kube/manifest.h"
#include "kube/watch.h"
#include "net/net.h"
#include "query/query.h"
#include "store/store.h"
#include "zone/zone.h"
#include <stdbool.h>
#include <stdint.h>

struct server_options {
	const char *const *files; /* manifests, folders, "-"; borrowed while the server lives */
	unsigned file_count;
	struct manifest_options manifest;
	const struct api_endpoint *cluster; /* what is served comes from there, not from files; borrowed. NULL: from files */
	enum watch_endpoints endpoints;
	struct name zone; /* "cluster.local." */
	uint32_t ttl_s, negative_ttl_s;
	unsigned workers; /* 0: net_default_workers() */
	unsigned tcp_connections_max, tcp_idle_s;
	bool rotate;           /* address sets begin at another address each time */
	bool outside_nxdomain; /* see query.h */
};

struct server;

/* A server that holds nothing and listens nowhere. Standard input, where it is a manifest, is read here, so that it counts again at
 * every load. On error diag says why. */
enum err server_new(const struct server_options *options, struct server **out, struct diag *d);

/* Stops the listeners (answering what was received) and frees everything, also what waits for a grace period. Takes NULL. */
void server_free(struct server *s);

/* What one load did. */
struct server_changes {
	size_t changed, gone; /* Services */
	unsigned errors;      /* wrong things reported, fatal or left out */
	unsigned ms;          /* from the first octet read to the last name served */
};

/* Reads all manifests and, if they are good, makes their objects the whole of what is served: what is equal stays as it is, each
 * Service that differs changes in one step. What is wrong is logged line by line; then nothing has changed. ERR_NOMEM may leave a part applied; loading again mends it. */
enum err server_load(struct server *s, struct server_changes *changes);

/* server_load() for data that is already served: says in one line what changed, or that the old data stays. */
enum err server_reload(struct server *s);

/* Reads the cluster and keeps up with it, from the loop's next turn on. Until all was read once, names of the cluster get SERVFAIL. Once. */
enum err server_watch(struct server *s, uv_loop_t *loop, struct diag *d);

/* Stops that. While the loop still is there to close handles; what was read stays. */
void server_unwatch(struct server *s);

/* Where a name of no zone of ours exists under one of these (copied), it is answered from there (query.h). Before server_listen. */
enum err server_set_search(struct server *s, const struct name *search, unsigned count);

/* Starts answering on these addresses. The zone's NS becomes what they stand for (zone.h); a wildcard stands for the machine's
 * addresses. Once. */
enum err server_listen(struct server *s, const struct net_address *addresses, unsigned count, struct diag *d);

/* One line: where it listens, while a cluster is still being read. */
void server_log_listening(const struct server *s);

/* One line: what is served, where, and after how many milliseconds. */
void server_log_start(const struct server *s, unsigned ms);

/* The objects as they are. Borrowed until the next load. */
const struct store *server_store(const struct server *s);

/* What is served. */
struct zone_counts server_zone_counts(const struct server *s);
