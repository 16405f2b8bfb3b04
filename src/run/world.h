/* world.h - everything that the command of headns run finds: addresses, files about names, the DNS server, the way to Services. */
#pragma once
#include "absent.h"
#include "addresses.h"
#include "base/diag.h"
#include "cluster/cluster.h"
#include "loopback.h"
#include "relay.h"
#include "resolvconf.h"
#include "run/dns_service.h"
#include "run/run.h"

struct world {
	const struct run_options *options;
	struct cluster *cluster; /* borrowed; it has been read */
	uv_loop_t *loop;
	struct server *server;
	struct loopback *loopback;
	struct relay *relay; /* NULL: Services can't be connected to */
	struct addr servers[DNS_SERVICE_MAX];
	unsigned server_count;
	struct addr there[DNS_SERVICE_MAX + POD_IPS_MAX]; /* all that can be reached where the cluster is followed */
	struct absent absent;
	struct name search[RESOLVCONF_SEARCHES_MAX]; /* where names that are not ours are looked for */
	unsigned search_count;
};

/* In the room, while the loop does not run. world_close() and world_free() in any case. */
enum err world_make(struct world *w, struct diag *d);

/* After the cluster's objects changed. Control thread. */
enum err world_update(struct world *w, struct diag *d);

/* While the loop is still there to close handles. */
void world_close(struct world *w);

/* Before the cluster is freed. */
void world_free(struct world *w);
