#include "tcp.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 32  /* then those that are connected have their turn */
#define ACCEPT_PAUSE_MS  100 /* without it, a full table of descriptors would make the loop spin */

/* What TCP may cost before UDP has its turn: a few hundred microseconds of copying and system calls. */
#define TURN_OCTETS (128L << 10)

/* --- time --- */

static void on_idle(uv_timer_t *timer);

/* A connection that was active now may be the first whose time is over. */
static void look_in_time(struct tcp *t)
{
	if (!uv_is_active((uv_handle_t *)&t->idle) || uv_timer_get_due_in(&t->idle) > t->least_ms)
		uv_timer_start(&t->idle, on_idle, t->least_ms, 0);
}

void tcp_touch(struct tcp *t, struct connection *c)
{
	c->active_ms = uv_now(t->loop);
	TAILQ_REMOVE(&t->connections, c, by_activity);
	TAILQ_INSERT_TAIL(&t->connections, c, by_activity);
	if (!t->draining && !t->closed)
		look_in_time(t);
}

/* When it is to be closed, if nothing happens. */
static uint64_t end_of_time(const struct tcp *t, const struct connection *c)
{
	return c->active_ms + connection_patience_ms(c, &t->terms[c->address]);
}

/* Of several times that hold the shortest is known, so the list need not be followed to its end. Those that are touched move there. */
static void on_idle(uv_timer_t *timer)
{
	struct tcp *t = timer->data;
	uint64_t now = uv_now(t->loop), next = UINT64_MAX;
	struct connection *c = TAILQ_FIRST(&t->connections), *after;
	for (; c && c->active_ms + t->least_ms <= now; c = after) {
		after = TAILQ_NEXT(c, by_activity);
		if (c->waiting || c->queued) { /* it waits for us */
			tcp_touch(t, c);
			continue;
		}
		uint64_t end = end_of_time(t, c);
		if (end <= now)
			connection_close(c);
		else
			next = end < next ? end : next;
	}
	if (TAILQ_EMPTY(&t->connections))
		return;
	next = next < now + t->least_ms ? next : now + t->least_ms; /* those that were touched */
	if (c && c->active_ms + t->least_ms < next)
		next = c->active_ms + t->least_ms;
	uv_timer_start(timer, on_idle, next - now, 0);
}

static uint64_t shortest(const struct net_terms *t)
{
	unsigned ms = t->read_ms < t->write_ms ? t->read_ms : t->write_ms;
	return ms < t->idle_ms ? ms : t->idle_ms;
}

struct net_terms *tcp_set_terms(struct tcp *t, struct net_terms *terms, unsigned count)
{
	struct net_terms *before = t->terms;
	t->terms = terms;
	t->least_ms = UINT64_MAX;
	for (unsigned i = 0; i < count; i++)
		t->least_ms = shortest(&terms[i]) < t->least_ms ? shortest(&terms[i]) : t->least_ms;
	if (!TAILQ_EMPTY(&t->connections) && !t->draining && !t->closed)
		uv_timer_start(&t->idle, on_idle, 0, 0);
	return before;
}

/* --- turns --- */

static void on_awake(uv_idle_t *handle)
{
	(void)handle; /* it is enough that it runs */
}

void tcp_queue(struct tcp *t, struct connection *c)
{
	if (c->queued)
		return;
	c->queued = true;
	TAILQ_INSERT_TAIL(&t->ready, c, by_turn);
	if (!t->closed)
		uv_idle_start(&t->awake, on_awake);
}

static void unqueue(struct tcp *t, struct connection *c)
{
	if (!c->queued)
		return;
	c->queued = false;
	TAILQ_REMOVE(&t->ready, c, by_turn);
	if (TAILQ_EMPTY(&t->ready) && !t->closed)
		uv_idle_stop(&t->awake);
}

/* Those that are queued anew meanwhile come after the one that was the last. */
void tcp_turn(struct tcp *t)
{
	struct connection *last = TAILQ_LAST(&t->ready, connections), *c;
	t->turn_left = TURN_OCTETS;
	while (t->turn_left > 0 && (c = TAILQ_FIRST(&t->ready))) {
		unqueue(t, c);
		connection_serve(c);
		if (c == last)
			break;
	}
}

void tcp_forget(struct tcp *t, struct connection *c)
{
	TAILQ_REMOVE(&t->connections, c, by_activity);
	unqueue(t, c);
	t->connection_count--;
	atomic_fetch_sub(&t->limit->open, 1);
	if (t->draining && TAILQ_EMPTY(&t->connections))
		tcp_close(t);
}

