#include "streams.h"
#include "channel.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_stream_event(uv_poll_t *poll, int status, int events);

static void on_stream_closed(uv_handle_t *handle)
{
	struct stream *s = handle->data;
	struct forward_worker *w = s->worker;
	tls_free(s->tls);
	buffer_free(&s->in);
	buffer_free(&s->out);
	free(s);
	worker_handle_closed(w);
}

/* The descriptor goes with the handle: its number must not be another's while libuv has it. */
static void let_go(struct stream *s)
{
	uv_close((uv_handle_t *)&s->poll, on_stream_closed);
	close(s->fd);
}

/* What its attempts do is for the caller. */
static void close_stream(struct stream *s)
{
	if (s->closed)
		return;
	s->closed = true;
	s->channel->streams.count--;
	LIST_REMOVE(s, siblings);
	wheel_clear(&s->worker->wheel, &s->expiry);
	uv_poll_stop(&s->poll);
	if (!s->has_handler)
		let_go(s);
}

static void watch(struct stream *s)
{
	bool writes = !s->connected || s->out_at < s->out.len;
	int events = UV_READABLE | (writes ? UV_WRITABLE : 0);
	if (s->watched != events) /* each call is an epoll_ctl */
		uv_poll_start(&s->poll, events, on_stream_event);
	s->watched = events;
}

/* --- attempts and connections --- */

