#include "fake_interfaces.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static struct ifaddrs machine[FAKE_INTERFACES_MAX];
static union {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} addresses[FAKE_INTERFACES_MAX];
static unsigned machine_count, open_count;
static int fails;

int __wrap_getifaddrs(struct ifaddrs **all);
void __wrap_freeifaddrs(struct ifaddrs *all);

static struct sockaddr *make_address(unsigned i, const char *text)
{
	memset(&addresses[i], 0, sizeof addresses[i]);
	if (!text)
		return NULL;
	if (inet_pton(AF_INET, text, &addresses[i].v4.sin_addr) == 1) {
		addresses[i].v4.sin_family = AF_INET;
	} else if (inet_pton(AF_INET6, text, &addresses[i].v6.sin6_addr) == 1) {
		addresses[i].v6.sin6_family = AF_INET6;
		addresses[i].v6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&addresses[i].v6.sin6_addr) ? FAKE_SCOPE : 0;
	} else {
		addresses[i].sa.sa_family = AF_PACKET; /* as each interface has one */
	}
	return &addresses[i].sa;
}

void fake_interfaces(const struct fake_interface *all, unsigned count)
{
	machine_count = all ? count : 0;
	fails = !all;
	memset(machine, 0, sizeof machine);
	for (unsigned i = 0; i < machine_count; i++) {
		machine[i].ifa_name = (char *)all[i].name;
		machine[i].ifa_flags = all[i].flags;
		machine[i].ifa_addr = make_address(i, all[i].address);
		machine[i].ifa_next = i + 1 < machine_count ? &machine[i + 1] : NULL;
	}
}

unsigned fake_interfaces_open(void)
{
	return open_count;
}

int __wrap_getifaddrs(struct ifaddrs **all)
{
	if (fails) {
		errno = EMFILE;
		return -1;
	}
	open_count++;
	*all = machine_count ? machine : NULL;
	return 0;
}

void __wrap_freeifaddrs(struct ifaddrs *all)
{
	(void)all;
	open_count--;
}
