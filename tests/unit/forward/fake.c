#include "fake.h"
#include "../unit.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUARD_MS    50
#define GUARD_TURNS 400

/* --- replies --- */

static size_t question_end(const uint8_t *q)
{
	size_t at = 12;
	while (q[at])
		at += 1u + q[at];
	return at + 5;
}

static size_t make_reply(const uint8_t *q, enum manner manner, uint8_t *reply)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 2, 3};
	size_t len = question_end(q);
	memcpy(reply, q, len);
	reply[2] |= 0x80;
	memset(reply + 6, 0, 6);
	if (manner == SERVFAILS) {
		reply[3] = 2;
		return len;
	}
	if (manner == MINDS_EDNS && q[11]) {
		reply[3] = 1;
		reply[5] = 0;
		return 12;
	}
	if (manner == TRUNCATES) {
		reply[2] |= 2;
		return len;
	}
	if (manner == LOWERS_CASE) {
		for (size_t i = 12; i < len - 4; i++)
			reply[i] = (uint8_t)tolower(reply[i]);
	}
	memcpy(reply + len, record, sizeof record);
	reply[7] = manner == GARBLES ? 9 : 1;
	return len + sizeof record;
}

static void send_udp(uv_udp_t *by, const uint8_t *bytes, size_t len, const struct sockaddr *to)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
	assert_true(uv_udp_try_send(by, &b, 1, to) >= 0);
}

/* What a forger would send before the right reply comes. */
static void forge(struct fake *f, const uint8_t *q, size_t q_len, const struct sockaddr *to)
{
	uint8_t reply[5000] = {0};
	size_t len = make_reply(q, ANSWERS, reply);
	uv_udp_t *by = &f->udp;
	switch (f->udp_manner) {
	case FORGES_ID:
		reply[0] ^= 1;
		break;
	case FORGES_QUESTION:
		reply[13]++;
		break;
	case FORGES_OPCODE:
		reply[2] ^= 0x20;
		break;
	case FORGES_QR:
		len = q_len;
		memcpy(reply, q, q_len);
		break;
	case FORGES_SOURCE:
		by = &f->other;
		break;
	case SENDS_RUBBISH:
		send_udp(by, reply, 5, to);
		send_udp(by, reply, 0, to);
		len = sizeof reply;
		break;
	default:
		return;
	}
	send_udp(by, reply, len, to);
}

static void note(struct fake *f, const uint8_t *q)
{
	f->with_edns += q[11];
	for (size_t i = 12; i < question_end(q) - 4; i++)
		f->capitals += q[i] >= 'A' && q[i] <= 'Z';
}

static void note_port(struct fake *f, const struct sockaddr *from)
{
	uint16_t port = ((const struct sockaddr_in *)(const void *)from)->sin_port;
	for (unsigned i = 0; i < f->ports_seen; i++) {
		if (f->ports[i] == port)
			return;
	}
	if (f->ports_seen < 64)
		f->ports[f->ports_seen++] = port;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *b)
{
	static _Thread_local char octets[65536]; /* of one read at a time, and none of the allocations that a test makes fail */
	(void)handle;
	(void)size;
	*b = uv_buf_init(octets, sizeof octets);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *b, const struct sockaddr *from, unsigned flags)
{
	struct fake *f = udp->data;
	uint8_t reply[512];
	const uint8_t *q = (const uint8_t *)b->base;
	(void)flags;
	if (n > 0) {
		f->udp_queries++;
		note(f, q);
		note_port(f, from);
		memcpy(&f->last_from, from, from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		if (f->udp_manner == KEEPS) {
			memcpy(f->kept, q, (size_t)n);
			f->kept_len = (size_t)n;
			memcpy(&f->kept_from, from, sizeof(struct sockaddr_in));
		} else if (f->udp_manner != SILENT) {
			forge(f, q, (size_t)n, from);
			send_udp(&f->udp, reply, make_reply(q, f->udp_manner, reply), from);
		}
	}
}

void fake_release(struct fake *f)
{
	uint8_t reply[512];
	assert_true(f->kept_len > 0);
	send_udp(&f->udp, reply, make_reply(f->kept, ANSWERS, reply), (struct sockaddr *)&f->kept_from);
	f->kept_len = 0;
}

/* --- TCP --- */

struct peer {
	uv_tcp_t tcp;
	struct fake *fake;
	uint8_t in[65536];
	size_t len;
	uint8_t first[512]; /* TURNS_ROUND: the query that waits */
	size_t first_len;
};

static void on_peer_closed(uv_handle_t *handle)
{
	munmap(handle->data, sizeof(struct peer));
}

static void hang_up(struct peer *p)
{
	if (!uv_is_closing((uv_handle_t *)&p->tcp))
		uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
}

static void send_tcp(struct peer *p, const uint8_t *bytes, size_t len)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
	if (uv_try_write((uv_stream_t *)&p->tcp, &b, 1) < 0)
		hang_up(p);
}

