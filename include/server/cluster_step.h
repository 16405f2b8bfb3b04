/* cluster_step.h - the names of a cluster as steps of a server block: `kubernetes`, and before it `k8s_external`, as in CoreDNS. They never wait but
 * for what a CNAME leads to, and where `hold` says so for a name that is about to exist. */
#pragma once
#include "cluster/cluster.h"
#include "server/step.h"

struct cluster_step_options {
	struct cluster *cluster;   /* borrowed; must live as long as the step */
	bool rotate;               /* query.h */
	bool outside_nxdomain;     /* query.h */
	const struct name *search; /* query.h; copied */
	unsigned search_count;
	bool fallback; /* what nobody has is looked for below the search list of the client's pod */
};

#define CLUSTER_STEPS_MAX 3

/* The steps, one to three in their order; each is owned by whoever has it. ERR_NOMEM: there is none. */
enum err cluster_steps_new(const struct cluster_step_options *options, struct server_step steps[CLUSTER_STEPS_MAX], unsigned *count);
