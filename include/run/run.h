/* run.h - headns run: a command in namespaces of its own, in which the cluster's names resolve as in a pod. */
#pragma once
#include "cluster/cluster.h"
#include "server/server.h"

struct run_options {
	const struct cluster_options
	        *cluster;   /* whose kubernetes is set; with an endpoint it is followed, and its pods' addresses are not there */
	unsigned timeout_s; /* for reading that */
	const struct server_options *server;
	const char *ns;
	const char *pod;       /* NULL: a pod that is not in the input */
	bool rotate;           /* query.h */
	bool outside_nxdomain; /* query.h */
	bool search_fallback;  /* names outside the cluster are looked for below the pod's search list */
	char **argv;           /* the command, NULL-terminated */
};

/* Runs the command to its end, and returns its exit status; where a signal ended it, that ends this process too. 1: it could not be
 * started, which was logged. To be called while the process has one thread. */
int run_command(const struct run_options *o);
