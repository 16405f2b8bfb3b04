/* claims.h - which workloads of a manifest have Pods in it, so that no others are made up for them. */
#pragma once
#include "kube/object.h"
#include <stdbool.h>
#include <stddef.h>

struct claim {
	const struct workload *workload; /* borrowed */
	bool has_pods;
	bool by_deployment; /* a ReplicaSet whose Deployment is there too: its pods are those of the Deployment */
};

struct claims {
	struct claim *list; /* by namespace, kind, name */
	size_t count;
};

/* A Pod is a workload's if that is its controller, or controls that (a Deployment whose ReplicaSet need not be there); a Pod without
 * controller is that StatefulSet's whose name and an ordinal make its own, or else that of every Deployment and ReplicaSet that selects it. */
enum err claims_make(struct claims *c, struct object *const *objects, size_t n);
void claims_free(struct claims *c);
