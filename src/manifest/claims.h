/* claims.h - which Pods of a manifest are those of its workloads, by the rules of their controllers. */
#pragma once
#include "kube/object.h"
#include <stdbool.h>
#include <stddef.h>

/* What a workload has of Pods. */
struct claim {
	const struct workload *workload; /* borrowed */
	bool observed;      /* a Pod has it, or a ReplicaSet of it, as its controller: a cluster ran it, and all its Pods are there */
	bool by_deployment; /* a ReplicaSet whose Deployment is there too: its pods are those of the Deployment */
	uint32_t adopted;   /* Pods without a controller that it takes as its own; but not a StatefulSet's, which go by their names */
};

/* A Pod that a DaemonSet adopts, and where it runs. */
struct occupied {
	const struct workload *set;
	const char *node; /* interned */
};

struct claims {
	struct claim *list; /* by namespace, kind, name */
	size_t count;
	struct occupied *occupied; /* sorted */
	size_t occupied_count;
};

/* A Pod that has a controller is that one's alone (of a Deployment whose ReplicaSet need not be there). Of those without one that have not
 * ended, a controller adopts what its selector takes, the first by kind and name; a StatefulSet only what has a name that it would give.
 * A Deployment's ReplicaSet selects by pod-template-hash too, so nothing without that label is ever the Deployment's. */
enum err claims_make(struct claims *c, struct object *const *objects, size_t n);
void claims_free(struct claims *c);

/* True if the DaemonSet has adopted a Pod on that node (interned). */
bool claims_occupied(const struct claims *c, const struct workload *set, const char *node);
