#include "door.h"
#include "base/sockaddr.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

static const struct sockaddr *as_sockaddr(const struct admin_address *a)
{
	return (const struct sockaddr *)&a->sa;
}

static bool is_everywhere(const struct admin_address *a)
{
	return a->sa.ss_family == AF_INET6 && sockaddr_is_wildcard(as_sockaddr(a));
}

static int listen_at(const struct admin_address *a)
{
	const int on = 1, v6only = !is_everywhere(a);
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;
	if (fd < 0)
		return -1;
	if (a->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, as_sockaddr(a), sockaddr_len(as_sockaddr(a))) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static struct admin_address without_ipv6(const struct admin_address *a)
{
	static const struct addr everywhere = {ADDR_V4, {0}};
	return (struct admin_address){.sa = sockaddr_make(&everywhere, admin_address_port(a), 0)};
}

static enum err refused(const struct admin_address *a, int error, struct diag *d)
{
	char text[ADMIN_ADDRESS_TEXT_MAX];
	admin_address_format(a, text);
	switch (error) {
	case EADDRINUSE:
		return diag_set(d, ERR_EXISTS, "%s is in use by another program (`ss -ltnp` shows which)", text);
	case EACCES:
	case EPERM:
		return diag_set(d, ERR_DENIED, "%s: a port below 1024 needs root or CAP_NET_BIND_SERVICE", text);
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return diag_set(d, ERR_MISSING, "%s: this machine has no such address", text);
	default:
		return diag_set(d, ERR_SYS, "%s cannot be listened on: %s", text, strerror(error));
	}
}

enum err door_open(const struct admin_address *a, int *fd, struct admin_address *bound, struct diag *d)
{
	socklen_t len = sizeof bound->sa;
	*bound = *a;
	*fd = listen_at(bound);
	if (*fd < 0 && is_everywhere(a) && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		*bound = without_ipv6(a);
		*fd = listen_at(bound);
	}
	if (*fd < 0)
		return refused(a, errno, d);
	getsockname(*fd, (struct sockaddr *)&bound->sa, &len);
	return OK;
}
