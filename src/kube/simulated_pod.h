/* simulated_pod.h - a pod as its workload's controller would have made it: running and ready, without an address yet. */
#pragma once
#include "kube/object.h"
#include <stdint.h>

/* "web" and 0 give "web-0". */
char *stateful_pod_name(const char *set, uint64_t ordinal); /* malloc'ed; NULL: out of memory */

/* A Deployment's or ReplicaSet's index-th pod: its name and five characters that depend on nothing but these and the attempt. The name is cut
 * where the API server cuts it. */
char *random_pod_name(const struct workload *w, uint64_t index, uint64_t attempt);

/* The pod of that name (interned by this call). ordinal: of a StatefulSet's. NULL: out of memory. */
struct pod *simulated_pod_new(const struct workload *w, const char *name, uint64_t ordinal, struct intern *pool);
