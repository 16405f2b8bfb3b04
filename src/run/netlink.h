/* netlink.h - requests to the kernel's network: messages of nested attributes, sent many at a time. Control thread only. */
#pragma once
#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages put together since the last netlink_send(). */
struct netlink {
	int fd;        /* -1: not open */
	uint8_t *data; /* owned */
	size_t len;
	size_t message; /* where the one under way begins */
	uint32_t sequence;
	bool full; /* something did not fit: netlink_send() says so */
};

/* protocol: NETLINK_ROUTE, …. False: errno says why. netlink_close() in any case. */
bool netlink_open(struct netlink *n, int protocol);
void netlink_close(struct netlink *n);

/* Begins a message with its family's header; what is put belongs to it until the next one begins. */
void netlink_begin(struct netlink *n, uint16_t type, uint16_t flags, const void *header, size_t len);

/* Attributes. Numbers in network order, as the netfilter families want them. */
void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t len);
void netlink_put_text(struct netlink *n, uint16_t type, const char *text);
void netlink_put_number(struct netlink *n, uint16_t type, uint32_t number);

/* What is put between the two is inside of an attribute of its own. */
size_t netlink_nest(struct netlink *n, uint16_t type);
void netlink_nest_end(struct netlink *n, size_t nest);

/* True while another 1,024 octets are sure to fit. */
bool netlink_has_room(const struct netlink *n);

/* Sends all and forgets them. 0, or the errno of the first that failed in a way that is not tolerated, whose type is put in *failed (NULL: not
 * wanted). The kernel has done everything when this returns. */
int netlink_send(struct netlink *n, bool (*tolerated)(int error), uint16_t *failed);

/* The same, but leaves what the kernel answers to be read. False: errno says why. */
bool netlink_flush(struct netlink *n);

/* Reads one datagram, without waiting. 0: there is none; octets otherwise, cut at cap. */
size_t netlink_read(struct netlink *n, void *data, size_t cap);
