/* sockaddr.h - IP addresses as the system's calls about sockets have them. Ports are in host order here, and in network order there. */
#pragma once
#include "base/addr.h"
#include <sys/socket.h>

/* a, which has a family, with a port. scope: the interface of a link-local address; 0: none. All other octets are 0, so that memcmp compares. */
struct sockaddr_storage sockaddr_make(const struct addr *a, uint16_t port, uint32_t scope);

/* These take sockets' addresses of IPv4 and IPv6. Of another family there is no address (ADDR_NONE) and no port (0), the length is that of IPv6, and nothing
 * is set. */
struct addr sockaddr_addr(const struct sockaddr *sa);
uint16_t sockaddr_port(const struct sockaddr *sa);
void sockaddr_set_port(struct sockaddr *sa, uint16_t port);
socklen_t sockaddr_len(const struct sockaddr *sa);

/* It stands for every address of its family. */
bool sockaddr_is_wildcard(const struct sockaddr *sa);
