#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "echo.h"
#include "fail_call.h"
#include "socket.h"
#include "udp.h"

static void test_answers(void **state)
{
	(void)state;
	struct echo e;
	echo_start(&e, (const char *[]){"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"}, 4, NULL);
	for (unsigned i = 0; i < 4; i++) {
		int fd = client_udp(&e.at[i]);
		udp_ask(fd, i, REPLY_AS_LONG);
		assert_int_equal(udp_reply(fd), i);
		close(fd);
	}
	echo_stop(&e);
}

/* A client takes a reply only from the address that it asked, and the system would choose 127.0.0.1. */
static void test_wildcard_replies_from_the_address_asked(void **state)
{
	(void)state;
	struct echo e;
	echo_start(&e, (const char *[]){"0.0.0.0:0"}, 1, NULL);
	struct net_address asked = e.at[0];
	assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &((struct sockaddr_in *)&asked.sa)->sin_addr), 1);
	int fd = client_udp(&asked);
	udp_ask(fd, 7, REPLY_AS_LONG);
	assert_int_equal(udp_reply(fd), 7);
	close(fd);
	echo_stop(&e);
}

static void test_batches(void **state)
{
	(void)state;
	enum { QUERIES = 10 * NET_BATCH + 1 };
	struct echo e;
	bool seen[QUERIES] = {false};
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	int fd = client_udp(&e.at[0]);
	echo_close_gate(&e);
	for (uint32_t i = 0; i < QUERIES; i++)
		udp_ask(fd, i, REPLY_AS_LONG);
	echo_open_gate(&e);
	for (uint32_t i = 0; i < QUERIES; i++) {
		uint32_t which = udp_reply(fd);
		assert_true(which < QUERIES && !seen[which]);
		seen[which] = true;
	}
	assert_int_equal(atomic_load(&e.largest_batch), NET_BATCH);
	close(fd);
	echo_stop(&e);
}

static void test_odd_lengths(void **state)
{
	(void)state;
	struct echo e;
	static const uint8_t big[5000] = {0};
	uint8_t reply[2048];
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	int fd = client_udp(&e.at[0]);
	assert_int_equal(send(fd, "", 0, 0), 0);
	udp_ask(fd, 1, REPLY_NONE);
	write_all(fd, big, sizeof(big)); /* arrives cut; its reply is as long as may be */
	assert_int_equal(recv(fd, reply, sizeof(reply), 0), NET_UDP_REPLY_MAX);
	assert_int_equal(atomic_load(&e.answered), 3);
	close(fd);
	echo_stop(&e);
}

/* A listener on this thread's own loop, so that the test says when it runs. */
struct solo {
	struct echo echo;
	uv_loop_t loop;
	struct udp_listener *listener;
	int fd;          /* a client of it */
	unsigned unsent; /* replies, as it was told */
};

static void on_unsent(void *arg, unsigned worker, unsigned count)
{
	struct solo *s = (struct solo *)((char *)arg - offsetof(struct solo, echo));
	assert_int_equal(worker, 0);
	s->unsent += count;
}

static void solo_listen(struct solo *s, int fd)
{
	struct responder responder = {.handler = echo_handler, .unsent = on_unsent, .arg = &s->echo};
	memset(&s->echo, 0, sizeof(s->echo));
	assert_int_equal(uv_loop_init(&s->loop), 0);
	s->listener = udp_listener_new(fd, 0, false, &responder);
	assert_non_null(s->listener);
	assert_int_equal(udp_listener_begin(s->listener, &s->loop), OK);
}

static void solo_start(struct solo *s)
{
	struct net_address at = address("127.0.0.1:0");
	int fd;
	assert_int_equal(socket_claim(&at, NULL), OK);
	assert_int_equal(socket_open_udp(&at, &fd, NULL), OK);
	solo_listen(s, fd);
	s->fd = client_udp(&at);
}

static void solo_stop(struct solo *s)
{
	udp_listener_close(s->listener);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	close(s->fd);
}

