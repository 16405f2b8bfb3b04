#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UDP_BATCHES_PER_TURN 8 /* then TCP has its turn */
#define UDP_SEND_WAIT_MS     5 /* once a batch, for room in the send buffer; what doesn't fit then is dropped, as the network would */

/* What a receive buffer can hold: twice what was asked for, in the smallest pieces that the kernel charges. It bounds the drain while
 * clients go on sending. */
#define UDP_DRAIN_BATCHES (2 * BACKLOG_BYTES / 512 / NET_BATCH)

static void prepare_slots(struct udp_listener *l)
{
	for (unsigned i = 0; i < NET_BATCH; i++) {
		struct udp_slot *s = &l->slots[i];
		s->request_iov = (struct iovec){s->request, sizeof(s->request)};
		s->reply_iov = (struct iovec){s->reply, 0};
		l->received[i].msg_hdr = (struct msghdr){
		        .msg_name = &s->client,
		        .msg_namelen = sizeof(s->client),
		        .msg_iov = &s->request_iov,
		        .msg_iovlen = 1,
		        .msg_control = l->control_len ? s->control : NULL,
		        .msg_controllen = l->control_len,
		};
		l->replies[i].msg_hdr.msg_iovlen = 1;
		l->messages[i] = (struct net_message){
		        .bytes = s->request,
		        .reply = s->reply,
		        .reply_cap = sizeof(s->reply),
		        .peer = &s->client,
		        .source = l,
		};
	}
}

/* Makes the control message that told where the request went say where the reply comes from. The interface is left to routing, as
 * the way back may be another one; but a link-local address means nothing without it. */
static void reply_from_asked(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = 0;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);
		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	}
}

/* Lines up what is to be sent of the n received, and readies their headers, which the kernel has written to, for the next batch. */
static unsigned gather_replies(struct udp_listener *l, unsigned n)
{
	unsigned count = 0;
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *in = &l->received[i].msg_hdr;
		if (l->messages[i].reply_len) {
			struct msghdr *out = &l->replies[count++].msg_hdr;
			l->slots[i].reply_iov.iov_len = l->messages[i].reply_len;
			out->msg_name = in->msg_name;
			out->msg_namelen = in->msg_namelen;
			out->msg_iov = &l->slots[i].reply_iov;
			out->msg_control = in->msg_control;
			out->msg_controllen = in->msg_controllen;
			reply_from_asked(out);
		}
		in->msg_namelen = sizeof(l->slots[i].client);
		in->msg_controllen = l->control_len;
	}
	return count;
}

static bool wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	return poll(&p, 1, UDP_SEND_WAIT_MS) == 1;
}

/* A datagram that can't be sent (a firewall's EPERM, no route, a forged port 0) must not take its neighbours with it. */
static void send_replies(struct udp_listener *l, unsigned count)
{
	bool waited = false;
	unsigned at = 0, lost = 0;
	while (at < count) {
		int n = sendmmsg(l->fd, l->replies + at, count - at, MSG_DONTWAIT);
		if (n > 0) {
			at += (unsigned)n;
		} else if (errno == EAGAIN) {
			if (waited || !wait_writable(l->fd)) {
				lost += count - at;
				break;
			}
			waited = true;
		} else if (errno != EINTR) {
			at++;
			lost++;
		}
	}
	if (lost && l->responder.unsent)
		l->responder.unsent(l->responder.arg, l->responder.worker, lost);
}

