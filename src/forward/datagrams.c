#include "datagrams.h"
#include "channel.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCHES_MAX 8 /* of one socket, before others have their turn */

static void on_socket_closed(uv_handle_t *handle)
{
	struct udp_socket *s = handle->data;
	struct forward_worker *w = s->worker;
	free(s);
	worker_handle_closed(w);
}

static void close_socket(struct udp_socket *s)
{
	wheel_clear(&s->worker->wheel, &s->retirement);
	if (s->slot)
		*s->slot = NULL;
	if (s->is_full)
		TAILQ_REMOVE(&s->worker->full, s, fulls);
	LIST_REMOVE(s, siblings);
	uv_close((uv_handle_t *)&s->poll, on_socket_closed);
	close(s->fd);
}

static void close_if_over(struct udp_socket *s)
{
	if (!s->slot && s->ends_with_last && TAILQ_EMPTY(&s->unsent) && TAILQ_EMPTY(&s->waiting))
		close_socket(s);
}

void datagrams_forget(struct udp_socket *s)
{
	close_if_over(s);
}

/* Nothing new leaves by it. */
static void retire(struct udp_socket *s)
{
	if (s->slot)
		*s->slot = NULL;
	s->slot = NULL;
	wheel_clear(&s->worker->wheel, &s->retirement);
}

static void on_retirement(struct deadline *d)
{
	struct udp_socket *s = (struct udp_socket *)((char *)d - offsetof(struct udp_socket, retirement));
	retire(s);
	close_if_over(s);
}

/* The network says that nobody is there. It says so of an earlier datagram, and once for however many: whatever waits here goes elsewhere. */
static void refused(struct udp_socket *s)
{
	struct attempt *e;
	retire(s);
	if (!TAILQ_EMPTY(&s->waiting))
		channel_on_trouble(s->channel);
	while ((e = TAILQ_FIRST(&s->waiting)))
		channel_finish(e, ATTEMPT_FAILED, NULL, 0);
}

/* --- out --- */

static void sent(struct udp_socket *s, struct attempt *e, uint64_t now_ns)
{
	e->sent_ns = now_ns;
	attempt_move(e, &s->waiting);
}

/* The first of what is unsent could not be written. */
static void not_sent(struct udp_socket *s, int error)
{
	struct attempt *e = TAILQ_FIRST(&s->unsent);
	switch (error) {
	case EINTR:
		return;
	case EAGAIN:
	case ENOBUFS: /* as if the network had lost it */
		sent(s, e, uv_hrtime());
		return;
	case ECONNREFUSED:
		if (!e->repeated) { /* the error was another's: this one has not been tried */
			e->repeated = true;
			refused(s);
			return;
		}
		break;
	}
	channel_on_trouble(s->channel);
	channel_finish(e, ATTEMPT_FAILED, NULL, 0);
}

static void send_batch(struct udp_socket *s)
{
	struct mmsghdr messages[WORKER_BATCH] = {0};
	struct iovec octets[WORKER_BATCH];
	struct attempt *e;
	unsigned n = 0;
	TAILQ_FOREACH(e, &s->unsent, siblings)
	{
		if (n == WORKER_BATCH)
			break;
		octets[n] = (struct iovec){.iov_base = e->octets, .iov_len = e->len};
		messages[n].msg_hdr.msg_iov = &octets[n];
		messages[n++].msg_hdr.msg_iovlen = 1;
	}
	int done = sendmmsg(s->fd, messages, n, 0);
	if (done <= 0) {
		not_sent(s, errno);
		return;
	}
	uint64_t now_ns = uv_hrtime();
	while (done--)
		sent(s, TAILQ_FIRST(&s->unsent), now_ns);
}

static void send_all(struct udp_socket *s)
{
	s->ends_with_last = false;
	while (!TAILQ_EMPTY(&s->unsent))
		send_batch(s);
	s->ends_with_last = true;
	close_if_over(s);
}

