#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echo.h"
#include "fail_call.h"

#define BIG 60000 /* octets of a reply */

static void start(struct echo *e, unsigned connections_max, unsigned idle_s)
{
	struct net_options o = {.workers = 1, .tcp_connections_max = connections_max, .tcp_idle_s = idle_s};
	echo_start(e, (const char *[]){"127.0.0.1:0"}, 1, &o);
}

/* A client of which little is taken in before it reads. */
static int client_with_small_window(const struct echo *e)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	struct timeval deadline = {.tv_sec = CLIENT_DEADLINE_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	assert_int_equal(connect(fd, (const struct sockaddr *)&e->at[0].sa, sizeof(e->at[0].sa)), 0);
	return fd;
}

/* In one piece, so that the server reads them at once; replies to MANY are more than any system's buffers take. */
#define MANY 300

static void ask_many(int fd)
{
	uint8_t stream[MANY][2 + QUERY_LEN] = {0};
	for (uint32_t i = 0; i < MANY; i++) {
		stream[i][1] = QUERY_LEN;
		query_write(stream[i] + 2, i, BIG);
	}
	write_all(fd, stream, sizeof(stream));
}

static void expect(int fd, uint32_t first, uint32_t count, size_t reply_len)
{
	for (uint32_t i = first; i < first + count; i++) {
		size_t len;
		assert_int_equal(tcp_reply(fd, &len), i);
		assert_int_equal(len, reply_len);
	}
}

/* Sizes of the pieces in which a hundred messages are sent, over and over. */
static const size_t pieces[][4] = {
        {100 * (2 + QUERY_LEN)}, {1}, {2}, {3, 17}, {18, 1, 19, 35}, {600, 7},
};

static void test_pipelining(void **state)
{
	(void)state;
	enum { QUERIES = 100 };
	struct echo e;
	uint8_t stream[QUERIES * (2 + QUERY_LEN)];
	for (uint32_t i = 0; i < QUERIES; i++) {
		uint8_t *frame = stream + i * (2 + QUERY_LEN);
		frame[0] = 0;
		frame[1] = QUERY_LEN;
		query_write(frame + 2, i, REPLY_AS_LONG);
	}
	start(&e, 0, 0);
	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		int fd = client_tcp(&e.at[0]);
		for (size_t at = 0, turn = 0; at < sizeof(stream); turn++) {
			size_t n = pieces[p][turn % 4] ? pieces[p][turn % 4] : 1;
			if (n > sizeof(stream) - at)
				n = sizeof(stream) - at;
			write_all(fd, stream + at, n);
			at += n;
		}
		expect(fd, 0, QUERIES, QUERY_LEN);
		close(fd);
	}
	assert_in_range(atomic_load(&e.largest_batch), 2, NET_BATCH);
	echo_stop(&e);
}

/* The longest message there is, in two pieces, so that it is held in between. */
static void test_longest_message(void **state)
{
	(void)state;
	struct echo e;
	static uint8_t frame[2 + 65535];
	frame[0] = frame[1] = 0xff;
	query_write(frame + 2, 1, REPLY_AS_LONG);
	start(&e, 0, 0);
	int fd = client_tcp(&e.at[0]);
	for (unsigned times = 0; times < 2; times++) {
		write_all(fd, frame, sizeof(frame) - 1);
		write_all(fd, frame + sizeof(frame) - 1, 1);
		expect(fd, 1, 1, 65535);
	}
	close(fd);
	echo_stop(&e);
}

/* Far more replies than the system's buffers take are waiting before the client reads. */
static void test_replies_wait_for_the_client(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 0, 0);
	int fd = client_with_small_window(&e);
	ask_many(fd);
	shutdown(fd, SHUT_WR);
	expect(fd, 0, MANY, BIG);
	assert_closed(fd);
	close(fd);
	echo_stop(&e);
}

static void test_some_have_no_reply(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 0, 0);
	int fd = client_tcp(&e.at[0]);
	tcp_ask(fd, 0, REPLY_NONE);
	tcp_ask(fd, 1, REPLY_AS_LONG);
	tcp_ask(fd, 2, REPLY_NONE);
	shutdown(fd, SHUT_WR);
	expect(fd, 1, 1, QUERY_LEN);
	assert_closed(fd);
	close(fd);
	echo_stop(&e);
}

