/* metrics.h - all that /metrics says: CoreDNS 1.15's families under its names, and ours under headns_. It is read from where it is counted, by the
 * control thread, at the moment somebody asks. docs/metrics.md lists the families. */
#pragma once
#include "admin/admin.h"
#include "cluster/cluster.h"
#include "querylog/query_log.h"
#include "server/server.h"
#include "steps/forwarding.h"
#include "steps/hosts.h"

struct metrics_reloads {
	uint64_t adopted, failed;
	const char *hash; /* of what the Corefile says, as hexadecimal digits; NULL: there is none */
};

/* What a block asks upstreams for. */
struct metrics_forwarding {
	const struct forwarding *forwarding;
	bool counted;                  /* its cache is, by the block's rows */
	const struct name_list *zones; /* what that is for; none: the block's */
	const struct server_place *places;
	unsigned place_count;
};

/* All of it is borrowed for the call. */
struct metrics_sources {
	const struct server *server;
	struct admin *admin;
	const struct cluster *const *clusters;
	unsigned cluster_count;
	const struct metrics_forwarding *forwardings;
	unsigned forwarding_count;
	const struct hosts *const *hosts;
	unsigned hosts_count;
	const struct query_log *log; /* NULL: nothing is logged */
	struct metrics_reloads reloads;
};

/* Writes all families in the text format, in a fixed order. Control thread; out of memory: e says so. */
void metrics_write(const struct metrics_sources *from, struct exposition *e);
