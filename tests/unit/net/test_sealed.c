/* TCP that is sealed: what holds for plain connections holds for these. */
#include "certificate.h"
#include "echo.h"
#include "tls/identity.h"
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct certificate ours;

struct sealed_echo {
	struct echo echo;
	struct identity *identity;
	SSL_CTX *clients;
};

static void start(struct sealed_echo *s, const struct net_terms *terms, unsigned workers)
{
	const struct identity_options io = {.files = {ours.cert_path, ours.key_path, NULL}};
	struct net_terms t = terms ? *terms : (struct net_terms){0};
	struct net_options o = {.workers = workers, .terms = &t};
	assert_int_equal(identity_new(&io, &s->identity, NULL), OK);
	t.identity = s->identity;
	memset(&s->echo, 0, sizeof s->echo);
	sem_init(&s->echo.gate, 0, 0);
	sem_init(&s->echo.arrived, 0, 0);
	struct net_address asked = address("127.0.0.1:0");
	unsigned count;
	asked.tls = true;
	o.addresses = &asked;
	o.address_count = 1;
	o.handler = echo_handler;
	o.arg = &s->echo;
	assert_int_equal(net_start(&o, &s->echo.net, NULL), OK);
	s->echo.at[0] = net_addresses(s->echo.net, &count)[0];
	assert_true(s->echo.at[0].tls);
	s->clients = SSL_CTX_new(TLS_client_method());
	assert_non_null(s->clients);
}

static void stop(struct sealed_echo *s)
{
	echo_stop(&s->echo);
	identity_unref(s->identity);
	SSL_CTX_free(s->clients);
}

static SSL *connect_sealed(struct sealed_echo *s)
{
	SSL *ssl = SSL_new(s->clients);
	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, client_tcp(&s->echo.at[0])), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void disconnect(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);
	SSL_free(ssl);
	close(fd);
}

static void ask(SSL *ssl, uint32_t which, uint16_t reply_len, unsigned count)
{
	static uint8_t stream[1000][2 + QUERY_LEN];
	for (uint32_t i = 0; i < count; i++) {
		stream[i][0] = 0;
		stream[i][1] = QUERY_LEN;
		query_write(stream[i] + 2, which + i, reply_len);
	}
	assert_int_equal(SSL_write(ssl, stream, (int)(count * sizeof stream[0])), (int)(count * sizeof stream[0]));
}

static void read_sealed(SSL *ssl, uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		int n = SSL_read(ssl, bytes + at, (int)(len - at));
		assert_true(n > 0);
		at += (size_t)n;
	}
}

static void expect(SSL *ssl, uint32_t first, unsigned count, size_t reply_len)
{
	static uint8_t reply[65535];
	for (uint32_t i = first; i < first + count; i++) {
		uint8_t prefix[2];
		read_sealed(ssl, prefix, sizeof prefix);
		assert_int_equal((size_t)prefix[0] << 8 | prefix[1], reply_len);
		read_sealed(ssl, reply, reply_len);
		assert_int_equal(reply_which(reply, reply_len), i);
	}
}

static void expect_goodbye(SSL *ssl)
{
	uint8_t octet;
	assert_int_equal(SSL_get_error(ssl, SSL_read(ssl, &octet, 1)), SSL_ERROR_ZERO_RETURN);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* Replies of all lengths; far more than the system's buffers take; the end of what the client says. */
static void test_replies(void **state)
{
	(void)state;
	struct sealed_echo s;
	start(&s, NULL, 1);
	for (unsigned v = 0; v < 2; v++) {
		SSL_CTX_set_max_proto_version(s.clients, versions[v]);
		SSL *ssl = connect_sealed(&s);
		ask(ssl, 0, REPLY_AS_LONG, 1000);
		expect(ssl, 0, 1000, QUERY_LEN);
		ask(ssl, 1, 60000, 300);
		expect(ssl, 1, 300, 60000);
		ask(ssl, 7, REPLY_AS_LONG, 50);
		SSL_shutdown(ssl);
		expect(ssl, 7, 50, QUERY_LEN);
		expect_goodbye(ssl);
		disconnect(ssl);
	}
	stop(&s);
}

/* Before, in and after the handshake. */
static void test_times(void **state)
{
	(void)state;
	const struct net_terms terms = {.read_ms = 1000, .write_ms = 1000, .idle_ms = 1000};
	struct sealed_echo s;
	start(&s, &terms, 1);
	int silent = client_tcp(&s.echo.at[0]), half = client_tcp(&s.echo.at[0]);
	write_all(half, "\x16\3\1\2\0\1", 6);
	SSL *shaken = connect_sealed(&s), *asked = connect_sealed(&s);
	ask(asked, 1, REPLY_AS_LONG, 1);
	expect(asked, 1, 1, QUERY_LEN);
	assert_closed(silent);
	assert_closed(half);
	expect_goodbye(shaken);
	expect_goodbye(asked);
	close(silent);
	close(half);
	disconnect(shaken);
	disconnect(asked);
	stop(&s);
}

static void test_so_many_queries(void **state)
{
	(void)state;
	const struct net_terms terms = {.queries_max = 3};
	struct sealed_echo s;
	start(&s, &terms, 1);
	SSL *ssl = connect_sealed(&s);
	ask(ssl, 0, 50000, 10);
	expect(ssl, 0, 3, 50000);
	expect_goodbye(ssl);
	disconnect(ssl);
	stop(&s);
}

/* What was received is answered, and then it says goodbye. */
static void test_stop(void **state)
{
	(void)state;
	struct sealed_echo s;
	start(&s, NULL, 2);
	SSL *ssl[8];
	for (unsigned i = 0; i < 8; i++) {
		ssl[i] = connect_sealed(&s);
		ask(ssl[i], i, REPLY_AS_LONG, 20);
	}
	int silent = client_tcp(&s.echo.at[0]);
	stop(&s);
	for (unsigned i = 0; i < 8; i++) {
		expect(ssl[i], i, 20, QUERY_LEN);
		expect_goodbye(ssl[i]);
		disconnect(ssl[i]);
	}
	assert_closed(silent);
	close(silent);
}

/* Files are read again while connections come, on two workers. */
static void test_reload(void **state)
{
	(void)state;
	struct sealed_echo s;
	start(&s, NULL, 2);
	SSL *stays = connect_sealed(&s);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(identity_reload(s.identity, NULL), OK);
		SSL *ssl = connect_sealed(&s);
		ask(ssl, i, REPLY_AS_LONG, 1);
		assert_int_equal(identity_reload(s.identity, NULL), OK);
		expect(ssl, i, 1, QUERY_LEN);
		ask(stays, i, REPLY_AS_LONG, 1);
		expect(stays, i, 1, QUERY_LEN);
		disconnect(ssl);
	}
	disconnect(stays);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_replies), cmocka_unit_test(test_times),  cmocka_unit_test(test_so_many_queries),
	        cmocka_unit_test(test_stop),    cmocka_unit_test(test_reload),
	};
	certificate_begin(&ours, "DNS:dns.example");
	int failed = cmocka_run_group_tests_name("sealed", tests, NULL, NULL);
	certificate_end(&ours);
	return failed;
}