/* What comes after a good query; after its reply the connection ends. */
static const struct {
	const char *what;
	size_t len;
	uint8_t bytes[16];
	bool shut; /* the client has no more to say */
} endings[] = {
        {"nothing", 0, {0}, true},
        {"half a length", 1, {0}, true},
        {"half a message", 10, {0, 16}, true},
        {"a message of no octets", 2, {0, 0}, false},
        {"a message shorter than a header", 13, {0, 11}, false},
};

static void test_endings(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 0, 0);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		int fd = client_tcp(&e.at[0]);
		tcp_ask(fd, 1, REPLY_AS_LONG);
		write_all(fd, endings[i].bytes, endings[i].len);
		if (endings[i].shut)
			shutdown(fd, SHUT_WR);
		expect(fd, 1, 1, QUERY_LEN);
		assert_closed(fd);
		close(fd);
	}
	echo_stop(&e);
}

static void test_longest_idle_makes_room(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 2, 0);
	int a = client_tcp(&e.at[0]);
	tcp_ask(a, 1, REPLY_AS_LONG);
	expect(a, 1, 1, QUERY_LEN);
	int b = client_tcp(&e.at[0]);
	tcp_ask(b, 1, REPLY_AS_LONG);
	expect(b, 1, 1, QUERY_LEN);
	write_all(b, "\0", 1); /* the start of a message is no activity */
	tcp_ask(a, 2, REPLY_AS_LONG);
	expect(a, 2, 1, QUERY_LEN);
	int c = client_tcp(&e.at[0]);
	assert_closed(b);
	tcp_ask(a, 3, REPLY_AS_LONG);
	tcp_ask(c, 4, REPLY_AS_LONG);
	expect(a, 3, 1, QUERY_LEN);
	expect(c, 4, 1, QUERY_LEN);
	close(a);
	close(b);
	close(c);
	echo_stop(&e);
}

/* A connection whose replies wait is not idle: then there is no room. */
static void test_refused_when_none_is_idle(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 1, 0);
	int busy = client_with_small_window(&e);
	ask_many(busy);
	expect(busy, 0, 1, BIG);
	int late = client_tcp(&e.at[0]);
	assert_closed(late);
	expect(busy, 1, MANY - 1, BIG);
	close(busy);
	close(late);
	echo_stop(&e);
}

static void start_with(struct echo *e, const struct net_terms *terms, unsigned count)
{
	struct net_options o = {.workers = 1, .terms = terms};
	echo_start(e, (const char *[]){"127.0.0.1:0", "127.0.0.2:0"}, count, &o);
}

static void test_idle_connections_end(void **state)
{
	(void)state;
	const struct net_terms terms = {.read_ms = 1000, .write_ms = 1000, .idle_ms = 1000};
	struct echo e;
	start_with(&e, &terms, 1);
	int silent = client_tcp(&e.at[0]), slow = client_tcp(&e.at[0]), deaf = client_with_small_window(&e);
	write_all(slow, "\0\x10half", 6);
	ask_many(deaf);
	assert_closed(silent);
	assert_closed(slow);
	uint8_t bytes[4096];
	size_t got = 0;
	ssize_t n;
	while ((n = recv(deaf, bytes, sizeof(bytes), 0)) > 0)
		got += (size_t)n;
	assert_true(n == 0 || errno == ECONNRESET);
	assert_true(got < MANY * (size_t)BIG);
	close(silent);
	close(slow);
	close(deaf);
	echo_stop(&e);
}

/* At one address who says nothing is closed soon, at the other who has said something. The others are still there then. */
static void test_each_address_has_its_times(void **state)
{
	(void)state;
	const struct net_terms terms[] = {{.read_ms = 1000, .idle_ms = 3600000}, {.read_ms = 3600000, .idle_ms = 1000}};
	struct echo e;
	start_with(&e, terms, 2);
	int silent[2], heard[2];
	for (unsigned i = 0; i < 2; i++) {
		silent[i] = client_tcp(&e.at[i]);
		heard[i] = client_tcp(&e.at[i]);
		tcp_ask(heard[i], i, REPLY_AS_LONG);
		expect(heard[i], i, 1, QUERY_LEN);
	}
	assert_closed(silent[0]);
	assert_closed(heard[1]);
	tcp_ask(heard[0], 2, REPLY_AS_LONG);
	expect(heard[0], 2, 1, QUERY_LEN);
	tcp_ask(silent[1], 3, REPLY_AS_LONG);
	expect(silent[1], 3, 1, QUERY_LEN);
	for (unsigned i = 0; i < 2; i++) {
		close(silent[i]);
		close(heard[i]);
	}
	echo_stop(&e);
}

