/* net.h - listeners: UDP and TCP on any number of addresses, one event loop and thread per worker, each with its own sockets
 * (SO_REUSEPORT). Knows nothing of DNS but the two octets of length before a TCP message (RFC 1035 4.2.2). */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_BATCH         32 /* datagrams, or pipelined TCP messages, handed over at once */
#define NET_UDP_REPLY_MAX 1232

/* One message received, and the room for its reply. */
struct net_message {
	const uint8_t *bytes;
	size_t len;
	bool tcp;
	uint8_t *reply;
	size_t reply_cap; /* NET_UDP_REPLY_MAX over UDP, 65,535 over TCP */
	size_t reply_len; /* set by the handler; 0: no reply */
};

/* Answers messages[0..n-1], which came to options.addresses[address]. Called on worker's thread inside an RCU read section; must not wait. */
typedef void net_handler(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n);

struct net_address {
	struct sockaddr_storage sa; /* family, address, port; port 0: any (the same one for UDP and TCP) */
};

/* "127.0.0.1:1053", "[::1]:1053", "0.0.0.0:53", "[::]:53", "ADDR" alone means port 53. ERR_SYNTAX with diag. */
enum err net_address_parse(const char *text, struct net_address *a, struct diag *d);
void net_address_format(const struct net_address *a, char text[64]);

struct net_options {
	const struct net_address *addresses;
	unsigned address_count;
	unsigned workers;             /* 1 or more */
	unsigned tcp_connections_max; /* over all workers; default if 0: 1024; when full, the longest idle makes room (RFC 7766 6.2.3) */
	unsigned tcp_idle_s;          /* default if 0: 10 */
	net_handler *handler;
	void *arg;
};

struct net;

/* Opens every socket (so that an address in use, also by another headns, is an error here: ERR_EXISTS, or ERR_DENIED for a port
 * that needs CAP_NET_BIND_SERVICE; ERR_MISSING: this machine has no such address, or no IPv6 at all) and starts the workers. diag
 * names the address and what to do. */
enum err net_start(const struct net_options *options, struct net **out, struct diag *d);

/* The addresses bound, ports filled in; as many as asked for. */
const struct net_address *net_addresses(const struct net *n, unsigned *count);

/* Stops cleanly: no new connections; every datagram and every complete TCP message that was received is answered; then threads end and
 * everything is freed. Bounded: 2 s for TCP clients that don't read. Takes NULL. */
void net_stop(struct net *n);

/* Worker count for this machine: processors this process may run on (affinity) and its cgroup's CPU quota, rounded up; 1 to NET_WORKERS_MAX. */
unsigned net_default_workers(void);
#define NET_WORKERS_MAX 16
