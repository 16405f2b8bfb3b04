#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "echo.h"
#include "fail_alloc.h"
#include "fail_call.h"

static enum err start(const char *text, struct net **n, struct diag *d)
{
	struct net_address a = address(text);
	static struct echo unused;
	struct net_options o = {.addresses = &a, .address_count = 1, .workers = 2, .handler = echo_handler, .arg = &unused};
	return net_start(&o, n, d);
}

static void test_port_0_is_one_port_for_both(void **state)
{
	(void)state;
	struct echo e;
	size_t len;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	int udp = client_udp(&e.at[0]), tcp = client_tcp(&e.at[0]);
	udp_ask(udp, 1, REPLY_AS_LONG);
	tcp_ask(tcp, 2, REPLY_AS_LONG);
	assert_int_equal(udp_reply(udp), 1);
	assert_int_equal(tcp_reply(tcp, &len), 2);
	close(udp);
	close(tcp);
	echo_stop(&e);
}

static void test_address_in_use(void **state)
{
	(void)state;
	struct echo e;
	struct net *n = NULL;
	struct diag d = {.text = ""};
	char text[64];
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	net_address_format(&e.at[0], text);
	unsigned before = open_descriptors();
	assert_int_equal(start(text, &n, &d), ERR_EXISTS);
	assert_non_null(strstr(d.text, text));
	assert_null(n);
	assert_int_equal(open_descriptors(), before);
	echo_stop(&e);
	assert_int_equal(start(text, &n, &d), OK); /* free again at once */
	net_stop(n);
}

/* The port of one transport alone is enough. */
static void test_port_taken_over_tcp_only(void **state)
{
	(void)state;
	struct net_address a = address("127.0.0.1:0");
	struct net *n;
	struct diag d;
	char text[64];
	socklen_t len = sizeof(a.sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a.sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a.sa, &len), 0);
	net_address_format(&a, text);
	assert_int_equal(start(text, &n, &d), ERR_EXISTS);
	assert_non_null(strstr(d.text, "TCP"));
	close(fd);
}

static const struct {
	int error;
	unsigned times;
	enum err want;
} bind_failures[] = {
        {EACCES, 1, ERR_DENIED},        {EADDRNOTAVAIL, 1, ERR_MISSING},
        {EADDRINUSE, 1000, ERR_EXISTS}, {EADDRINUSE, 5, OK}, /* other ports are tried */
        {ENOBUFS, 1, ERR_SYS},
};

static void test_bind_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bind_failures) / sizeof(bind_failures[0]); i++) {
		struct net *n = NULL;
		struct diag d = {.text = ""};
		unsigned before = open_descriptors();
		fail_call(CALL_BIND, bind_failures[i].error, bind_failures[i].times);
		assert_int_equal(start("127.0.0.1:0", &n, &d), bind_failures[i].want);
		fail_call(CALL_BIND, 0, 0);
		assert_int_equal(!n, !!strstr(d.text, "127.0.0.1:0"));
		net_stop(n);
		assert_int_equal(open_descriptors(), before);
	}
}

static void test_no_such_address(void **state)
{
	(void)state;
	struct net *n;
	assert_int_equal(start("192.0.2.1:0", &n, NULL), ERR_MISSING); /* RFC 5737: nobody's */
}

/* What one listens on may overlap: the more specific address gets its queries, and both answer. */
static void test_wildcard_beside_specific(void **state)
{
	(void)state;
	struct echo e;
	struct net_address port = address("127.0.0.1:0"), all[3];
	struct net *n;
	char text[64];
	assert_int_equal(start("127.0.0.1:0", &n, NULL), OK);
	unsigned count;
	port = net_addresses(n, &count)[0];
	net_stop(n);
	net_address_format(&port, text);
	all[0] = port;
	for (unsigned i = 1; i < 3; i++) {
		char other[64];
		snprintf(other, sizeof(other), "%s%s", i == 1 ? "0.0.0.0" : "[::]", strrchr(text, ':'));
		all[i] = address(other);
	}
	memset(&e, 0, sizeof(e));
	struct net_options o = {.addresses = all, .address_count = 3, .workers = 1, .handler = echo_handler, .arg = &e};
	assert_int_equal(net_start(&o, &n, NULL), OK);
	for (unsigned i = 0; i < 3; i++) {
		int fd = client_udp(&all[i]);
		udp_ask(fd, i, REPLY_AS_LONG);
		assert_int_equal(udp_reply(fd), i);
		close(fd);
	}
	net_stop(n);
}

