/* sites.h - what serve serves: server blocks, from a Corefile or from the command line, each with where it listens and with its cluster. */
#pragma once
#include "cli/options.h"
#include "config/corefile.h"
#include "pages.h"
#include "querylog/query_log.h"
#include "server/server.h"
#include "steps/forwarding.h"
#include "steps/hosts.h"
#include "steps/loop.h"
#include "steps/secondaries.h"
#include "steps/zone_files.h"

/* A cluster and what it was made of. Blocks of two configurations that say the same of it share it. */
struct site_cluster {
	unsigned users;
	struct kubernetes_options own;               /* of a Corefile's block */
	const struct kubernetes_options *kubernetes; /* which is that, or the command line's */
	char *text;                                  /* corefile_block.cluster_text; NULL: the command line's */
	struct api_endpoint endpoint;                /* where the objects come from, unless from manifests */
	struct cluster *cluster;                     /* NULL until sites_open() */
	bool watched;
	bool clients; /* cluster_options.clients */
};

struct site {
	char *origin;                    /* where it is said, for messages: "Corefile:3"; NULL: on the command line */
	struct site_cluster *cluster;    /* NULL: it has no names */
	struct forwarding *forwarding;   /* NULL: it has none, or until sites_open() */
	struct loop *loop;               /* NULL: it has no `loop`, or no upstreams */
	struct hosts *hosts;             /* NULL: it has no `hosts`, or until sites_open() */
	struct zone_files *files;        /* NULL: it has no `file`, or until sites_open() */
	struct secondaries *secondaries; /* NULL: it has no `secondary`, or until sites_open() */
	struct query_log_rules *log;     /* NULL: its queries are not logged, or until sites_open() */
	struct server_place *places;
	unsigned place_count;
	bool rotate;
	bool counted;                      /* it has prometheus */
	bool fallback;                     /* names that nobody has are looked for below the search list of the client's pod */
	const char *named[DIRECTIVES + 1]; /* what it says of queries; NULL ends it */
};

struct sites {
	struct site *all;
	unsigned count;
	struct corefile corefile; /* no block: without one */
	struct corefile forward;  /* the block of the command line's --forward; no block: none */
	struct pages pages;
	const struct sites *before; /* whose zones are gone on with; until sites_open() has returned */
};

/* Finds out what there is to be served; nothing is opened yet. Borrows from o. On an error diag says why; sites_free() in any case. Of
 * several wrong lines each is logged, unless quiet. kube_dns: counts beside both; NULL: nothing. */
enum err sites_find(const struct options *o, const struct kube_dns *kube_dns, bool quiet, struct sites *out, struct diag *d);

/* What says where site i forwards; NULL: nothing. */
const struct corefile_block *sites_forward_block(const struct sites *s, unsigned i);

/* Equal texts say the same; NULL: nothing that may change is said. */
const char *sites_text(const struct sites *s);

/* Takes over the clusters, upstreams and caches of before that are what is wanted now; sites_open(), which must follow, the zones. */
void sites_share(struct sites *s, const struct sites *before);

/* Makes the others, which hold nothing yet. log: where queries are logged; it must outlive them. */
enum err sites_open(struct sites *s, const struct options *o, struct query_log *log, struct diag *d);

/* Watches those that are not watched yet, unless they are made of manifests. */
enum err sites_watch(struct sites *s, uv_loop_t *loop, cluster_read *on_read, void *arg, struct diag *d);

/* All that is to be served has been read: no name gets SERVFAIL for want of it. */
bool sites_known(const struct sites *s);

/* Gives the server its blocks. */
enum err sites_add(const struct sites *s, const struct options *o, struct server *server, struct diag *d);

/* The server answers with them from now on: clusters that were there before keep to the bounds of today's caches. */
void sites_adopted(const struct sites *s);

/* Before sites_free(): leaves shared clusters to the others and ends the watches of its own, whose handles the loop must close first. */
void sites_let_go(struct sites *s);

/* After the server has let go of them. */
void sites_free(struct sites *s);
