/* simulate.h - what a cluster would have added to the manifests: a workload's pods and the addresses of pods and Services. */
#pragma once
#include "manifest/manifest.h"

/* In this order:
 *   - adds to m what every cluster has (manifest/cluster_services.h), if the options want that and m is no cluster's state;
 *   - adds the Pods that the controllers of its workloads would have made. A workload that a Pod has as its controller was observed, and
 *     nothing is added to it; the others count what they would adopt (src/manifest/claims.h);
 *   - runs these and every Pod that no cluster has run (not observed, no address): they are Running and Ready;
 *   - gives Services of type ClusterIP an address of each of their ipFamilies (IPv4 if unset) that they lack;
 *   - gives Pods an address: a hostNetwork one its Node's if that is there. It gives an IPv6 one too where a Service that selects the Pod has
 *     IPv6 among its ipFamilies.
 * An address depends on namespace/name alone (and, where two collide, on the order of their names), so every run gives the same. One that
 * the input uses is not given again. ERR_RANGE with diag: a range is used up, or a workload can't have such pods; *about is the object
 * (borrowed from m; NULL: none), and m is whole, but has not got everything. */
enum err simulate_cluster(struct manifest *m, const struct manifest_options *options, struct intern *pool, struct diag *d,
                          const struct object **about);
