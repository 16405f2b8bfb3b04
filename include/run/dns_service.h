/* dns_service.h - where pods expect their DNS server. */
#pragma once
#include "store/store.h"

#define DNS_SERVICE_MAX 2

/* The addresses of Service kube-dns in kube-system; 10.0.0.10 if there is none. ipv6: also those of that family. Returns how many. */
unsigned dns_service_addresses(const struct store *s, bool ipv6, struct addr addrs[DNS_SERVICE_MAX]);
