#include "socket.h"
#include "backlog.h"
#include "base/sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define UDP_SEND_BYTES (4 << 20) /* what the system grants of it */
/* Of each TCP connection, at most; the kernel doubles it. A client that asks and does not read costs no more than this. */
#define TCP_BUFFER_BYTES (32 << 10)
#define TCP_UNSENT_BYTES (16 << 10) /* of it, what has not been sent once; more would only be latency */
#define PORT_TRIES       64         /* ports that are free for UDP and taken for TCP, until one gives up */

static bool is_v6(const struct net_address *a)
{
	return a->sa.ss_family == AF_INET6;
}

static uint16_t port_of(const struct net_address *a)
{
	return sockaddr_port((const struct sockaddr *)&a->sa);
}

bool socket_is_wildcard(const struct net_address *a)
{
	return sockaddr_is_wildcard((const struct sockaddr *)&a->sa);
}

/* The families have sockets of their own (IPV6_V6ONLY). */
bool socket_overlap(const struct net_address *a, const struct net_address *b)
{
	struct net_address other = *b;
	other.tls = a->tls; /* both have a TCP socket */
	if (net_address_equal(a, &other))
		return true;
	return a->sa.ss_family == b->sa.ss_family && port_of(a) == port_of(b) && (socket_is_wildcard(a) || socket_is_wildcard(b));
}

static bool set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static const char *transport_name(int type)
{
	return type == SOCK_DGRAM ? "UDP" : "TCP";
}

static enum err refuse(const struct net_address *a, int type, int error, struct diag *d)
{
	char text[64];
	net_address_format(a, text);
	const char *transport = transport_name(type);
	switch (error) {
	case EADDRINUSE:
		return diag_set(
		        d, ERR_EXISTS,
		        "cannot listen on %s (%s): the address is in use; stop who has it (`ss -lntup` tells) or choose another port", text,
		        transport);
	case EACCES:
	case EPERM:
		return diag_set(d, ERR_DENIED,
		                "cannot listen on %s (%s): a port below 1024 needs CAP_NET_BIND_SERVICE; choose a higher port, or run as "
		                "root or with that capability",
		                text, transport);
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case ENODEV:
		return diag_set(d, ERR_MISSING,
		                "cannot listen on %s (%s): this machine has no such address; `ip address` lists those it has", text,
		                transport);
	default:
		return diag_set(d, ERR_SYS, "cannot listen on %s (%s): %s", text, transport, strerror(error));
	}
}

/* Returns a bound socket, or -1 with errno. */
static int open_bound(const struct net_address *a, int type, bool shared)
{
	int fd = socket(a->sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	bool ok = true;
	/* IPv4 has sockets of its own, so that [::] and 0.0.0.0 may be listened on side by side. */
	if (is_v6(a))
		ok = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* Over TCP this only forgives connections in TIME-WAIT; over UDP it would share the port. */
	if (ok && type == SOCK_STREAM)
		ok = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (ok && shared)
		ok = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	socklen_t len = is_v6(a) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (ok && bind(fd, (const struct sockaddr *)&a->sa, len) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Binds alone for a moment. Returns 0, with the port filled in, or errno. */
static int probe(struct net_address *a, int type)
{
	int fd = open_bound(a, type, false);
	if (fd < 0)
		return errno;
	socklen_t len = sizeof(a->sa);
	int error = getsockname(fd, (struct sockaddr *)&a->sa, &len) ? errno : 0;
	close(fd);
	return error;
}

enum err socket_claim(struct net_address *a, struct diag *d)
{
	unsigned tries = port_of(a) ? 1 : PORT_TRIES;
	for (;;) {
		struct net_address candidate = *a;
		int type = SOCK_DGRAM;
		int error = a->tls ? 0 : probe(&candidate, type);
		if (!error) {
			type = SOCK_STREAM;
			error = probe(&candidate, type);
		}
		if (!error) {
			*a = candidate;
			return OK;
		}
		if (error != EADDRINUSE || --tries == 0)
			return refuse(a, type, error, d);
	}
}

/* The options that only make things better: a system without one still serves. */
static void tune_udp(int fd, bool v6)
{
	set_option(fd, SOL_SOCKET, SO_RCVBUF, BACKLOG_BYTES); /* backlog.h says why so much */
	set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_SEND_BYTES);
	/* A forged "fragmentation needed" must not make us send fragments that poison a cache (RFC 9715 3.1). */
	if (v6)
		set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
	else
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

enum err socket_open_udp(const struct net_address *a, int *fd, struct diag *d)
{
	*fd = open_bound(a, SOCK_DGRAM, true);
	if (*fd < 0)
		return refuse(a, SOCK_DGRAM, errno, d);
	tune_udp(*fd, is_v6(a));
	/* Only there, since every control message costs on the way in and out. */
	bool ok = !socket_is_wildcard(a) ||
	          (is_v6(a) ? set_option(*fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set_option(*fd, IPPROTO_IP, IP_PKTINFO, 1));
	if (!ok) {
		enum err err = refuse(a, SOCK_DGRAM, errno, d);
		close(*fd);
		return err;
	}
	return OK;
}

enum err socket_open_tcp(const struct net_address *a, int *fd, struct diag *d)
{
	*fd = open_bound(a, SOCK_STREAM, true);
	if (*fd < 0)
		return refuse(a, SOCK_STREAM, errno, d);
	set_option(*fd, IPPROTO_TCP, TCP_NODELAY, 1); /* replies are written a batch at once. Accepted connections inherit all of these */
	set_option(*fd, SOL_SOCKET, SO_SNDBUF, TCP_BUFFER_BYTES);
	set_option(*fd, SOL_SOCKET, SO_RCVBUF, TCP_BUFFER_BYTES);
	set_option(*fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, TCP_UNSENT_BYTES);
	if (listen(*fd, SOMAXCONN)) {
		enum err err = refuse(a, SOCK_STREAM, errno, d);
		close(*fd);
		return err;
	}
	return OK;
}