static void answer_tcp(struct peer *p, const uint8_t *q, enum manner manner)
{
	uint8_t framed[514];
	size_t len = make_reply(q, manner == TRUNCATES ? ANSWERS : manner, framed + 2);
	framed[0] = 0;
	framed[1] = (uint8_t)len;
	if (manner == IN_PARTS) {
		for (size_t i = 0; i < len + 2; i++)
			send_tcp(p, framed + i, 1);
	} else {
		send_tcp(p, framed, manner == HANGS_UP_HALFWAY ? len / 2 : len + 2);
	}
}

static void on_tcp_query(struct peer *p, const uint8_t *q, size_t len)
{
	struct fake *f = p->fake;
	f->tcp_queries++;
	note(f, q);
	if (f->tcp_manner == SILENT)
		return;
	if (f->tcp_manner == TURNS_ROUND && !p->first_len) {
		memcpy(p->first, q, len);
		p->first_len = len;
		return;
	}
	if (f->tcp_manner != HANGS_UP)
		answer_tcp(p, q, f->tcp_manner);
	if (p->first_len)
		answer_tcp(p, p->first, ANSWERS);
	p->first_len = 0;
	if (f->tcp_manner == HANGS_UP || f->tcp_manner == HANGS_UP_HALFWAY)
		hang_up(p);
}

static void on_tcp_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct peer *p = stream->data;
	if (n > 0) {
		memcpy(p->in + p->len, b->base, (size_t)n);
		p->len += (size_t)n;
	}
	while (p->len >= 2 && p->len >= 2u + (size_t)(p->in[0] << 8 | p->in[1])) {
		size_t len = (size_t)(p->in[0] << 8 | p->in[1]);
		on_tcp_query(p, p->in + 2, len);
		p->len -= len + 2;
		memmove(p->in, p->in + len + 2, p->len);
	}
	if (n < 0)
		hang_up(p);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct fake *f = server->data;
	/* Not by malloc, which tests make fail. */
	struct peer *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(status, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	p->fake = f;
	p->tcp.data = p;
	f->connections++;
	assert_int_equal(uv_tcp_init(server->loop, &p->tcp), 0);
	assert_int_equal(uv_accept(server, (uv_stream_t *)&p->tcp), 0);
	uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_tcp_read);
}

static void fake_begin(struct fake *f, uv_loop_t *loop, bool v6)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} any;
	int len = sizeof f->at.at;
	for (unsigned tries = 0;; tries++) {
		memset(f, 0, sizeof *f);
		assert_true(tries < 50);
		if (v6)
			uv_ip6_addr("::1", 0, &any.v6);
		else
			uv_ip4_addr("127.0.0.1", 0, &any.v4);
		uv_udp_init(loop, &f->udp);
		uv_udp_init(loop, &f->other);
		uv_tcp_init(loop, &f->tcp);
		assert_int_equal(uv_udp_bind(&f->udp, &any.sa, 0), 0);
		assert_int_equal(uv_udp_bind(&f->other, &any.sa, 0), 0);
		uv_udp_getsockname(&f->udp, &f->at.at.sa, &len);
		f->udp.data = f->tcp.data = f;
		if (uv_tcp_bind(&f->tcp, &f->at.at.sa, 0) == 0 && uv_listen((uv_stream_t *)&f->tcp, 128, on_connection) == 0)
			break;
		uv_close((uv_handle_t *)&f->udp, NULL); /* the port is somebody's over TCP */
		uv_close((uv_handle_t *)&f->other, NULL);
		uv_close((uv_handle_t *)&f->tcp, NULL);
		uv_run(loop, UV_RUN_NOWAIT);
	}
	uv_udp_recv_start(&f->udp, on_alloc, on_datagram);
}

