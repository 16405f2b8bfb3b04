/* socket.h - sockets opened and bound by the control thread. */
#pragma once
#include "net/net.h"

/* Makes sure that nobody listens on a yet, over UDP or TCP, and gives it a port free for both where it has port 0.
 * Sockets with SO_REUSEPORT would otherwise share the address, silently, with another process of the same user.
 * ERR_EXISTS, ERR_DENIED, ERR_MISSING (no such address here), ERR_SYS, with diag. */
enum err socket_claim(struct net_address *a, struct diag *d);

/* A non-blocking socket of that address, one of as many as there are workers. The caller owns *fd. Errors as above. */
enum err socket_open_udp(const struct net_address *a, int *fd, struct diag *d);
enum err socket_open_tcp(const struct net_address *a, int *fd, struct diag *d); /* listening already */

/* 0.0.0.0 or [::]: what was asked is seen in control messages only. */
bool socket_is_wildcard(const struct net_address *a);

/* One port, and an address that both take datagrams for. */
bool socket_overlap(const struct net_address *a, const struct net_address *b);
