#include "self.h"
#include "base/sockaddr.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

struct self_list {
	struct addr *addrs;
	size_t count;
};

static void add(struct self_list *l, const struct addr *a)
{
	for (size_t i = 0; i < l->count; i++) {
		if (addr_equal(&l->addrs[i], a))
			return;
	}
	if (l->count < SELF_MAX)
		l->addrs[l->count++] = *a;
}

static bool is_wildcard(const struct addr *a)
{
	static const uint8_t zero[16];
	return memcmp(a->octets, zero, sizeof zero) == 0;
}

static bool is_link_local(const struct addr *a)
{
	return a->family == ADDR_V6 ? a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80 : a->octets[0] == 169 && a->octets[1] == 254;
}

static void add_machine(struct self_list *l, uint8_t family)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0)
		return; /* the NS then has no address; all else is served */
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK))
			continue;
		a = sockaddr_addr(i->ifa_addr);
		if (a.family == family && !is_link_local(&a))
			add(l, &a);
	}
	freeifaddrs(all);
}

size_t self_addresses(const struct net_address *listen, unsigned count, struct addr self[SELF_MAX])
{
	struct self_list l = {self, 0};
	for (unsigned i = 0; i < count; i++) {
		struct addr a = sockaddr_addr((const struct sockaddr *)&listen[i].sa);
		if (is_wildcard(&a))
			add_machine(&l, a.family);
		else
			add(&l, &a);
	}
	return l.count;
}