/* Returns how many datagrams it answered; 0: the socket had an error, now taken off it; -1: nothing waits. */
static int serve_batch(struct udp_listener *l)
{
	int n = recvmmsg(l->fd, l->received, NET_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN ? -1 : 0;
	for (int i = 0; i < n; i++) {
		l->messages[i].len = l->received[i].msg_len;
		l->messages[i].reply_len = 0;
		l->messages[i].kept = false;
	}
	backlog_note(&l->backlog, l->fd, n == NET_BATCH);
	responder_answer(&l->responder, l->address, l->messages, (unsigned)n);
	send_replies(l, gather_replies(l, (unsigned)n));
	return n;
}

static void on_udp_readable(uv_poll_t *handle, int status, int events)
{
	struct udp_listener *l = handle->data;
	(void)events;
	/* A batch that is not full was the last: asking again would be a system call for nothing. */
	for (unsigned turn = 0; turn < UDP_BATCHES_PER_TURN && serve_batch(l) == NET_BATCH; turn++)
		;
	/* libuv no longer polls a socket that had an error; the read has taken the error off. */
	if (status < 0)
		uv_poll_start(handle, UV_READABLE, on_udp_readable);
}

struct udp_listener *udp_listener_new(int fd, unsigned address, bool wildcard, const struct responder *responder)
{
	struct udp_listener *l = calloc(1, sizeof(*l));
	if (!l) {
		close(fd);
		return NULL;
	}
	l->fd = fd;
	l->address = address;
	l->control_len = wildcard ? sizeof(l->slots[0].control) : 0;
	l->responder = *responder;
	LIST_INIT(&l->kept);
	prepare_slots(l);
	return l;
}

enum err udp_listener_begin(struct udp_listener *l, uv_loop_t *loop)
{
	if (uv_poll_init(loop, &l->poll, l->fd))
		return ERR_SYS;
	l->poll.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_udp_readable); /* fails for a closing handle or a foreign one only */
	return OK;
}

void udp_listener_discard(struct udp_listener *l)
{
	if (l)
		close(l->fd);
	free(l);
}

/* --- replies that come later --- */

void udp_listener_keep(struct udp_listener *l, const struct net_message *m, struct net_client *c)
{
	const struct msghdr *in = &l->received[m - l->messages].msg_hdr;
	c->udp = l;
	c->peer = *m->peer;
	c->control_len = in->msg_controllen;
	if (c->control_len)
		memcpy(c->control, in->msg_control, c->control_len);
	LIST_INSERT_HEAD(&l->kept, c, siblings);
}

static socklen_t peer_len(const union net_peer *p)
{
	return p->sa.sa_family == AF_INET6 ? sizeof(p->v6) : sizeof(p->v4);
}

void udp_listener_flush(struct udp_listener *l)
{
	for (unsigned i = 0; i < l->late_count; i++) {
		struct udp_late *late = &l->late[i];
		struct msghdr *out = &l->replies[i].msg_hdr;
		out->msg_name = &late->to.peer;
		out->msg_namelen = peer_len(&late->to.peer);
		out->msg_iov = &late->iov;
		out->msg_control = late->to.control_len ? late->to.control : NULL;
		out->msg_controllen = late->to.control_len;
		reply_from_asked(out);
	}
	if (l->late_count)
		send_replies(l, l->late_count);
	l->late_count = 0;
}

void udp_listener_reply(struct udp_listener *l, const struct net_client *c, const uint8_t *bytes, size_t len)
{
	struct udp_late *late;
	if (!len || len > sizeof(late->reply))
		return;
	if (l->late_count == NET_BATCH)
		udp_listener_flush(l);
	late = &l->late[l->late_count++];
	late->to = *c;
	late->iov = (struct iovec){late->reply, len};
	memcpy(late->reply, bytes, len);
}

/* --- the end --- */

void udp_listener_retire(struct udp_listener *l)
{
	for (unsigned i = 0; i < UDP_DRAIN_BATCHES && serve_batch(l) >= 0; i++)
		;
	uv_poll_stop(&l->poll);
	l->retired = true;
}

static void on_udp_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void udp_listener_close(struct udp_listener *l)
{
	struct net_client *c;
	udp_listener_flush(l);
	while ((c = LIST_FIRST(&l->kept))) {
		LIST_REMOVE(c, siblings);
		c->udp = NULL;
	}
	uv_close((uv_handle_t *)&l->poll, on_udp_closed);
	close(l->fd); /* no longer polled: uv_close() has taken it out of epoll */
}
