#include "sockets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_ROOM 4096

bool sockets_open(struct netlink *n)
{
	return netlink_open(n, NETLINK_SOCK_DIAG);
}

/* Of UDP the kernel takes the two ends the other way round ("for historical reasons": net/ipv4/udp_diag.c). */
static void set_ends(struct inet_diag_sockid *id, const struct flow *f)
{
	const bool swapped = f->protocol == IPPROTO_UDP;
	const struct addr *local = swapped ? &f->from : &f->to, *remote = swapped ? &f->to : &f->from;
	id->idiag_sport = htons(swapped ? f->from_port : f->to_port);
	id->idiag_dport = htons(swapped ? f->to_port : f->from_port);
	memcpy(id->idiag_src, local->octets, addr_len(local));
	memcpy(id->idiag_dst, remote->octets, addr_len(remote));
}

static bool is_bound_to(const struct inet_diag_msg *m, const struct addr *a)
{
	return m->idiag_family == (a->family == ADDR_V4 ? AF_INET : AF_INET6) && memcmp(m->id.idiag_src, a->octets, addr_len(a)) == 0;
}

static enum sockets_answer read_answer(const uint8_t *message, size_t len, const struct flow *f)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)message;
	if (len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) && h->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)NLMSG_DATA(h))->error == -ENOENT ? SOCKETS_NONE : SOCKETS_ANY;
	if (len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return SOCKETS_ANY;
	return is_bound_to(NLMSG_DATA(h), &f->to) ? SOCKETS_EXACT : SOCKETS_ANY;
}

enum sockets_answer sockets_find(struct netlink *n, const struct flow *f)
{
	struct inet_diag_req_v2 request = {
	        .sdiag_family = f->to.family == ADDR_V4 ? AF_INET : AF_INET6,
	        .sdiag_protocol = f->protocol,
	        .idiag_states = ~0U,
	        .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
	};
	_Alignas(NLMSG_ALIGNTO) uint8_t answer[ANSWER_ROOM];
	size_t len;
	set_ends(&request.id, f);
	netlink_begin(n, SOCK_DIAG_BY_FAMILY, 0, &request, sizeof request);
	if (!netlink_flush(n))
		return SOCKETS_ANY;
	len = netlink_read(n, answer, sizeof answer);
	return read_answer(answer, len, f);
}
