#include "connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tcp.h"

static void release(struct connection *c, struct held *h)
{
	c->tcp->held -= h->len;
	free(h->bytes);
	*h = (struct held){0};
}

/* Keeps a copy of the octets of parts after the first skip. False: no room. */
static bool hold(struct connection *c, struct held *h, const struct iovec *parts, size_t count, size_t skip)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += parts[i].iov_len;
	len -= skip;
	if (!len)
		return true;
	if (!tcp_make_room(c->tcp, c, len))
		return false;
	h->bytes = malloc(len);
	if (!h->bytes)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t cut = skip < parts[i].iov_len ? skip : parts[i].iov_len;
		memcpy(h->bytes + h->len, (uint8_t *)parts[i].iov_base + cut, parts[i].iov_len - cut);
		h->len += parts[i].iov_len - cut;
		skip -= cut;
	}
	c->tcp->held += len;
	return true;
}

/* Returns what the kernel took, 0 if it has no room now, -1 if the connection is broken. */
static ssize_t send_parts(const struct connection *c, struct iovec *parts, size_t count)
{
	struct msghdr h = {.msg_iov = parts, .msg_iovlen = count};
	ssize_t n = sendmsg(c->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

/* False: the connection is broken. */
static bool write_held(struct connection *c)
{
	struct held *h = &c->output;
	if (!h->len)
		return true;
	struct iovec rest = {h->bytes + h->at, h->len - h->at};
	ssize_t n = send_parts(c, &rest, 1);
	if (n < 0)
		return false;
	if (n > 0)
		tcp_touch(c->tcp, c);
	h->at += (size_t)n;
	if (h->at == h->len)
		release(c, h);
	return true;
}

/* Writes the replies to the first n messages in one go; what the kernel doesn't take is held. False: the connection can't go on. */
static bool send_replies(struct connection *c, unsigned n)
{
	struct iovec parts[NET_BATCH];
	size_t count = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct net_message *m = &c->tcp->messages[i];
		if (!m->reply_len)
			continue;
		uint8_t *frame = m->reply - FRAME_PREFIX;
		frame_put_prefix(frame, m->reply_len);
		parts[count++] = (struct iovec){frame, FRAME_PREFIX + m->reply_len};
	}
	if (!count)
		return true;
	ssize_t sent = send_parts(c, parts, count);
	return sent >= 0 && hold(c, &c->output, parts, count, (size_t)sent);
}

/* Answers the complete messages, in their order, until replies have to wait. Returns how many octets it is done with, or -1 if the
 * connection can't go on. */
static ssize_t answer(struct connection *c, const uint8_t *bytes, size_t len)
{
	size_t used = 0;
	while (!c->output.len) {
		struct frames f = frames_split(bytes + used, len - used, c->tcp->messages);
		if (!f.count) {
			c->ended |= f.bad; /* there is no telling where the next message begins */
			return (ssize_t)used;
		}
		tcp_touch(c->tcp, c);
		responder_answer(&c->tcp->responder, c->address, c->tcp->messages, f.count);
		if (!send_replies(c, f.count))
			return -1;
		used += f.used;
	}
	return (ssize_t)used;
}

/* Reads once, after the len octets that are there. False: the connection is broken. */
static bool receive(struct connection *c, uint8_t *bytes, size_t *len)
{
	size_t room = FRAME_MAX - *len;
	if (room > c->receivable)
		room = c->receivable;
	if (!c->ended && room) {
		ssize_t n = recv(c->fd, bytes + *len, room, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->ended = n == 0; /* the client may have shut down only its side: it still gets its replies */
		*len += (size_t)n;
		if (c->receivable != SIZE_MAX)
			c->receivable -= (size_t)n;
	}
	c->ended |= !c->receivable;
	return true;
}

/* The buffer belongs to the worker: what is left over in it is held until the next event. */
static bool read_and_answer(struct connection *c)
{
	uint8_t *bytes = c->tcp->request;
	size_t len = c->input.len;
	if (len)
		memcpy(bytes, c->input.bytes, len);
	release(c, &c->input);
	if (!receive(c, bytes, &len))
		return false;
	ssize_t used = answer(c, bytes, len);
	struct iovec all = {bytes, len};
	return used >= 0 && hold(c, &c->input, &all, 1, (size_t)used);
}

static void on_connection_event(uv_poll_t *handle, int status, int events)
{
	struct connection *c = handle->data;
	(void)events; /* the calls tell */
	if (status < 0)
		connection_close(c);
	else
		connection_serve(c);
}

static bool watch(struct connection *c, int events)
{
	if (c->events == events)
		return true; /* libuv would take it out of epoll and put it in again */
	c->events = events;
	return uv_poll_start(&c->poll, events, on_connection_event) == 0;
}

static bool serve(struct connection *c)
{
	if (!write_held(c))
		return false;
	if (connection_idle(c) && !read_and_answer(c))
		return false;
	if (connection_idle(c) && c->ended)
		return false;
	return watch(c, connection_idle(c) ? UV_READABLE : UV_WRITABLE);
}

void connection_serve(struct connection *c)
{
	if (!serve(c))
		connection_close(c);
}

void connection_drain(struct connection *c)
{
	int waiting = 0;
	if (ioctl(c->fd, SIOCINQ, &waiting))
		waiting = 0;
	c->receivable = (size_t)waiting;
	connection_serve(c);
}

static void on_connection_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void connection_close(struct connection *c)
{
	uv_close((uv_handle_t *)&c->poll, on_connection_closed);
	close(c->fd); /* no longer polled: uv_close() has taken it out of epoll */
	release(c, &c->input);
	release(c, &c->output);
	tcp_forget(c->tcp, c);
}

struct connection *connection_new(struct tcp *t, int fd, unsigned address)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c || uv_poll_init(t->loop, &c->poll, fd)) {
		free(c);
		close(fd);
		return NULL;
	}
	c->tcp = t;
	c->fd = fd;
	c->address = address;
	c->receivable = SIZE_MAX;
	c->poll.data = c;
	return c;
}
