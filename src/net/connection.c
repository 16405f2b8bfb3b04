#include "connection.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tcp.h"

/* What one visit may cost. The last messages are answered before it is known how long their replies are, so they are handed over a few at a
 * time. What is read beyond what is answered has to be held, so it is little, unless one message is longer. */
#define VISIT_OCTETS    (64L << 10)
#define VISIT_CALLS     (4L << 10) /* the system calls of a visit, in octets */
#define VISIT_MESSAGES  8
#define READ_OCTETS     4096
#define GREETING_OCTETS VISIT_OCTETS /* what TLS asks of the processor to shake hands, in octets: of signing it half a millisecond */

static void release(struct connection *c, struct held *h)
{
	c->tcp->held -= h->len;
	free(h->bytes);
	*h = (struct held){0};
}

static size_t octets_of(const struct iovec *parts, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += parts[i].iov_len;
	return len;
}

/* Appends a copy of the octets of parts after the first skip. False: no room. */
static bool hold(struct connection *c, struct held *h, const struct iovec *parts, size_t count, size_t skip)
{
	size_t len = octets_of(parts, count) - skip;
	uint8_t *grown;
	if (!len)
		return true;
	if (!tcp_make_room(c->tcp, c, len))
		return false;
	grown = realloc(h->bytes, h->len + len);
	if (!grown)
		return false;
	h->bytes = grown;
	c->tcp->held += len;
	for (size_t i = 0; i < count; i++) {
		size_t cut = skip < parts[i].iov_len ? skip : parts[i].iov_len;
		memcpy(h->bytes + h->len, (uint8_t *)parts[i].iov_base + cut, parts[i].iov_len - cut);
		h->len += parts[i].iov_len - cut;
		skip -= cut;
	}
	return true;
}

