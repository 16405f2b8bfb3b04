/* dns_service.h - where pods expect their DNS server. */
#pragma once
#include "store/store.h"

#define DNS_SERVICE_MAX 2

/* The addresses of Service kube-dns in kube-system; if there is none, the one that a cluster with this range would give it
 * (manifest/cluster_services.h). ipv6: also those of that family. Returns how many. */
unsigned dns_service_addresses(const struct store *s, const struct cidr *service_cidr, bool ipv6, struct addr addrs[DNS_SERVICE_MAX]);
