/* listen.h - where headns listens when nobody said where. */
#pragma once
#include "base/addr.h"
#include "net/net.h"

#define LISTEN_DEFAULTS 2

/* True if this network namespace has ::1. */
bool listen_ipv6_usable(void);

/* 127.0.0.1:1053 and, where there is IPv6, [::1]:1053. Returns how many. */
unsigned listen_defaults(struct net_address addresses[LISTEN_DEFAULTS]);

/* addr with a port, as a socket address. */
struct net_address listen_address(const struct addr *addr, uint16_t port);