/* What is asked beyond the bound, at once or later, gets no reply, and costs none: the end is no reset. */
static void test_so_many_queries_of_a_connection(void **state)
{
	(void)state;
	enum { MOST = 40 };
	const struct net_terms terms[] = {{.queries_max = MOST, .read_ms = 3600000}, {.read_ms = 3600000}};
	struct echo e;
	uint8_t octet;
	start_with(&e, terms, 2);
	int at_once = client_tcp(&e.at[0]), slowly = client_tcp(&e.at[0]), unbounded = client_tcp(&e.at[1]);
	ask_many(at_once);
	expect(at_once, 0, MOST, BIG);
	assert_int_equal(recv(at_once, &octet, 1, 0), 0);
	for (uint32_t i = 0; i < MOST; i++) {
		tcp_ask(slowly, i, REPLY_AS_LONG);
		expect(slowly, i, 1, QUERY_LEN);
	}
	assert_int_equal(recv(slowly, &octet, 1, 0), 0);
	for (uint32_t i = 0; i < 2 * MOST; i++) {
		tcp_ask(unbounded, i, REPLY_AS_LONG);
		expect(unbounded, i, 1, QUERY_LEN);
	}
	close(at_once);
	close(slowly);
	close(unbounded);
	echo_stop(&e);
}

static void test_reset_by_the_client(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 0, 0);
	struct linger none = {.l_onoff = 1};
	int fd = client_with_small_window(&e);
	ask_many(fd);
	expect(fd, 0, 1, BIG);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
	fd = client_tcp(&e.at[0]);
	tcp_ask(fd, 1, REPLY_AS_LONG);
	expect(fd, 1, 1, QUERY_LEN);
	close(fd);
	echo_stop(&e);
}

static const struct {
	const char *what;
	int error;
	unsigned times;
	bool evicts;
} accept_failures[] = {
        {"the client has gone", ECONNABORTED, 3, false},
        {"no descriptors: an idle connection gives its own", EMFILE, 1, true},
        {"no descriptors in the system: a pause", ENFILE, 2, false},
        {"no memory: a pause", ENOMEM, 1, false},
};

static void test_accept_failures(void **state)
{
	(void)state;
	struct echo e;
	start(&e, 0, 0);
	for (size_t i = 0; i < sizeof(accept_failures) / sizeof(accept_failures[0]); i++) {
		int idle = client_tcp(&e.at[0]);
		tcp_ask(idle, 1, REPLY_AS_LONG);
		expect(idle, 1, 1, QUERY_LEN);
		fail_call(CALL_ACCEPT, accept_failures[i].error, accept_failures[i].times);
		int fd = client_tcp(&e.at[0]);
		tcp_ask(fd, 2, REPLY_AS_LONG);
		expect(fd, 2, 1, QUERY_LEN);
		assert_int_equal(fail_call_left(CALL_ACCEPT), 0);
		if (accept_failures[i].evicts) {
			assert_closed(idle);
		} else {
			tcp_ask(idle, 3, REPLY_AS_LONG);
			expect(idle, 3, 1, QUERY_LEN);
		}
		close(idle);
		close(fd);
	}
	echo_stop(&e);
}

/* Clients that don't read can't hold up the end, nor make the server hold ever more. */
static void test_stop_is_bounded(void **state)
{
	(void)state;
	enum { CLIENTS = 12 };
	struct echo e;
	int fds[CLIENTS];
	unsigned before = open_descriptors();
	start(&e, 0, 0);
	for (unsigned c = 0; c < CLIENTS; c++) {
		fds[c] = client_with_small_window(&e);
		ask_many(fds[c]);
	}
	echo_stop(&e);
	for (unsigned c = 0; c < CLIENTS; c++)
		close(fds[c]);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_pipelining),
	        cmocka_unit_test(test_longest_message),
	        cmocka_unit_test(test_replies_wait_for_the_client),
	        cmocka_unit_test(test_some_have_no_reply),
	        cmocka_unit_test(test_endings),
	        cmocka_unit_test(test_longest_idle_makes_room),
	        cmocka_unit_test(test_refused_when_none_is_idle),
	        cmocka_unit_test(test_idle_connections_end),
	        cmocka_unit_test(test_each_address_has_its_times),
	        cmocka_unit_test(test_so_many_queries_of_a_connection),
	        cmocka_unit_test(test_reset_by_the_client),
	        cmocka_unit_test(test_accept_failures),
	        cmocka_unit_test(test_stop_is_bounded),
	};
	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