/* Returns what the kernel took, 0 if it has no room now, -1 if the connection is broken. */
static ssize_t send_parts(const struct connection *c, struct iovec *parts, size_t count)
{
	struct msghdr h = {.msg_iov = parts, .msg_iovlen = count};
	ssize_t n = sendmsg(c->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

/* All that was written has gone: those who have more to say may. Each call may give the connection something to write. */
static void tell_room(struct connection *c)
{
	struct net_client *client = LIST_FIRST(&c->kept);
	while (client && !c->output.len) {
		void (*on_room)(struct net_client *) = client->on_room;
		if (on_room) {
			client->on_room = NULL;
			on_room(client);
			client = LIST_FIRST(&c->kept); /* any of them may be gone now */
		} else {
			client = LIST_NEXT(client, siblings);
		}
	}
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
	if (n > 0 && c->asked) /* to shake hands is no activity */
		tcp_touch(c->tcp, c);
	c->tcp->turn_left -= (long)n + VISIT_CALLS;
	h->at += (size_t)n;
	if (h->at == h->len) {
		release(c, h);
		tell_room(c);
	}
	return true;
}

/* Writes what the kernel takes, and holds the rest. False: the connection can't go on. */
static bool put(struct connection *c, struct iovec *parts, size_t count)
{
	/* A reply that came meanwhile, from an earlier query, has its place before these. */
	ssize_t sent = c->output.len ? 0 : send_parts(c, parts, count);
	return sent >= 0 && hold(c, &c->output, parts, count, (size_t)sent);
}

/* Gets what TLS has to send. False: it is at an end, or there is no memory; what it says last is there all the same. */
static bool seal(struct connection *c, struct iovec *sealed)
{
	struct buffer *out = &c->tcp->leaving;
	bool goes_on;
	out->len = 0;
	goes_on = tls_produce(c->tls, out);
	if (out->failed) {
		buffer_free(out);
		goes_on = false;
	}
	*sealed = (struct iovec){out->data, out->len};
	return goes_on;
}

static bool put_sealed(struct connection *c)
{
	struct iovec sealed;
	bool goes_on = seal(c, &sealed);
	return (!sealed.iov_len || put(c, &sealed, 1)) && goes_on;
}

static bool send_sealed(struct connection *c, const struct iovec *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (tls_send(c->tls, parts[i].iov_base, parts[i].iov_len))
			return false;
	}
	return put_sealed(c);
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
	return c->tls ? send_sealed(c, parts, count) : put(c, parts, count);
}

/* Has messages [from, count) answered as far as a visit goes. Returns how many are answered of all. */
static unsigned answer_messages(struct connection *c, unsigned count)
{
	struct tcp *t = c->tcp;
	long octets = 0;
	unsigned done = 0;
	while (done < count && octets < VISIT_OCTETS && c->waiting < CONNECTION_WAITING_MAX) {
		unsigned n = count - done < VISIT_MESSAGES ? count - done : VISIT_MESSAGES;
		if (n > CONNECTION_WAITING_MAX - c->waiting)
			n = CONNECTION_WAITING_MAX - c->waiting;
		responder_answer(&t->responder, c->address, t->messages + done, n);
		for (; n; n--)
			octets += (long)t->messages[done++].reply_len;
	}
	t->turn_left -= octets + VISIT_CALLS;
	return done;
}

static const struct net_terms *terms_of(const struct connection *c)
{
	return &c->tcp->terms[c->address];
}

/* How many more messages it may ask. */
static unsigned share_left(const struct connection *c)
{
	unsigned max = terms_of(c)->queries_max;
	if (!max)
		return UINT_MAX;
	return max > c->asked ? max - c->asked : 0;
}

static void count_asked(struct connection *c, unsigned n)
{
	c->asked = n < UINT_MAX - c->asked ? c->asked + n : UINT_MAX;
	c->dismissed = !share_left(c);
}

/* Answers complete messages, in their order, as far as a visit goes. Returns how many octets it is done with, or -1 if the connection can't
 * go on. */
static ssize_t answer(struct connection *c, const uint8_t *bytes, size_t len)
{
	struct tcp *t = c->tcp;
	struct frames f = frames_split(bytes, len, t->messages);
	unsigned done, most = share_left(c);
	if (!f.count) {
		c->ended |= f.bad; /* there is no telling where the next message begins */
		return f.bad ? (ssize_t)len : 0;
	}
	for (unsigned i = 0; i < f.count; i++) {
		t->messages[i].peer = &c->peer;
		t->messages[i].source = c;
		t->messages[i].tls = c->tls;
	}
	tcp_touch(t, c);
	done = answer_messages(c, f.count < most ? f.count : most);
	count_asked(c, done);
	if (!send_replies(c, done))
		return -1;
	return done ? t->messages[done - 1].bytes + t->messages[done - 1].len - bytes : 0;
}

/* Reads once, at most room octets. Returns how many, 0 if there are none now or, with c->ended, no more; -1 if the connection is broken. */
static ssize_t read_once(struct connection *c, uint8_t *bytes, size_t room)
{
	ssize_t n = recv(c->fd, bytes, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->ended = n == 0; /* the client may have shut down only its side: it still gets its replies */
	if (c->receivable != SIZE_MAX)
		c->receivable -= (size_t)n;
	return n;
}

/* A record that is not whole is memory like any other. */
static bool count_sealed(struct connection *c)
{
	size_t now = tls_held(c->tls);
	if (now > c->sealed && !tcp_make_room(c->tcp, c, now - c->sealed))
		return false;
	c->tcp->held += now - c->sealed;
	c->sealed = now;
	return true;
}

/* What TLS says to it, such as its part of the handshake, is written. A client that has said goodbye still gets its replies. */
static bool receive_sealed(struct connection *c, uint8_t *bytes, size_t *len, size_t room)
{
	ssize_t n = read_once(c, c->tcp->arrived, room);
	size_t said;
	if (n <= 0)
		return n == 0;
	if (!tls_is_up(c->tls))
		c->tcp->turn_left -= GREETING_OCTETS;
	bool goes_on = tls_receive_to(c->tls, c->tcp->arrived, (size_t)n, bytes + *len, &said);
	*len += said;
	c->ended |= !goes_on;
	return put_sealed(c) && count_sealed(c) && !tls_trouble(c->tls);
}

/* Reads once, after the len octets that are there. False: the connection is broken. */
static bool receive(struct connection *c, uint8_t *bytes, size_t *len)
{
	size_t missing = frame_missing(bytes, *len), room = missing > READ_OCTETS ? missing : READ_OCTETS;
	if (!missing)
		return true;
	if (room > FRAME_MAX - *len)
		room = FRAME_MAX - *len;
	if (room > c->receivable)
		room = c->receivable;
	if (c->ended || !room)
		return true;
	if (c->tls)
		return receive_sealed(c, bytes, len, room);
	ssize_t n = read_once(c, bytes + *len, room);
	*len += n > 0 ? (size_t)n : 0;
	return n >= 0;
}

/* The buffer belongs to the worker: what is left over in it is held until the next visit. */
static bool read_and_answer(struct connection *c)
{
	uint8_t *bytes = c->tcp->request;
	size_t len = c->input.len;
	if (len)
		memcpy(bytes, c->input.bytes, len);
	release(c, &c->input);
	if (!receive(c, bytes, &len))
		return false;
	ssize_t used = c->dismissed ? (ssize_t)len : answer(c, bytes, len);
	if (used < 0)
		return false;
	if (c->dismissed)
		used = (ssize_t)len;
	c->whole = !frame_missing(bytes + used, len - (size_t)used);
	struct iovec all = {bytes, len};
	return hold(c, &c->input, &all, 1, (size_t)used);
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
	return (events ? uv_poll_start(&c->poll, events, on_connection_event) : uv_poll_stop(&c->poll)) == 0;
}

/* There may be messages, and their replies have room. */
static bool may_answer(const struct connection *c)
{
	return !c->output.len && !c->held_back && (c->whole || !c->ended);
}

/* What an event may tell. One that waits for its turn is told by the queue. */
static int awaited_events(const struct connection *c)
{
	if (c->queued)
		return 0;
	if (c->output.len)
		return UV_WRITABLE;
	return may_answer(c) ? UV_READABLE : 0;
}

/* It has had all that it gets. Closing at once would reset the connection where more has come in, and the client might lose replies that it has not read
 * yet: so it is told, and what it sends is thrown away until it closes, too. */
static void say_goodbye(struct connection *c)
{
	if (!c->dismissed || c->said_goodbye || !connection_idle(c))
		return;
	c->said_goodbye = true;
	if (c->tls) {
		tls_say_goodbye(c->tls);
		c->broken |= !put_sealed(c);
	}
	if (!c->output.len)
		shutdown(c->fd, SHUT_WR); /* where that fails, there is nobody */
}

static bool serve(struct connection *c)
{
	struct tcp *t = c->tcp;
	if (c->broken || !write_held(c))
		return false;
	if (may_answer(c) && t->turn_left <= 0)
		tcp_queue(t, c);
	else if (may_answer(c) && !read_and_answer(c))
		return false;
	c->ended |= !c->receivable;
	c->held_back |= c->waiting >= CONNECTION_WAITING_MAX;
	if (c->whole && may_answer(c))
		tcp_queue(t, c);
	if (connection_idle(c) && c->ended)
		return false;
	say_goodbye(c);
	return watch(c, awaited_events(c));
}

/* Room for others' octets must not be made by closing the one that is being served. */
static bool visit(struct connection *c)
{
	c->tcp->serving = c;
	bool lives = serve(c) && !c->broken;
	c->tcp->serving = NULL;
	return lives;
}

void connection_serve(struct connection *c)
{
	if (!visit(c))
		connection_close(c);
}

/* What has been received up to now is all that will be read. */
static void receive_no_more(struct connection *c)
{
	int waiting = 0;
	if (ioctl(c->fd, SIOCINQ, &waiting))
		waiting = 0;
	c->receivable = (size_t)waiting;
}

void connection_drain(struct connection *c)
{
	receive_no_more(c);
	connection_serve(c);
}

void connection_retire(struct connection *c)
{
	size_t before;
	bool lives;
	receive_no_more(c);
	do {
		before = c->receivable;
		c->tcp->turn_left = VISIT_OCTETS;
		lives = visit(c);
	} while (lives && may_answer(c) && (c->whole || c->receivable < before));
	c->ended = true;
	c->whole = false;
	release(c, &c->input);
	if (!lives || connection_idle(c) || !watch(c, awaited_events(c)))
		connection_close(c);
}

/* --- replies that come later --- */

void connection_keep(struct connection *c, struct net_client *client)
{
	client->tcp = c;
	client->peer = c->peer;
	LIST_INSERT_HEAD(&c->kept, client, siblings);
	c->waiting++;
}

/* Prefix and message, to be written in the next turn. */
static bool hold_sealed(struct connection *c, const struct iovec parts[2])
{
	struct iovec sealed;
	if (tls_send(c->tls, parts[0].iov_base, parts[0].iov_len) || tls_send(c->tls, parts[1].iov_base, parts[1].iov_len))
		return false;
	return seal(c, &sealed) && hold(c, &c->output, &sealed, 1, 0);
}

/* Closing it here could pull it away from under its own visit. */
void connection_reply(struct connection *c, const uint8_t *bytes, size_t len)
{
	uint8_t prefix[FRAME_PREFIX];
	struct iovec parts[] = {{prefix, sizeof(prefix)}, {(void *)(uintptr_t)bytes, len}};
	if (!len || len > UINT16_MAX)
		return;
	frame_put_prefix(prefix, len);
	c->broken |= c->tls ? !hold_sealed(c, parts) : !hold(c, &c->output, parts, 2, 0);
	tcp_queue(c->tcp, c);
}

void connection_release(struct connection *c, struct net_client *client)
{
	LIST_REMOVE(client, siblings);
	c->waiting--;
	if (c->held_back && c->waiting <= CONNECTION_WAITING_MAX / 2)
		c->held_back = false;
	if (!c->held_back)
		tcp_queue(c->tcp, c); /* it may read again, or be at its end */
}

/* --- its life --- */

unsigned connection_patience_ms(const struct connection *c, const struct net_terms *t)
{
	if (c->output.len || c->dismissed)
		return t->write_ms;
	return c->asked ? t->idle_ms : t->read_ms;
}

static void on_connection_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* If it can be told now: else a FIN has to do. */
static void take_leave(struct connection *c)
{
	struct iovec sealed;
	if (c->tls && !c->output.len && !c->said_goodbye) {
		tls_say_goodbye(c->tls);
		if (seal(c, &sealed) && sealed.iov_len)
			send_parts(c, &sealed, 1);
	}
	c->tcp->held -= c->sealed;
	tls_free(c->tls);
}

void connection_close(struct connection *c)
{
	struct net_client *client;
	while ((client = LIST_FIRST(&c->kept))) {
		LIST_REMOVE(client, siblings);
		client->tcp = NULL;
	}
	take_leave(c);
	uv_close((uv_handle_t *)&c->poll, on_connection_closed);
	close(c->fd); /* no longer polled: uv_close() has taken it out of epoll */
	release(c, &c->input);
	release(c, &c->output);
	tcp_forget(c->tcp, c);
}

struct connection *connection_new(struct tcp *t, int fd, const union net_peer *peer, unsigned address)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct identity *identity = t->terms[address].identity;
	if (c && identity)
		c->tls = tls_accept(identity);
	if (!c || (identity && !c->tls) || uv_poll_init(t->loop, &c->poll, fd)) {
		if (c)
			tls_free(c->tls);
		free(c);
		close(fd);
		return NULL;
	}
	c->tcp = t;
	c->fd = fd;
	c->peer = *peer;
	c->address = address;
	c->receivable = SIZE_MAX;
	LIST_INIT(&c->kept);
	c->poll.data = c;
	return c;
}