void datagrams_flush(struct forward_worker *w)
{
	struct udp_socket *s;
	while ((s = TAILQ_FIRST(&w->full))) {
		TAILQ_REMOVE(&w->full, s, fulls);
		s->is_full = false;
		send_all(s);
	}
}

/* --- in --- */

/* False: there is no more for now. */
static bool receive_batch(struct udp_socket *s)
{
	struct forward_worker *w = s->worker;
	struct mmsghdr messages[WORKER_BATCH] = {0};
	struct iovec octets[WORKER_BATCH];
	for (unsigned i = 0; i < WORKER_BATCH; i++) {
		octets[i] = (struct iovec){.iov_base = w->inbox[i], .iov_len = sizeof w->inbox[i]};
		messages[i].msg_hdr.msg_iov = &octets[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	int n = recvmmsg(s->fd, messages, WORKER_BATCH, 0, NULL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			refused(s);
		return false;
	}
	uint64_t now_ns = uv_hrtime();
	for (int i = 0; i < n; i++) {
		if (!(messages[i].msg_hdr.msg_flags & MSG_TRUNC))
			channel_on_datagram(s->channel, s, w->inbox[i], messages[i].msg_len, now_ns);
	}
	return n == WORKER_BATCH;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_socket *s = poll->data;
	(void)events;
	s->ends_with_last = false;
	for (unsigned i = 0; i < BATCHES_MAX && receive_batch(s); i++)
		;
	s->ends_with_last = true;
	/* For an error of the socket's, which the read has taken off it, libuv stops polling. */
	if (status < 0)
		uv_poll_start(&s->poll, UV_READABLE, on_readable);
	close_if_over(s);
}

/* --- sockets --- */

static struct udp_socket *new_socket(struct channel *c, struct udp_socket **slot)
{
	unsigned max_age_ms = c->upstreams->options.max_age_ms;
	struct udp_socket *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->fd = channel_socket(c, SOCK_DGRAM);
	if (s->fd < 0) {
		free(s);
		return NULL;
	}
	if (uv_poll_init(c->worker->loop, &s->poll, s->fd)) {
		close(s->fd);
		free(s);
		return NULL;
	}
	worker_handle_opened(c->worker);
	s->poll.data = s;
	s->worker = c->worker;
	s->channel = c;
	s->ends_with_last = true;
	s->slot = slot;
	*slot = s;
	TAILQ_INIT(&s->unsent);
	TAILQ_INIT(&s->waiting);
	LIST_INSERT_HEAD(&c->datagrams.all, s, siblings);
	s->retirement.due = on_retirement;
	wheel_set(&c->worker->wheel, &s->retirement, max_age_ms && max_age_ms < UDP_SOCKET_MS ? max_age_ms : UDP_SOCKET_MS);
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	return s;
}

/* A random one; where it can't be opened, any that is open. */
static struct udp_socket *draw(struct datagrams *d, struct channel *c)
{
	struct udp_socket **slot = &d->slots[dice_below(&c->worker->dice, UDP_SOCKETS)];
	struct udp_socket *s = *slot ? *slot : new_socket(c, slot);
	for (unsigned i = 0; !s && i < UDP_SOCKETS; i++)
		s = d->slots[i];
	return s;
}

enum err datagrams_send(struct datagrams *d, struct channel *c, struct attempt *e)
{
	struct udp_socket *s = draw(d, c);
	if (!s)
		return ERR_SYS;
	channel_count_socket(e, !s->queries);
	e->socket = s;
	attempt_move(e, &s->unsent);
	if (!s->is_full)
		TAILQ_INSERT_TAIL(&s->worker->full, s, fulls);
	s->is_full = true;
	if (++s->queries == UDP_SOCKET_QUERIES)
		retire(s);
	return OK;
}

void datagrams_end(struct datagrams *d)
{
	struct udp_socket *s;
	while ((s = LIST_FIRST(&d->all)))
		close_socket(s);
}
