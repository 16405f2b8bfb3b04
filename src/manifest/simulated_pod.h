/* simulated_pod.h - a pod as its workload's controller would have made it: running and ready, without an address yet. */
#pragma once
#include "kube/object.h"
#include <stdint.h>

/* What tells the pods of one workload apart. */
struct pod_place {
	uint64_t index;                  /* a StatefulSet's ordinal, a Job's index, else the how manieth */
	const struct cluster_node *node; /* a DaemonSet's; NULL: none */
};

/* "web" and 0 give "web-0": a StatefulSet's pod, and the hostname of an Indexed Job's. */
char *ordinal_name(const char *workload, uint64_t ordinal); /* malloc'ed; NULL: out of memory */

/* Of a workload that is no StatefulSet: its name (an Indexed Job's with the index) and five characters that depend on nothing but that, the
 * place and the attempt. The name is cut where the API server cuts it. */
char *random_pod_name(const struct workload *w, const struct pod_place *at, uint64_t attempt);

/* The pod of that name (interned by this call). NULL: out of memory. */
struct pod *simulated_pod_new(const struct workload *w, const char *name, const struct pod_place *at, struct intern *pool);
