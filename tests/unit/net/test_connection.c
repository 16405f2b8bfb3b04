/* TCP on this thread's own loop, so that the test says when it runs and may look inside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"
#include "fail_alloc.h"
#include "socket.h"
#include "tcp.h"

struct solo {
	struct echo echo;
	struct tcp_limit limit;
	struct net_address at;
	uv_loop_t loop;
	uv_prepare_t turn;
	struct tcp *tcp;
};

static void on_turn(uv_prepare_t *handle)
{
	struct solo *s = handle->data;
	tcp_turn(s->tcp);
}

/* Send buffers are small, so that what replies have to wait for is the client. */
static void solo_start(struct solo *s)
{
	struct responder responder = {.handler = echo_handler, .arg = &s->echo};
	int fd, small = 4096;
	memset(s, 0, sizeof(*s));
	s->limit.max = 1000;
	s->at = address("127.0.0.1:0");
	assert_int_equal(uv_loop_init(&s->loop), 0);
	uv_prepare_init(&s->loop, &s->turn);
	s->turn.data = s;
	uv_prepare_start(&s->turn, on_turn);
	uv_unref((uv_handle_t *)&s->turn);
	s->tcp = tcp_new(&s->loop, &responder, &s->limit);
	assert_non_null(s->tcp);
	struct net_terms *terms = calloc(1, sizeof *terms);
	assert_non_null(terms);
	*terms = (struct net_terms){.read_ms = 10000, .write_ms = 10000, .idle_ms = 10000};
	assert_null(tcp_set_terms(s->tcp, terms, 1));
	assert_int_equal(socket_claim(&s->at, NULL), OK);
	assert_int_equal(socket_open_tcp(&s->at, &fd, NULL), OK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	struct tcp_listener *l = tcp_listener_new(fd, 0);
	assert_non_null(l);
	assert_int_equal(tcp_listener_begin(l, s->tcp), OK);
}

static void solo_stop(struct solo *s)
{
	tcp_close(s->tcp);
	uv_close((uv_handle_t *)&s->turn, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	assert_int_equal(s->tcp->held, 0);
	assert_int_equal(atomic_load(&s->limit.open), 0);
	tcp_free(s->tcp);
}

static void ask_whole_batch(int fd, uint16_t reply_len)
{
	uint8_t stream[NET_BATCH][2 + QUERY_LEN] = {0};
	for (uint32_t i = 0; i < NET_BATCH; i++) {
		stream[i][1] = QUERY_LEN;
		query_write(stream[i] + 2, i, reply_len);
	}
	write_all(fd, stream, sizeof(stream));
}

/* For each of these clients nearly half a MiB would wait: what one visit answers. */
static void test_held_octets_are_bounded(void **state)
{
	(void)state;
	enum { CLIENTS = 24, AT_ONCE = 8 };
	struct solo s;
	int fds[CLIENTS];
	solo_start(&s);
	for (unsigned c = 0; c < CLIENTS; c++) {
		fds[c] = client_tcp(&s.at);
		ask_whole_batch(fds[c], 60000);
	}
	while (atomic_load(&s.echo.answered) < CLIENTS * AT_ONCE) {
		uv_run(&s.loop, UV_RUN_ONCE);
		assert_true(s.tcp->held <= TCP_HELD_MAX);
	}
	assert_in_range(s.tcp->connection_count, 1, CLIENTS - 1); /* some had to go, not all */
	for (unsigned c = 0; c < CLIENTS; c++)
		close(fds[c]);
	solo_stop(&s);
}

/* Many clients that ask for much at once cost a turn of the loop no more than a few. */
static void test_a_turn_is_bounded(void **state)
{
	(void)state;
	enum { CLIENTS = 40, REPLY = 500, ROUNDS = 2 };
	struct solo s;
	int fds[CLIENTS];
	size_t len;
	unsigned before, most = 0;
	solo_start(&s);
	for (unsigned c = 0; c < CLIENTS; c++)
		fds[c] = client_tcp(&s.at);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned c = 0; c < CLIENTS; c++)
			ask_whole_batch(fds[c], REPLY);
		while ((before = atomic_load(&s.echo.answered)) < (round + 1) * CLIENTS * NET_BATCH) {
			uv_run(&s.loop, UV_RUN_ONCE);
			unsigned answered = atomic_load(&s.echo.answered) - before;
			most = answered > most ? answered : most;
		}
		for (unsigned c = 0; c < CLIENTS; c++)
			for (uint32_t i = 0; i < NET_BATCH; i++)
				assert_int_equal(tcp_reply(fds[c], &len), i);
	}
	assert_in_range(most, 1, CLIENTS * NET_BATCH / 4);
	for (unsigned c = 0; c < CLIENTS; c++)
		close(fds[c]);
	solo_stop(&s);
}

/* Clients whose connections nobody has accepted yet, with more queries than are answered at once, and half a query at the end. */
static void test_drain(void **state)
{
	(void)state;
	enum { CLIENTS = 5, BATCHES = 3 };
	struct solo s;
	int fds[CLIENTS];
	size_t len;
	solo_start(&s);
	for (unsigned c = 0; c < CLIENTS; c++) {
		fds[c] = client_tcp(&s.at);
		for (unsigned b = 0; b < BATCHES; b++)
			ask_whole_batch(fds[c], REPLY_AS_LONG);
		write_all(fds[c], "\0\x10half", 6);
	}
	tcp_drain(s.tcp);
	uv_run(&s.loop, UV_RUN_DEFAULT);
	for (unsigned c = 0; c < CLIENTS; c++) {
		for (uint32_t i = 0; i < BATCHES * NET_BATCH; i++)
			assert_int_equal(tcp_reply(fds[c], &len), i % NET_BATCH);
		assert_closed(fds[c]);
		close(fds[c]);
	}
	solo_stop(&s);
}

/* Reads what there is. True: nothing more will come. */
static bool ended(int fd, size_t *got)
{
	static uint8_t bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		*got += (size_t)n;
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Asks one query in two pieces, of which the first has to be held, as has the reply. False: the server closed before the end of it. */
static bool asked_and_answered(struct solo *s)
{
	uint8_t frame[2 + QUERY_LEN] = {0, QUERY_LEN};
	size_t got = 0;
	query_write(frame + 2, 1, 60000);
	int fd = client_tcp(&s->at);
	write_all(fd, frame, 5);
	while (!s->tcp->held && !ended(fd, &got))
		uv_run(&s->loop, UV_RUN_NOWAIT);
	send(fd, frame + 5, sizeof(frame) - 5, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (!ended(fd, &got))
		uv_run(&s->loop, UV_RUN_NOWAIT);
	close(fd);
	return got == 2 + 60000;
}

/* Without memory a connection ends; the server goes on. */
static void test_out_of_memory(void **state)
{
	(void)state;
	struct solo s;
	bool hit = true;
	solo_start(&s);
	assert_true(asked_and_answered(&s));
	for (unsigned at = 1; hit; at++) {
		fail_alloc_at(at);
		bool answered = asked_and_answered(&s);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(answered, !hit);
		assert_int_equal(atomic_load(&s.limit.open), 0);
		assert_int_equal(s.tcp->held, 0);
		if (!hit)
			assert_in_range(at, 4, 100); /* the connection, the half query, the waiting reply */
	}
	assert_true(asked_and_answered(&s));
	solo_stop(&s);
}

static int begin(void **state)
{
	(void)state;
	rcu_thread_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	rcu_thread_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_held_octets_are_bounded),
	        cmocka_unit_test(test_a_turn_is_bounded),
	        cmocka_unit_test(test_drain),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests_name("connection", tests, begin, end);
}
