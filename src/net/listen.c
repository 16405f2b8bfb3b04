#include "net/listen.h"
#include "base/log.h"
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PORT 1053

static const struct addr loopback4 = {ADDR_V4, {127, 0, 0, 1}};
static const struct addr loopback6 = {ADDR_V6, {[15] = 1}};

struct net_address listen_address(const struct addr *addr, uint16_t port)
{
	struct net_address a;
	memset(&a, 0, sizeof a);
	if (addr->family == ADDR_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr->octets, 4);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.sa;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, addr->octets, 16);
	}
	return a;
}

bool listen_ipv6_usable(void)
{
	struct net_address a = listen_address(&loopback6, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool usable = fd >= 0 && bind(fd, (struct sockaddr *)&a.sa, sizeof(struct sockaddr_in6)) == 0;
	if (fd >= 0)
		close(fd);
	return usable;
}

unsigned listen_defaults(struct net_address addresses[LISTEN_DEFAULTS])
{
	unsigned n = 0;
	addresses[n++] = listen_address(&loopback4, DEFAULT_PORT);
	if (listen_ipv6_usable())
		addresses[n++] = listen_address(&loopback6, DEFAULT_PORT);
	else
		log_line(LOG_DEBUG, "this machine has no ::1: [::1]:%d is left out", DEFAULT_PORT);
	return n;
}
