/* metrics.h - all that /metrics says: CoreDNS 1.15's families under its names, and ours under headns_. It is read from where it is counted, by the
 * control thread, at the moment somebody asks. docs/metrics.md lists the families. */
#pragma once
#include "admin/admin.h"
#include "cluster/cluster.h"
#include "server/server.h"

struct metrics_reloads {
	uint64_t adopted, failed;
	const char *hash; /* of what the Corefile says, as hexadecimal digits; NULL: there is none */
};

/* All of it is borrowed for the call. */
struct metrics_sources {
	const struct server *server;
	struct admin *admin;
	const struct cluster *const *clusters;
	unsigned cluster_count;
	struct metrics_reloads reloads;
};

void metrics_write(const struct metrics_sources *from, struct exposition *e);
