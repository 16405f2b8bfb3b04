/* simulate.h - what a cluster would have added to the manifests: a workload's pods and the addresses of pods and Services. */
#pragma once
#include "kube/manifest.h"

/* Adds to m the Pods of StatefulSets, Deployments and ReplicaSets that have none in it (found by controlling ownerReference; pods
 * without one by name for a StatefulSet, by selector for the others), ready and running, and gives addresses to Services of type ClusterIP
 * without clusterIP and to simulated pods. An address depends on namespace/name alone (and, where two collide, on the order of
 * their names), so every run gives the same. ERR_RANGE with diag: a range is used up. */
enum err simulate_cluster(struct manifest *m, const struct manifest_options *options, struct intern *pool, struct diag *d);
