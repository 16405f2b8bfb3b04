#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM         65536
#define SPARE        1024
#define REPLIES_ROOM 8192

bool netlink_open(struct netlink *n, int protocol)
{
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	const int on = 1;
	*n = (struct netlink){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), .data = malloc(ROOM)};
	if (n->fd < 0 || !n->data || bind(n->fd, (const struct sockaddr *)&any, sizeof any) != 0)
		return false;
	/* Errors then don't repeat the request. Where the kernel does not know that, they are longer. */
	setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	return true;
}

void netlink_close(struct netlink *n)
{
	if (n->fd >= 0)
		close(n->fd);
	free(n->data);
	*n = (struct netlink){.fd = -1};
}

/* --- building --- */

/* Room for len octets at the end, zeroed, and up to a multiple of four; NULL: there is none. */
static void *extend(struct netlink *n, size_t len)
{
	size_t whole = NLMSG_ALIGN(len);
	void *at = n->data + n->len;
	if (n->full || ROOM - n->len < whole) {
		n->full = true;
		return NULL;
	}
	memset(at, 0, whole);
	n->len += whole;
	((struct nlmsghdr *)(n->data + n->message))->nlmsg_len = (uint32_t)(n->len - n->message);
	return at;
}

void netlink_begin(struct netlink *n, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	struct nlmsghdr *h;
	n->message = n->len;
	h = extend(n, sizeof(struct nlmsghdr) + len);
	if (!h)
		return;
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++n->sequence;
	memcpy(NLMSG_DATA(h), header, len);
}

void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = extend(n, sizeof *a + len);
	if (!a)
		return;
	a->nla_type = type;
	a->nla_len = (uint16_t)(sizeof *a + len);
	if (len)
		memcpy(a + 1, data, len);
}

void netlink_put_text(struct netlink *n, uint16_t type, const char *text)
{
	netlink_put(n, type, text, strlen(text) + 1);
}

void netlink_put_number(struct netlink *n, uint16_t type, uint32_t number)
{
	number = htonl(number);
	netlink_put(n, type, &number, sizeof number);
}

size_t netlink_nest(struct netlink *n, uint16_t type)
{
	size_t nest = n->len;
	netlink_put(n, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
	return nest;
}

void netlink_nest_end(struct netlink *n, size_t nest)
{
	if (!n->full)
		((struct nlattr *)(n->data + nest))->nla_len = (uint16_t)(n->len - nest);
}

bool netlink_has_room(const struct netlink *n)
{
	return ROOM - n->len >= SPARE;
}

/* --- sending --- */

size_t netlink_read(struct netlink *n, void *data, size_t cap)
{
	ssize_t got;
	do
		got = recv(n->fd, data, cap, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : (size_t)got;
}

/* The first error among these replies that is not tolerated, or 0. */
static int error_among(const uint8_t *replies, size_t len, bool (*tolerated)(int error), uint16_t *failed)
{
	for (size_t at = 0; at + NLMSG_LENGTH(sizeof(struct nlmsgerr)) <= len;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(replies + at);
		const struct nlmsgerr *e = NLMSG_DATA(h);
		if (h->nlmsg_type == NLMSG_ERROR && e->error && !(tolerated && tolerated(-e->error))) {
			if (failed)
				*failed = e->msg.nlmsg_type;
			return -e->error;
		}
		if (h->nlmsg_len < sizeof *h)
			break;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

bool netlink_flush(struct netlink *n)
{
	bool sent = !n->full && (!n->len || send(n->fd, n->data, n->len, 0) >= 0);
	if (n->full)
		errno = ENOBUFS;
	n->len = 0;
	n->full = false;
	return sent;
}

/* Whatever is to be said of the requests has been said when send() returns. */
int netlink_send(struct netlink *n, bool (*tolerated)(int error), uint16_t *failed)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t replies[REPLIES_ROOM];
	int error = netlink_flush(n) ? 0 : errno;
	if (failed)
		*failed = 0;
	for (size_t got; (got = netlink_read(n, replies, sizeof replies));) {
		if (!error)
			error = error_among(replies, got, tolerated, failed);
	}
	return error;
}
