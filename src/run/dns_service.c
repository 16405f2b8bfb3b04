#include "run/dns_service.h"

static const struct addr fallback = {ADDR_V4, {10, 0, 0, 10}};

unsigned dns_service_addresses(const struct store *s, bool ipv6, struct addr addrs[DNS_SERVICE_MAX])
{
	const struct service *dns = store_service(s, "kube-system", "kube-dns");
	unsigned count = 0;
	for (unsigned i = 0; dns && i < dns->cluster_ip_count; i++) {
		if (dns->cluster_ips[i].family == ADDR_V4 || ipv6)
			addrs[count++] = dns->cluster_ips[i];
	}
	if (!count)
		addrs[count++] = fallback;
	return count;
}
