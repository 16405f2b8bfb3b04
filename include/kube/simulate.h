/* simulate.h - what a cluster would have added to the manifests: a workload's pods and the addresses of pods and Services. */
#pragma once
#include "kube/manifest.h"

/* Adds to m what every cluster has (kube/cluster_services.h), if the options want that and m is no cluster's state; the Pods that the controllers of its workloads would have added, and runs those and every Pod that no cluster has run (not
 * observed, no address): Running and Ready. A workload that a Pod has as its controller was observed, and nothing is added to it; the
 * others count what they would adopt (src/kube/claims.h). Gives addresses to the Pods, a hostNetwork one's from its Node if that is there; an
 * IPv6 one only where a Service that selects them has IPv6 among its ipFamilies; and to Services of type ClusterIP for each of their ipFamilies (IPv4 if unset) that they lack. An address depends
 * on namespace/name alone (and, where two collide, on the order of their names), so every run gives the same; one that the input uses
 * is not given again. ERR_RANGE with diag: a range is used up, or a workload can't have such pods; *about is the object (borrowed from m;
 * NULL: none), and m is whole, but has not got everything. */
enum err simulate_cluster(struct manifest *m, const struct manifest_options *options, struct intern *pool, struct diag *d,
                          const struct object **about);
