/* net.h - listeners: UDP and TCP on any number of addresses, one event loop and thread per worker, each with its own sockets
 * (SO_REUSEPORT). Knows nothing of DNS but the two octets of length before a TCP message (RFC 1035 4.2.2).
 *
 * A message is answered at once, in the handler, or kept and answered later, once or in parts. Whoever replies later need not know
 * whether its client is still there. Addresses can be added and removed while the workers run. */
#pragma once
#include "base/diag.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define NET_BATCH         32 /* datagrams, or pipelined TCP messages, handed over at once at most */
#define NET_UDP_REPLY_MAX 1232

struct uv_loop_s; /* libuv's uv_loop_t */

/* Address and port of a client, in network order. */
union net_peer {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* One message received, and the room for its reply. Good until the handler returns. */
struct net_message {
	const uint8_t *bytes;
	size_t len;
	bool tcp;
	bool tls;  /* and what is said over it is sealed */
	bool kept; /* set by net_keep() */
	uint8_t *reply;
	size_t reply_cap; /* NET_UDP_REPLY_MAX over UDP, 65,535 over TCP */
	size_t reply_len; /* set by the handler; 0: no reply, or none yet */
	const union net_peer *peer;
	void *source; /* private to net/: the UDP listener, or the connection */
};

/* Answers messages[0..n-1], which came to the address with that index. Called on worker's thread inside an RCU read section; must not wait. */
typedef void net_handler(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n);

struct net_address {
	struct sockaddr_storage sa; /* family, address, port; port 0: any (the same one for UDP and TCP) */
	bool tls;                   /* DNS over TLS (RFC 7858), and no UDP */
};

/* "127.0.0.1:1053", "[::1]:1053", "0.0.0.0:53", "[::]:53", "ADDR" alone means port 53; not tls. ERR_SYNTAX with diag. */
enum err net_address_parse(const char *text, struct net_address *a, struct diag *d);

/* The same; one of TLS has "tls://" before it. */
void net_address_format(const struct net_address *a, char text[64]);

/* The same family, address, scope and port, and both with TLS or without. */
bool net_address_equal(const struct net_address *a, const struct net_address *b);

/* What holds for the TCP connections of one address; all zero is the defaults. */
struct net_terms {
	unsigned read_ms;          /* within so much after it was opened, its first message is to be complete; 3 s */
	unsigned write_ms;         /* so long a client that reads nothing is waited for; 5 s */
	unsigned idle_ms;          /* so long after a message and its reply, the next is to be complete; net_options.tcp_idle_s */
	unsigned queries_max;      /* after so many messages of a connection nothing more is read; 0: no bound */
	struct identity *identity; /* tls/identity.h; of an address with TLS, else NULL. Borrowed, until a change of terms has been made */
};

struct net_options {
	const struct net_address *addresses;
	const struct net_terms *terms; /* of each address; NULL: the defaults */
	unsigned address_count;
	unsigned workers;             /* 1 or more */
	unsigned tcp_connections_max; /* over all workers; default if 0: 1024; when full, the longest idle makes room (RFC 7766 6.2.3) */
	unsigned tcp_idle_s;          /* default if 0: 10 */
	net_handler *handler;
	/* What the handler's owner keeps for each worker. Both may be NULL.
	 * begin: called by net_start() on its caller's thread, before the worker runs; may put handles on the loop. An error makes
	 * net_start() fail.
	 * end: once for each worker that began, on the worker's thread (on net_start()'s where that failed), when no message will come any
	 * more and no reply will be sent; must close the handles. The loop runs until they are closed. */
	enum err (*begin)(void *arg, unsigned worker, struct uv_loop_s *loop);
	void (*end)(void *arg, unsigned worker);
	/* So many replies over UDP were not taken by the system, and are lost. On the worker's thread; may be NULL. */
	void (*unsent)(void *arg, unsigned worker, unsigned count);
	void *arg;
};

struct net;

/* Opens every socket (so that an address in use, also by another headns, is an error here: ERR_EXISTS, or ERR_DENIED for a port
 * that needs CAP_NET_BIND_SERVICE; ERR_MISSING: this machine has no such address, or no IPv6 at all) and starts the workers. diag
 * names the address and what to do. */
enum err net_start(const struct net_options *options, struct net **out, struct diag *d);

/* The addresses bound, ports filled in, by their index; *count: one more than the largest index. An address that was removed has family
 * AF_UNSPEC. Before the first change they are those of options, in their order. Control thread. */
const struct net_address *net_addresses(const struct net *n, unsigned *count);

/* Stops cleanly: no new connections; every datagram and every complete TCP message that was received is answered, those that were kept
 * included; then threads end and everything is freed. Bounded: NET_DRAIN_MS for TCP clients that don't read and for replies that don't
 * come. Takes NULL. */
void net_stop(struct net *n);
#define NET_DRAIN_MS 2000

/* Worker count for this machine: processors this process may run on (affinity) and its cgroup's CPU quota, rounded up; 1 to NET_WORKERS_MAX. */
unsigned net_default_workers(void);
#define NET_WORKERS_MAX 16

/* --- replying later --- */

/* Who asked a message that was kept. Net has it on lists: it must stay where it is until its last reply was given or it was released. All
 * functions about it belong to the thread of the worker that got the message. */
struct net_client {
	LIST_ENTRY(net_client) siblings; /* of the same listener or connection */
	struct udp_listener *udp;        /* both NULL: gone, or nothing more is sent */
	struct connection *tcp;
	void (*on_room)(struct net_client *c);
	union net_peer peer;
	size_t control_len; /* UDP: the control message with the address that was asked */
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* In the handler: m is not answered now. Fills *c; net_reply() or net_release() must follow, once, in any later turn of the loop or in this
 * one. Until then a TCP connection is neither idle nor closed for want of queries, and a stop waits. */
void net_keep(struct net_message *m, struct net_client *c);

/* The reply, len octets, at most the message's reply_cap; they are copied. It leaves before the loop sleeps, from the address that was asked.
 * Does nothing if the client is gone. c is free for other use. */
void net_reply(struct net_client *c, const uint8_t *bytes, size_t len);

/* TCP only: one of several replies to the same message (AXFR, RFC 5936). When it has been written, on_room is called with c: the time for
 * the next. Where the client is gone, on_room is never called: net_client_gone() tells. */
void net_reply_part(struct net_client *c, const uint8_t *bytes, size_t len, void (*on_room)(struct net_client *c));

/* There will be no reply. Does nothing if the client is gone. c is free for other use. */
void net_release(struct net_client *c);

/* Nobody will get a reply. Then nothing has to be done with c any more. */
static inline bool net_client_gone(const struct net_client *c)
{
	return !c->udp && !c->tcp;
}

/* --- telling workers --- */

/* One call, to run on a worker's thread. Belongs to whoever posts it, who leaves it alone until it runs; run may free it or post it again. */
struct net_call {
	STAILQ_ENTRY(net_call) next;
	void (*run)(struct net_call *c, unsigned worker);
};

/* Has c run on the worker's thread, between two batches and outside of any read section, after all that were posted to it before. From any
 * thread, before net_stop(): what was posted by then has run when net_stop() returns. Cannot fail. */
void net_post(struct net *n, unsigned worker, struct net_call *c);

/* --- other addresses --- */

/* A change of addresses that is being prepared: new sockets are open, and not read from yet. Control thread, one at a time. */
struct net_change;

/* From now on these are wanted, with these terms (NULL: the defaults). An address that is listened on already keeps its index and its sockets, also where its port was asked for as 0
 * and is now written as the number that it got; others are opened. Errors as of
 * net_start(), and nothing has changed then (*out is NULL). Whether somebody else's socket overlaps with a new address is not seen where one of ours does. */
enum err net_change_new(struct net *n, const struct net_address *addresses, const struct net_terms *terms, unsigned count,
                        struct net_change **out, struct diag *d);

/* The index that addresses[i] has after the change. */
unsigned net_change_index(const struct net_change *c, unsigned i);

/* Makes the change and frees it; returns at once. On each worker, between two batches: what has been received at addresses that go is
 * answered; then adopt is called; then the new addresses are answered. So the handler sees an old index never after adopt, and a new one never
 * before. Connections of an address that goes are closed when they have their replies; those of one that stays have its new terms. Cannot fail. */
void net_change_apply(struct net_change *c, void (*adopt)(void *arg, unsigned worker), void *arg);

/* Closes what was opened. Takes NULL. */
void net_change_free(struct net_change *c);