/* False: the connection is lost. */
static bool write_some(struct stream *s)
{
	if (s->tls && !tls_produce(s->tls, &s->out))
		return false;
	while (s->out_at < s->out.len) {
		ssize_t n = send(s->fd, s->out.data + s->out_at, s->out.len - s->out_at, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		s->out_at += (size_t)n;
	}
	s->out.len = 0;
	s->out_at = 0;
	return true;
}

static enum err append(struct stream *s, const struct attempt *e)
{
	if (s->tls)
		return tls_send(s->tls, e->octets, e->len);
	buffer_append(&s->out, e->octets, e->len);
	return s->out.failed ? ERR_NOMEM : OK;
}

static enum err put_on(struct stream *s, struct attempt *e)
{
	if (append(s, e))
		return ERR_NOMEM;
	wheel_clear(&s->worker->wheel, &s->expiry);
	channel_count_socket(e, !s->connected && !s->count);
	e->stream = s;
	e->sent_ns = uv_hrtime();
	attempt_move(e, &s->waiting);
	s->count++;
	if (s->connected)
		(void)write_some(s); /* what is wrong with it, polling will say */
	watch(s);
	return OK;
}

/* Nothing new goes over it any more. */
static bool is_worn(const struct stream *s)
{
	unsigned max_ms = s->channel->upstreams->options.max_age_ms;
	return max_ms && uv_now(s->worker->loop) - s->opened_ms >= max_ms;
}

static bool is_one_too_many(const struct stream *s)
{
	unsigned max = s->channel->upstreams->options.max_idle, idle = 0;
	const struct stream *other;
	LIST_FOREACH(other, &s->channel->streams.open, siblings)
	{
		idle += !other->count && !other->owed;
	}
	return max && idle > max;
}

static void revive_queue(struct channel *c);

/* Nothing waits for it: the first of the queue is next, or nothing until it expires. */
static void next_of_queue(struct stream *s)
{
	struct channel *c = s->channel;
	struct attempt *e;
	while (!s->closed && !s->count && !s->owed && !is_worn(s) && (e = TAILQ_FIRST(&c->streams.queue))) {
		if (put_on(s, e))
			channel_finish(e, ATTEMPT_FAILED, NULL, 0);
	}
	if (s->closed || s->count)
		return;
	if (is_worn(s) || (!s->owed && is_one_too_many(s))) {
		close_stream(s);
		revive_queue(c);
		return;
	}
	wheel_set(&s->worker->wheel, &s->expiry, s->owed ? FORWARD_TRY_MS_MAX : c->upstreams->options.expire_ms);
}

/* A connection has gone: there may be another for those that wait. */
static void revive_queue(struct channel *c)
{
	struct attempt *e;
	while (c->streams.count < STREAMS_MAX && (e = TAILQ_FIRST(&c->streams.queue))) {
		attempt_move(e, NULL);
		if (streams_send(&c->streams, c, e))
			channel_finish(e, ATTEMPT_FAILED, NULL, 0);
	}
}

static void on_expiry(struct deadline *d)
{
	struct stream *s = (struct stream *)((char *)d - offsetof(struct stream, expiry));
	close_stream(s);
	revive_queue(s->channel);
}

/* An upstream may close an idle connection at any time, just when something is written to it too: that is asked once more (RFC 7766 6.2.3). */
static void ask_elsewhere(struct stream *s, struct attempt *e)
{
	struct channel *c = s->channel;
	bool again = s->answered && !e->repeated;
	e->stream = NULL;
	attempt_move(e, NULL);
	e->repeated = true;
	if (!again || streams_send(&c->streams, c, e))
		channel_finish(e, ATTEMPT_FAILED, NULL, 0);
}

/* The other end closed it, or it never opened. */
static void lose(struct stream *s)
{
	struct channel *c = s->channel;
	struct attempt *e;
	channel_tell_trouble(c, s->tls ? tls_trouble(s->tls) : NULL);
	close_stream(s);
	if (s->count && !s->answered)
		channel_on_trouble(c);
	while ((e = TAILQ_FIRST(&s->waiting))) {
		s->count--;
		ask_elsewhere(s, e);
	}
	revive_queue(c);
}

void streams_forget(struct stream *s, bool replied)
{
	s->count--;
	s->owed += !replied;
	if (!s->closed && !s->count)
		next_of_queue(s);
}

static void on_owed_reply(struct stream *s)
{
	if (s->owed)
		s->owed--;
	if (!s->closed && !s->count)
		next_of_queue(s);
}

/* --- events --- */

static bool is_connected(struct stream *s)
{
	int error = 0;
	socklen_t len = sizeof error;
	return getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error;
}

/* Hands over the whole messages at the start of bytes. Returns how many octets they took. */
static size_t take_messages(struct stream *s, uint8_t *bytes, size_t len, uint64_t now_ns)
{
	size_t at = 0;
	while (!s->closed && len - at >= 2) {
		size_t message_len = message_u16(bytes + at);
		if (len - at - 2 < message_len)
			break;
		s->answered = true;
		if (!channel_on_stream_message(s->channel, s, bytes + at + 2, message_len, now_ns))
			on_owed_reply(s);
		at += 2 + message_len;
	}
	return at;
}

/* The whole messages in s->in. */
static void take_parts(struct stream *s)
{
	size_t taken = take_messages(s, (uint8_t *)s->in.data, s->in.len, uv_hrtime());
	memmove(s->in.data, s->in.data + taken, s->in.len - taken);
	s->in.len -= taken;
}

/* A message that came in parts is put together in s->in; whole ones are taken from where they were read to. */
static bool take(struct stream *s, uint8_t *bytes, size_t len)
{
	if (s->in.len) {
		buffer_append(&s->in, bytes, len);
		if (!s->in.failed)
			take_parts(s);
		return !s->in.failed;
	}
	size_t taken = take_messages(s, bytes, len, uv_hrtime());
	buffer_append(&s->in, bytes + taken, len - taken);
	return !s->in.failed;
}

/* It is there: what waits has gone out now, and not when it was asked. */
static void note_up(struct stream *s)
{
	struct attempt *e;
	if (s->up || !s->connected || (s->tls && !tls_is_up(s->tls)))
		return;
	s->up = true;
	TAILQ_FOREACH(e, &s->waiting, siblings)
	{
		e->sent_ns = uv_hrtime();
	}
}

/* What TLS says of it, or a reason to give up, goes out as far as it can. */
static bool take_sealed(struct stream *s, const uint8_t *bytes, size_t len)
{
	bool is_on = tls_receive(s->tls, bytes, len, &s->in);
	note_up(s);
	if (s->in.len)
		take_parts(s);
	if (!is_on && !s->closed)
		(void)write_some(s);
	return is_on && !s->in.failed;
}

/* One read for each time that the loop says so, so that no connection keeps others waiting. */
static bool read_some(struct stream *s)
{
	struct forward_worker *w = s->worker;
	ssize_t n = recv(s->fd, w->inbox, sizeof w->inbox, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	return s->tls ? take_sealed(s, (const uint8_t *)w->inbox, (size_t)n) : take(s, (uint8_t *)w->inbox, (size_t)n);
}

static bool serve(struct stream *s, int status, int events)
{
	if (!s->connected && !is_connected(s))
		return false;
	s->connected = true;
	note_up(s);
	if (status < 0) { /* libuv's word for an error of the socket's, after which it polls no more */
		s->watched = 0;
		return read_some(s);
	}
	return ((events & UV_READABLE) == 0 || read_some(s)) && (s->closed || write_some(s));
}

static void on_stream_event(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;
	s->has_handler = true;
	if (!serve(s, status, events) && !s->closed)
		lose(s);
	s->has_handler = false;
	if (s->closed)
		let_go(s);
	else
		watch(s);
}

/* --- opening --- */

static struct stream *open_stream(struct channel *c)
{
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->fd = channel_socket(c, SOCK_STREAM);
	if (s->fd < 0) {
		free(s);
		return NULL;
	}
	if ((c->upstream->transport == UPSTREAM_TLS &&
	     !(s->tls = tls_connect(c->upstreams->options.trust, c->upstream->server_name, &c->upstream->at.sa, &c->session))) ||
	    uv_poll_init(c->worker->loop, &s->poll, s->fd)) {
		tls_free(s->tls);
		close(s->fd);
		free(s);
		return NULL;
	}
	worker_handle_opened(c->worker);
	s->poll.data = s;
	s->worker = c->worker;
	s->channel = c;
	s->opened_ms = uv_now(c->worker->loop);
	s->expiry.due = on_expiry;
	TAILQ_INIT(&s->waiting);
	LIST_INSERT_HEAD(&c->streams.open, s, siblings);
	c->streams.count++;
	return s;
}

static void close_worn(struct streams *t)
{
	struct stream *s = LIST_FIRST(&t->open), *next;
	for (; s; s = next) {
		next = LIST_NEXT(s, siblings);
		if (!s->count && is_worn(s))
			close_stream(s);
	}
}

/* The open connection with the fewest attempts that takes one more; NULL: there is none. */
static struct stream *least_busy(const struct streams *t)
{
	struct stream *s, *best = NULL;
	LIST_FOREACH(s, &t->open, siblings)
	{
		if (is_worn(s))
			continue;
		if (!best || s->count + s->owed < best->count + best->owed)
			best = s;
	}
	return best;
}

/* Whether e may go over s, which has others already. */
static bool may_share(struct streams *t, const struct stream *s)
{
	if (t->shares)
		return s->count + s->owed < STREAM_SHARED_MAX;
	if (s->count != 1 || s->owed || !t->trials)
		return false;
	t->trials--;
	return true;
}

static enum err put_on_new(struct channel *c, struct attempt *e)
{
	struct stream *s = open_stream(c);
	if (!s)
		return ERR_SYS;
	if (put_on(s, e) == OK)
		return OK;
	close_stream(s);
	return ERR_NOMEM;
}

enum err streams_send(struct streams *t, struct channel *c, struct attempt *e)
{
	close_worn(t);
	struct stream *s = least_busy(t);
	if (s && !s->count && !s->owed)
		return put_on(s, e);
	if (t->count < STREAMS_MAX)
		return put_on_new(c, e);
	if (s && may_share(t, s))
		return put_on(s, e);
	attempt_move(e, &t->queue);
	return OK;
}

void streams_begin(struct streams *t)
{
	*t = (struct streams){.trials = STREAM_TRIALS};
	LIST_INIT(&t->open);
	TAILQ_INIT(&t->queue);
}

void streams_end(struct streams *t)
{
	struct stream *s;
	while ((s = LIST_FIRST(&t->open)))
		close_stream(s);
}
