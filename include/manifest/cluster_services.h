/* cluster_services.h - the Services that every cluster has: kubernetes in default, which is its API server, and kube-dns in kube-system. */
#pragma once
#include "manifest/manifest.h"

/* Where the DNS Service of a cluster with this range of Services is: its tenth address, by custom; the last one of a range that has less. */
struct addr cluster_dns_address(const struct cidr *service_cidr);

/* Adds those of the two that m has not got, with addresses that they wish for: the first of the range, and that of DNS. None where the range
 * has less than 16 addresses, which are left to others. ERR_NOMEM: m is as it was, or has the first of them. */
enum err cluster_services_add(struct manifest *m, const struct cidr *service_cidr, struct intern *pool);