/* Each client's port hashes to one of the sockets: every worker must poll its own. */
static void test_workers(void **state)
{
	(void)state;
	enum { CLIENTS = 64 };
	struct echo e;
	int fds[2 * CLIENTS];
	size_t len;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, &(struct net_options){.workers = 4});
	for (uint32_t i = 0; i < CLIENTS; i++) {
		udp_ask(fds[2 * i] = client_udp(&e.at[0]), i, REPLY_AS_LONG);
		tcp_ask(fds[2 * i + 1] = client_tcp(&e.at[0]), i, REPLY_AS_LONG);
	}
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(udp_reply(fds[2 * i]), i);
		assert_int_equal(tcp_reply(fds[2 * i + 1], &len), i);
		close(fds[2 * i]);
		close(fds[2 * i + 1]);
	}
	echo_stop(&e);
}

static void test_signals_are_the_control_threads(void **state)
{
	(void)state;
	struct echo e;
	sigset_t ours;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	int fd = client_udp(&e.at[0]);
	udp_ask(fd, 1, REPLY_AS_LONG);
	udp_reply(fd);
	close(fd);
	echo_stop(&e);
	assert_int_equal(sigismember(&e.signals, SIGTERM), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGTERM), 0);
}

/* Everything sent before the stop is answered, whichever worker has it and whether or not it had come to reading it. */
static void test_stop_answers_what_was_received(void **state)
{
	(void)state;
	enum { CLIENTS = 16, QUERIES = 50 };
	struct echo e;
	int udp[CLIENTS], tcp[CLIENTS];
	size_t len;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, &(struct net_options){.workers = 2});
	echo_close_gate(&e);
	for (uint32_t c = 0; c < CLIENTS; c++) {
		udp[c] = client_udp(&e.at[0]);
		tcp[c] = client_tcp(&e.at[0]);
		for (uint32_t q = 0; q < QUERIES; q++) {
			udp_ask(udp[c], q, REPLY_AS_LONG);
			tcp_ask(tcp[c], q, 1000);
		}
	}
	echo_open_gate(&e);
	echo_stop(&e);
	assert_int_equal(atomic_load(&e.answered), 2 * CLIENTS * QUERIES);
	for (uint32_t c = 0; c < CLIENTS; c++) {
		for (uint32_t q = 0; q < QUERIES; q++) {
			assert_int_equal(udp_reply(udp[c]), q);
			assert_int_equal(tcp_reply(tcp[c], &len), q);
		}
		assert_closed(tcp[c]);
		close(udp[c]);
		close(tcp[c]);
	}
}

static void test_out_of_memory(void **state)
{
	(void)state;
	unsigned before = open_descriptors();
	bool hit = true;
	for (unsigned at = 1; hit; at++) {
		struct net *n = NULL;
		fail_alloc_at(at);
		enum err err = start("127.0.0.1:0", &n, NULL);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		net_stop(n);
		assert_int_equal(open_descriptors(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_port_0_is_one_port_for_both),
	        cmocka_unit_test(test_address_in_use),
	        cmocka_unit_test(test_port_taken_over_tcp_only),
	        cmocka_unit_test(test_bind_failures),
	        cmocka_unit_test(test_no_such_address),
	        cmocka_unit_test(test_wildcard_beside_specific),
	        cmocka_unit_test(test_workers),
	        cmocka_unit_test(test_signals_are_the_control_threads),
	        cmocka_unit_test(test_stop_answers_what_was_received),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