bool tcp_make_room(struct tcp *t, const struct connection *c, size_t len)
{
	struct connection *other = TAILQ_FIRST(&t->connections);
	while (other && t->held + len > TCP_HELD_MAX) {
		struct connection *next = TAILQ_NEXT(other, by_activity);
		if (other != c && other != t->serving && other->input.len + other->output.len + other->sealed)
			connection_close(other);
		other = next;
	}
	return t->held + len <= TCP_HELD_MAX;
}

/* Closes the connection longest idle (RFC 7766 6.2.3). False: none is. */
static bool evict_idle(struct tcp *t)
{
	struct connection *c;
	TAILQ_FOREACH(c, &t->connections, by_activity)
	{
		if (connection_idle(c)) {
			connection_close(c);
			return true;
		}
	}
	return false;
}

/* Counts one more connection, if need be in the place of another. */
static bool take_place(struct tcp *t)
{
	if (atomic_fetch_add(&t->limit->open, 1) < t->limit->max || evict_idle(t))
		return true;
	atomic_fetch_sub(&t->limit->open, 1);
	return false;
}

static void admit(struct tcp *t, int fd, const union net_peer *peer, unsigned address)
{
	if (!take_place(t)) {
		close(fd);
		return;
	}
	struct connection *c = connection_new(t, fd, peer, address);
	if (!c) {
		atomic_fetch_sub(&t->limit->open, 1);
		return;
	}
	c->active_ms = uv_now(t->loop);
	TAILQ_INSERT_TAIL(&t->connections, c, by_activity);
	t->connection_count++;
	look_in_time(t);
	connection_serve(c); /* its first query is often there already */
}

static void on_listener_readable(uv_poll_t *handle, int status, int events);

static void on_accept_again(uv_timer_t *timer)
{
	struct tcp *t = timer->data;
	struct tcp_listener *l;
	TAILQ_FOREACH(l, &t->listeners, siblings)
	uv_poll_start(&l->poll, UV_READABLE, on_listener_readable);
}

static void pause_accepting(struct tcp *t)
{
	struct tcp_listener *l;
	TAILQ_FOREACH(l, &t->listeners, siblings)
	uv_poll_stop(&l->poll);
	uv_timer_start(&t->accept_again, on_accept_again, ACCEPT_PAUSE_MS, 0);
}

/* Accepts one connection. False: none waits, or there is no room for it now. */
static bool accept_one(struct tcp_listener *l)
{
	union net_peer peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(l->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		admit(l->tcp, fd, &peer, l->address);
		return true;
	}
	int error = errno;
	switch (error) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (error == EMFILE && evict_idle(l->tcp))
			return true;
		pause_accepting(l->tcp);
		return false;
	default: /* the trouble of that one connection (accept(2), "Error handling") */
		return true;
	}
}

static void on_listener_readable(uv_poll_t *handle, int status, int events)
{
	struct tcp_listener *l = handle->data;
	(void)events;
	for (unsigned turn = 0; turn < ACCEPTS_PER_TURN && accept_one(l); turn++)
		;
	if (status < 0 && !uv_is_active((uv_handle_t *)&l->tcp->accept_again)) /* libuv no longer polls a socket that had an error */
		uv_poll_start(handle, UV_READABLE, on_listener_readable);
}

static bool allocate_buffers(struct tcp *t)
{
	t->request = malloc(FRAME_MAX + TLS_PLAIN_MAX);
	t->arrived = malloc(FRAME_MAX);
	t->replies = malloc((size_t)NET_BATCH * FRAME_MAX);
	if (!t->request || !t->arrived || !t->replies)
		return false;
	for (unsigned i = 0; i < NET_BATCH; i++)
		t->messages[i] = (struct net_message){
		        .tcp = true,
		        .reply = t->replies + (size_t)i * FRAME_MAX + FRAME_PREFIX,
		        .reply_cap = UINT16_MAX,
		};
	return true;
}

