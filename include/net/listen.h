/* listen.h - which addresses are meant: by nobody having said, and by what --listen says. */
#pragma once
#include "base/addr.h"
#include "net/net.h"

#define LISTEN_DEFAULTS 2

/* True if this network namespace has ::1. */
bool listen_ipv6_usable(void);

/* 127.0.0.1:1053 and, where there is IPv6, [::1]:1053. Returns how many. */
unsigned listen_defaults(struct net_address addresses[LISTEN_DEFAULTS]);

/* What net_address_parse() takes; also ":PORT" and "*:PORT", every address of each family that there is, and "localhost" with or without a
 * port, the loopback address of each. Returns how many in *count, LISTEN_DEFAULTS at most. ERR_SYNTAX with diag. */
enum err listen_parse(const char *text, struct net_address addresses[LISTEN_DEFAULTS], unsigned *count, struct diag *d);

/* addr with a port, as a socket address. */
struct net_address listen_address(const struct addr *addr, uint16_t port);