void closed_port(struct upstream *u)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof any;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
	close(fd);
	memset(u, 0, sizeof *u);
	u->at.v4 = any;
}

/* --- the world --- */

static void on_guard(uv_timer_t *t)
{
	((struct world *)t->data)->guarded++;
}

static void begin(struct world *w, unsigned n, bool v6)
{
	memset(w, 0, sizeof *w);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	for (w->count = 0; w->count < n; w->count++)
		fake_begin(&w->fakes[w->count], &w->loop, v6);
	uv_timer_init(&w->loop, &w->guard);
	w->guard.data = w;
	uv_timer_start(&w->guard, on_guard, GUARD_MS, GUARD_MS);
}

void world_begin(struct world *w, unsigned n)
{
	begin(w, n, false);
}

bool world_begin_v6(struct world *w)
{
	struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool can = fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0;
	if (fd >= 0)
		close(fd);
	if (can)
		begin(w, 1, true);
	return can;
}

enum err world_start(struct world *w)
{
	struct upstream list[FAKES_MAX];
	for (unsigned i = 0; i < w->count; i++)
		list[i] = w->fakes[i].at;
	enum err err = upstreams_new(list, w->count, &w->options, &w->upstreams);
	if (!err)
		err = forward_worker_new(&w->loop, &w->worker);
	if (!err)
		err = forwarder_new(w->worker, w->upstreams, &w->forwarder);
	return err;
}

void world_stop(struct world *w)
{
	forwarder_end(w->forwarder);
	forward_worker_end(w->worker);
	upstreams_free(w->upstreams);
	w->forwarder = NULL;
	w->worker = NULL;
	w->upstreams = NULL;
}

static void on_walk(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, handle->type == UV_TCP && handle->data && uv_is_active(handle) && !((uv_stream_t *)handle)->connection_cb
		                         ? on_peer_closed
		                         : NULL);
}

void world_end(struct world *w)
{
	world_stop(w);
	uv_run(&w->loop, UV_RUN_NOWAIT); /* what the worker closes has callbacks of its own */
	uv_walk(&w->loop, on_walk, NULL);
	assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&w->loop), 0);
}

void world_wait(struct world *w, bool (*what)(void *arg), void *arg)
{
	w->guarded = 0;
	while (!what(arg)) {
		assert_true(w->guarded < GUARD_TURNS);
		uv_run(&w->loop, UV_RUN_ONCE);
	}
}

void world_turn(struct world *w)
{
	uv_run(&w->loop, UV_RUN_NOWAIT);
}

static bool is_done(void *arg)
{
	return ((struct asker *)arg)->done;
}

void world_wait_done(struct world *w, struct asker *a)
{
	world_wait(w, is_done, a);
}

static void on_done(struct flight_waiter *waiter, const struct flight_result *r)
{
	struct asker *a = (struct asker *)((char *)waiter - offsetof(struct asker, waiter));
	assert_false(a->done);
	a->done = true;
	a->end = r->end;
	a->tries = r->tries;
	a->upstream = r->upstream;
	a->tcp = r->tcp;
	if (r->end == FLIGHT_ANSWERED) {
		assert_true(r->len >= 12);
		a->rcode = r->reply[3] & 15;
		a->answers = r->reply[7];
	}
	if (a->then)
		a->then(a);
}

enum flight_start ask(struct world *w, struct asker *a, const char *name)
{
	struct name n;
	assert_int_equal(name_from_text(&n, name, strlen(name)), OK);
	struct question q = {.name = n.wire, .name_len = n.len, .type = DNS_TYPE_A, .class = DNS_CLASS_IN, .flags = DNS_RD};
	a->world = w;
	a->done = false;
	a->waiter.done = on_done;
	return flight_ask(w->forwarder, &q, &a->waiter);
}
