/* self.h - the IP addresses by which clients know this server. */
#pragma once
#include "base/addr.h"
#include "net/net.h"
#include <stddef.h>

#define SELF_MAX 64

/* Those listened on, at most SELF_MAX; for a wildcard, the machine's addresses of its family (not loopback, not link-local). Returns how many. */
size_t self_addresses(const struct net_address *listen, unsigned count, struct addr self[SELF_MAX]);