static void assert_nothing_waits(int fd)
{
	uint8_t octet;
	assert_int_equal(recv(fd, &octet, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static const struct {
	const char *what;
	int error;
	unsigned times, lost; /* lost: of a batch, from its first */
} send_failures[] = {
        {"refused by a firewall: the rest goes on", EPERM, 1, 1},
        {"no route for three", ENETUNREACH, 3, 3},
        {"interrupted", EINTR, 1, 0},
        {"no room for a moment", EAGAIN, 1, 0},
        {"no room: the batch is dropped", EAGAIN, 2, NET_BATCH},
};

static void test_send_failures(void **state)
{
	(void)state;
	struct solo s;
	solo_start(&s);
	for (size_t i = 0; i < sizeof(send_failures) / sizeof(send_failures[0]); i++) {
		for (uint32_t q = 0; q < NET_BATCH; q++)
			udp_ask(s.fd, q, REPLY_AS_LONG);
		s.unsent = 0;
		fail_call(CALL_SENDMMSG, send_failures[i].error, send_failures[i].times);
		uv_run(&s.loop, UV_RUN_NOWAIT);
		assert_int_equal(fail_call_left(CALL_SENDMMSG), 0);
		for (uint32_t q = send_failures[i].lost; q < NET_BATCH; q++)
			assert_int_equal(udp_reply(s.fd), q);
		assert_nothing_waits(s.fd);
		assert_int_equal(s.unsent, send_failures[i].lost);
	}
	solo_stop(&s);
}

static void test_receive_error_is_passed_over(void **state)
{
	(void)state;
	struct solo s;
	solo_start(&s);
	fail_call(CALL_RECVMMSG, ECONNREFUSED, 1);
	udp_ask(s.fd, 1, REPLY_AS_LONG);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	assert_int_equal(fail_call_left(CALL_RECVMMSG), 0);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	assert_int_equal(udp_reply(s.fd), 1);
	solo_stop(&s);
}

/* libuv stops polling a socket that has an error. Only a connected one gets any from ICMP, so this one is. */
static void test_socket_error_does_not_stop_the_listener(void **state)
{
	(void)state;
	struct solo s;
	struct net_address at = address("127.0.0.1:0"), client = at;
	assert_int_equal(socket_claim(&at, NULL), OK);
	assert_int_equal(socket_claim(&client, NULL), OK);
	int fd;
	assert_int_equal(socket_open_udp(&at, &fd, NULL), OK);
	assert_int_equal(connect(fd, (struct sockaddr *)&client.sa, sizeof(client.sa)), 0);
	solo_listen(&s, fd);
	write_all(fd, "nobody there", 12);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	assert_int_equal(socket_open_udp(&client, &s.fd, NULL), OK);
	assert_int_equal(connect(s.fd, (struct sockaddr *)&at.sa, sizeof(at.sa)), 0);
	udp_ask(s.fd, 1, REPLY_AS_LONG);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	assert_int_equal(udp_reply(s.fd), 1);
	solo_stop(&s);
}

/* One turn leaves something for TCP's sake; the drain leaves nothing. */
static void test_drain(void **state)
{
	(void)state;
	enum { QUERIES = 12 * NET_BATCH };
	struct solo s;
	solo_start(&s);
	for (uint32_t q = 0; q < QUERIES; q++)
		udp_ask(s.fd, q, REPLY_AS_LONG);
	uv_run(&s.loop, UV_RUN_NOWAIT);
	unsigned answered = atomic_load(&s.echo.answered);
	assert_in_range(answered, 1, QUERIES - 1);
	fail_call(CALL_RECVMMSG, ECONNREFUSED, 1); /* no reason to end */
	udp_listener_retire(s.listener);
	assert_int_equal(atomic_load(&s.echo.answered), QUERIES);
	for (uint32_t q = 0; q < QUERIES; q++)
		assert_int_equal(udp_reply(s.fd), q);
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
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_wildcard_replies_from_the_address_asked),
	        cmocka_unit_test(test_batches),
	        cmocka_unit_test(test_odd_lengths),
	        cmocka_unit_test(test_send_failures),
	        cmocka_unit_test(test_receive_error_is_passed_over),
	        cmocka_unit_test(test_socket_error_does_not_stop_the_listener),
	        cmocka_unit_test(test_drain),
	};
	return cmocka_run_group_tests_name("udp", tests, begin, end);
}
