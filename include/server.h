/* server.h - the server blocks and their listeners: which block answers a query, and with which cluster. One per process; every function is
 * for the thread that made it, the control thread, but for the answering, which net's workers do. */
#pragma once
#include "base/diag.h"
#include "cluster.h"
#include "config/kubernetes.h"
#include "dns/name.h"
#include "net/net.h"
#include <stdbool.h>
#include <stdint.h>

struct server_options {
	unsigned workers; /* 0: net_default_workers() */
	unsigned tcp_connections_max, tcp_idle_s;
	/* Is told of every response, on the worker's thread; must not wait. NULL: nobody is. */
	void (*replied)(void *arg, const uint8_t *reply, size_t len);
	void *replied_arg;
};

/* At these addresses, what is in one of these zones; without zones everything. */
struct server_place {
	struct name_list zones;
	const struct net_address *addresses;
	unsigned address_count;
};

/* A block of a Corefile, or what stands for one. It answers what comes to its places, where no other block has a longer zone at the same address.
 * Copied, but for the cluster. */
struct server_block {
	const struct server_place *places;
	unsigned place_count;
	struct cluster *cluster;   /* borrowed while the server lives; NULL: every query is refused */
	bool rotate;               /* query.h */
	bool outside_nxdomain;     /* query.h */
	const struct name *search; /* query.h */
	unsigned search_count;
};

struct server;

/* A server without blocks that listens nowhere. ERR_NOMEM. */
enum err server_new(const struct server_options *options, struct server **out, struct diag *d);

/* Stops the listeners (answering what was received) and frees everything; to be called before the clusters are freed. Takes NULL. */
void server_free(struct server *s);

/* Before server_listen. ERR_NOMEM, or ERR_EXISTS where it, or another block, has that zone at one of the addresses already. */
enum err server_add_block(struct server *s, const struct server_block *block, struct diag *d);

/* Starts answering on the addresses of all blocks. The NS of a cluster's zone becomes what its block's addresses stand for (zone.h); a
 * wildcard stands for the machine's addresses. Once. */
enum err server_listen(struct server *s, struct diag *d);

/* What it listens on, ports filled in. */
const struct net_address *server_addresses(const struct server *s, unsigned *count);

/* One line for each block: where it listens while its cluster is still being read; and, for debugging, one for each zone. */
void server_log_listening(const struct server *s);

/* One line: what is served of the cluster, where, and after how many milliseconds. */
void server_log_start(const struct server *s, const struct cluster *c, unsigned ms);
