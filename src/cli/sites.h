/* sites.h - what serve serves: server blocks, from a Corefile or from the command line, each with where it listens and with its cluster. */
#pragma once
#include "cli/options.h"
#include "config/corefile.h"
#include "server.h"

struct site {
	const char *origin;                          /* where it is said, for messages: "Corefile:3" */
	const struct kubernetes_options *kubernetes; /* borrowed; NULL: it has no names */
	struct api_endpoint endpoint;                /* where they come from, unless from manifests */
	struct cluster *cluster;                     /* NULL until sites_open() */
	struct server_place *places;                 /* their zones are borrowed, their addresses owned */
	unsigned place_count;
	bool rotate;
};

struct sites {
	struct site *all;
	unsigned count;
	struct corefile corefile;
};

/* Finds out what there is to be served; nothing is opened yet. Borrows from o. On an error diag says why; sites_free() in any case. */
enum err sites_find(const struct options *o, struct sites *out, struct diag *d);

/* Makes the clusters, which hold nothing yet. */
enum err sites_open(struct sites *s, const struct options *o, struct diag *d);

/* Gives the server its blocks. */
enum err sites_add(const struct sites *s, const struct options *o, struct server *server, struct diag *d);

/* After the server that has them is gone. */
void sites_free(struct sites *s);