struct tcp *tcp_new(uv_loop_t *loop, const struct responder *responder, struct tcp_limit *limit)
{
	struct tcp *t = calloc(1, sizeof(*t));
	if (!t || !allocate_buffers(t)) {
		tcp_free(t);
		return NULL;
	}
	t->loop = loop;
	t->responder = *responder;
	t->limit = limit;
	t->turn_left = TURN_OCTETS;
	TAILQ_INIT(&t->connections);
	TAILQ_INIT(&t->ready);
	TAILQ_INIT(&t->listeners);
	uv_timer_init(loop, &t->idle);
	uv_timer_init(loop, &t->accept_again);
	uv_idle_init(loop, &t->awake);
	t->idle.data = t;
	t->accept_again.data = t;
	return t;
}

struct tcp_listener *tcp_listener_new(int fd, unsigned address)
{
	struct tcp_listener *l = calloc(1, sizeof(*l));
	if (!l) {
		close(fd);
		return NULL;
	}
	l->fd = fd;
	l->address = address;
	return l;
}

enum err tcp_listener_begin(struct tcp_listener *l, struct tcp *t)
{
	if (uv_poll_init(t->loop, &l->poll, l->fd))
		return ERR_SYS;
	l->tcp = t;
	l->poll.data = l;
	TAILQ_INSERT_TAIL(&t->listeners, l, siblings);
	uv_poll_start(&l->poll, UV_READABLE, on_listener_readable); /* fails for a closing handle or a foreign one only */
	return OK;
}

void tcp_listener_discard(struct tcp_listener *l)
{
	if (l)
		close(l->fd);
	free(l);
}

static void on_listener_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void listener_close(struct tcp_listener *l)
{
	TAILQ_REMOVE(&l->tcp->listeners, l, siblings);
	uv_close((uv_handle_t *)&l->poll, on_listener_closed);
	close(l->fd); /* no longer polled: uv_close() has taken it out of epoll */
}

static void close_listeners(struct tcp *t)
{
	while (!TAILQ_EMPTY(&t->listeners))
		listener_close(TAILQ_FIRST(&t->listeners));
}

/* Clients that are connected, from their side, may have sent queries; closing the listener would reset them. */
static void accept_all(struct tcp_listener *l)
{
	for (unsigned n = 0; n < SOMAXCONN && accept_one(l); n++)
		;
}

static struct tcp_listener *listener_of(const struct tcp *t, unsigned address)
{
	struct tcp_listener *l;
	TAILQ_FOREACH(l, &t->listeners, siblings)
	{
		if (l->address == address)
			return l;
	}
	return NULL;
}

/* Each moves to the end of the list, or out of it, so the first is the next: serving one may close others. */
static void for_each_connection(struct tcp *t, void (*end)(struct connection *c), const unsigned *address)
{
	for (unsigned n = t->connection_count; n > 0 && !TAILQ_EMPTY(&t->connections); n--) {
		struct connection *c = TAILQ_FIRST(&t->connections);
		tcp_touch(t, c);
		if (!address || c->address == *address)
			end(c);
	}
}

/* Each connection is served once before what it has received is all that counts: Nagle's algorithm may keep its client from sending the rest of what
 * it wrote before there is an answer to the first. */
void tcp_retire(struct tcp *t, unsigned address)
{
	struct tcp_listener *l = listener_of(t, address);
	t->turn_left = LONG_MAX;
	if (l) {
		accept_all(l);
		listener_close(l);
	}
	for_each_connection(t, connection_serve, &address);
	for_each_connection(t, connection_retire, &address);
	t->turn_left = 0;
}

void tcp_drain(struct tcp *t)
{
	struct tcp_listener *l;
	t->turn_left = LONG_MAX;
	TAILQ_FOREACH(l, &t->listeners, siblings)
	accept_all(l);
	close_listeners(t);
	uv_timer_stop(&t->accept_again);
	uv_timer_stop(&t->idle);
	for_each_connection(t, connection_serve, NULL);
	t->draining = true;
	for_each_connection(t, connection_drain, NULL);
	t->turn_left = 0;
	if (TAILQ_EMPTY(&t->connections))
		tcp_close(t);
}

void tcp_close(struct tcp *t)
{
	if (t->closed)
		return;
	t->closed = true;
	close_listeners(t);
	while (!TAILQ_EMPTY(&t->connections))
		connection_close(TAILQ_FIRST(&t->connections));
	uv_close((uv_handle_t *)&t->idle, NULL);
	uv_close((uv_handle_t *)&t->accept_again, NULL);
	uv_close((uv_handle_t *)&t->awake, NULL);
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	free(t->request);
	free(t->arrived);
	buffer_free(&t->leaving);
	free(t->replies);
	free(t->terms);
	free(t);
}
