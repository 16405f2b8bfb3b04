#include "run/dns_service.h"
#include "manifest/cluster_services.h"

unsigned dns_service_addresses(const struct store *s, const struct cidr *service_cidr, bool ipv6, struct addr addrs[DNS_SERVICE_MAX])
{
	const struct service *dns = store_service(s, "kube-system", "kube-dns");
	unsigned count = 0;
	for (unsigned i = 0; dns && i < dns->cluster_ip_count; i++) {
		if (dns->cluster_ips[i].family == ADDR_V4 || ipv6)
			addrs[count++] = dns->cluster_ips[i];
	}
	if (!count)
		addrs[count++] = cluster_dns_address(service_cidr);
	return count;
}
