/* workload_pods.h - the pods that controllers would have made for the workloads of a manifest, beside those that are in it (claims.h). */
#pragma once
#include "manifest/manifest.h"

/* Adds them to m, running and ready, without addresses. ERR_RANGE with diag: more than pod_cidr has addresses, or names that no pod can
 * have; *about is the workload, and none is added. */
enum err workload_pods_add(struct manifest *m, const struct cidr *pod_cidr, struct intern *pool, struct diag *d,
                           const struct object **about);
