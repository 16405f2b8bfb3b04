/* Both ends of ours talk to each other, in pieces of any size; files that are read again; memory that runs out at the server's end. */
#include "certificate.h"
#include "fail_alloc.h"
#include "tls/tls.h"
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct certificate ours;

struct ends {
	struct trust *trust;
	struct tls *client, *server;
	struct buffer to_client, to_server, heard; /* heard: by the client */
	size_t piece;                              /* in which octets come */
	char said[4096];                           /* to the server, so far */
	size_t said_len;
};

static void ends_begin(struct ends *e, struct identity *i, struct tls_session *session, const struct trust_files *client)
{
	*e = (struct ends){.piece = SIZE_MAX};
	if (trust_new(client, &e->trust, NULL))
		return;
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	e->client = tls_connect(e->trust, "dns.example", (const struct sockaddr *)&at, session);
	e->server = tls_accept(i);
}

static void ends_end(struct ends *e)
{
	tls_free(e->client);
	tls_free(e->server);
	trust_unref(e->trust);
	buffer_free(&e->to_client);
	buffer_free(&e->to_server);
	buffer_free(&e->heard);
}

/* What is said to the server it says back. */
static bool server_takes(struct ends *e)
{
	static uint8_t plain[65536 + TLS_PLAIN_MAX];
	bool goes_on = true;
	for (size_t at = 0; at < e->to_server.len && goes_on;) {
		size_t n = e->to_server.len - at < e->piece ? e->to_server.len - at : e->piece, len;
		goes_on = tls_receive_to(e->server, e->to_server.data + at, n, plain, &len);
		assert_true(e->said_len + len <= sizeof e->said);
		memcpy(e->said + e->said_len, plain, len);
		e->said_len += len;
		at += n;
		if (len && tls_send(e->server, plain, len))
			return false;
	}
	e->to_server.len = 0;
	return goes_on;
}

/* False: it has ended, at one side or the other. */
static bool turn(struct ends *e)
{
	bool goes_on = e->client && e->server && tls_produce(e->client, &e->to_server) && server_takes(e);
	goes_on = e->server && tls_produce(e->server, &e->to_client) && goes_on;
	goes_on = goes_on && tls_receive(e->client, e->to_client.data, e->to_client.len, &e->heard);
	e->to_client.len = 0;
	return goes_on;
}

static bool talk(struct ends *e)
{
	if (!e->client || tls_send(e->client, "hello", 5))
		return false;
	for (unsigned turns = 0; turns < 6; turns++) {
		if (!turn(e))
			return false;
	}
	return e->said_len == 5 && memcmp(e->said, "hello", 5) == 0 && e->heard.len == 5 && memcmp(e->heard.data, "hello", 5) == 0;
}

static struct identity *identity(enum client_auth clients, const char *ca)
{
	const struct identity_options o = {.files = {ours.cert_path, ours.key_path, ca}, .clients = clients};
	struct identity *i;
	assert_int_equal(identity_new(&o, &i, NULL), OK);
	return i;
}

/* True: it was resumed. */
static bool talk_again(struct identity *i, struct tls_session *session)
{
	const struct trust_files f = {.ca = ours.cert_path};
	struct ends e;
	ends_begin(&e, i, session, &f);
	assert_true(talk(&e));
	bool resumed = tls_was_resumed(e.server);
	assert_int_equal(tls_was_resumed(e.client), resumed);
	ends_end(&e);
	return resumed;
}

static void test_pieces(void **state)
{
	(void)state;
	const struct trust_files f = {.ca = ours.cert_path};
	struct identity *i = identity(CLIENT_AUTH_NONE, NULL);
	for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1) {
		struct tls_session session = {0};
		struct ends e;
		ends_begin(&e, i, &session, &f);
		e.piece = piece;
		assert_true(talk(&e));
		assert_true(tls_is_up(e.server));
		assert_int_equal(tls_held(e.server), 0);
		assert_false(tls_receive(e.client, "", 0, &e.heard) && tls_trouble(e.client));
		tls_say_goodbye(e.server);
		assert_true(tls_produce(e.server, &e.to_client));
		assert_false(tls_receive(e.client, e.to_client.data, e.to_client.len, &e.heard));
		assert_null(tls_trouble(e.client));
		ends_end(&e);
		tls_session_forget(&session);
	}
	identity_unref(i);
}

/* Octets of a record that is not whole are told. */
static void test_held(void **state)
{
	(void)state;
	static const uint8_t head[] = {0x16, 3, 3, 0x40, 0, 1, 0, 0, 0};
	static uint8_t plain[sizeof head + TLS_PLAIN_MAX];
	struct identity *i = identity(CLIENT_AUTH_NONE, NULL);
	struct tls *t = tls_accept(i);
	size_t len;
	assert_non_null(t);
	assert_true(tls_receive_to(t, head, 3, plain, &len));
	assert_in_range(tls_held(t), 3, 2 * TLS_PLAIN_MAX);
	assert_false(tls_is_up(t));
	tls_free(t);
	identity_unref(i);
}

static void test_sessions_outlive_files(void **state)
{
	(void)state;
	struct identity *i = identity(CLIENT_AUTH_NONE, NULL), *other = identity(CLIENT_AUTH_NONE, NULL);
	struct tls_session session = {0};
	assert_false(talk_again(i, &session));
	assert_true(talk_again(i, &session));
	assert_int_equal(identity_reload(i, NULL), OK);
	assert_true(talk_again(i, &session));
	assert_false(talk_again(other, &session)); /* with keys of its own */
	tls_session_forget(&session);
	identity_unref(i);
	identity_unref(other);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_files_that_change(void **state)
{
	(void)state;
	struct certificate c;
	struct diag d;
	char text[8192];
	const struct trust_files f = {.ca = ours.cert_path};
	certificate_begin(&c, "DNS:other.example");
	const struct identity_options o = {.files = {c.cert_path, c.key_path, NULL}};
	struct identity *i, *same, *mine = identity(CLIENT_AUTH_NONE, NULL), *strict = identity(CLIENT_AUTH_REQUIRE, NULL);
	assert_int_equal(identity_new(&o, &i, &d), OK);
	assert_int_equal(identity_new(&o, &same, &d), OK);
	assert_true(identity_equal(i, same));
	assert_false(identity_equal(i, mine));
	assert_false(identity_equal(strict, mine));
	identity_unref(same);
	assert_string_equal(identity_files(i)->cert, c.cert_path);
	assert_false(identity_is_old(i));
	FILE *from = fopen(c.cert_path, "r");
	text[fread(text, 1, sizeof text - 1, from)] = 0;
	fclose(from);
	write_text(c.cert_path, "nothing");
	assert_true(identity_is_old(i));
	assert_int_equal(identity_reload(i, &d), ERR_SYNTAX);
	assert_non_null(strstr(d.text, c.cert_path));
	assert_int_equal(identity_new(&o, &same, &d), ERR_SYNTAX);
	assert_null(same);
	unlink(c.cert_path);
	assert_int_equal(identity_reload(i, &d), ERR_MISSING);
	/* connections still begin, with what there was: a name that the client doesn't want */
	struct tls_session session = {0};
	struct ends e;
	ends_begin(&e, i, &session, &f);
	assert_false(talk(&e));
	assert_non_null(tls_trouble(e.client));
	ends_end(&e);
	write_text(c.cert_path, text);
	assert_int_equal(identity_reload(i, &d), OK);
	assert_false(identity_is_old(i));
	identity_unref(i);
	identity_unref(mine);
	identity_unref(strict);
	certificate_end(&c);
}

static void test_clients(void **state)
{
	(void)state;
	struct certificate stranger;
	certificate_begin(&stranger, "DNS:stranger");
	static const bool let_in[][3] = {
	        [CLIENT_AUTH_NONE] = {true, true, true},
	        [CLIENT_AUTH_REQUEST] = {true, true, true},
	        [CLIENT_AUTH_REQUIRE] = {false, true, true},
	        [CLIENT_AUTH_VERIFY_IF_GIVEN] = {true, true, false},
	        [CLIENT_AUTH_REQUIRE_AND_VERIFY] = {false, true, false},
	};
	const struct trust_files clients[] = {{.ca = ours.cert_path},
	                                      {ours.cert_path, ours.key_path, ours.cert_path},
	                                      {stranger.cert_path, stranger.key_path, ours.cert_path}};
	for (enum client_auth how = CLIENT_AUTH_NONE; how <= CLIENT_AUTH_REQUIRE_AND_VERIFY; how++) {
		struct identity *i = identity(how, ours.cert_path);
		for (unsigned c = 0; c < 3; c++) {
			struct tls_session session = {0};
			struct ends e;
			ends_begin(&e, i, &session, &clients[c]);
			assert_int_equal(talk(&e), let_in[how][c]);
			assert_int_equal(!tls_trouble(e.server), let_in[how][c]);
			ends_end(&e);
			tls_session_forget(&session);
		}
		identity_unref(i);
	}
	certificate_end(&stranger);
}

static void test_key_log(void **state)
{
	(void)state;
	char path[] = "/tmp/test_identity.XXXXXX", text[4096] = "";
	struct tls_session session = {0};
	struct stat st;
	close(mkstemp(path));
	unlink(path);
	const struct identity_options o = {.files = {ours.cert_path, ours.key_path, NULL}, .key_log = path},
	                              wrong = {o.files, CLIENT_AUTH_NONE, "/none/keys"};
	struct identity *i;
	struct diag d;
	assert_int_equal(identity_new(&wrong, &i, &d), ERR_SYS);
	assert_non_null(strstr(d.text, "/none/keys"));
	assert_int_equal(identity_new(&o, &i, &d), OK);
	talk_again(i, &session);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	FILE *f = fopen(path, "r");
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	assert_non_null(strstr(text, "SERVER_HANDSHAKE_TRAFFIC_SECRET "));
	assert_int_equal(text[strlen(text) - 1], '\n');
	unlink(path);
	tls_session_forget(&session);
	identity_unref(i);
}

/* The n-th of our own allocations fails: nothing comes of it, or less. */
static void test_out_of_memory(void **state)
{
	(void)state;
	const struct trust_files f = {.ca = ours.cert_path};
	const struct identity_options o = {.files = {ours.cert_path, ours.key_path, ours.cert_path},
	                                   .clients = CLIENT_AUTH_VERIFY_IF_GIVEN};
	bool hit = true;
	for (unsigned n = 1; hit; n++) {
		struct tls_session session = {0};
		struct identity *i;
		struct ends e = {0};
		struct diag d;
		bool talked = false;
		fail_alloc_at(n);
		if (identity_new(&o, &i, &d) == OK) {
			(void)identity_reload(i, &d);
			ends_begin(&e, i, &session, &f);
			talked = talk(&e);
		}
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit || talked);
		ends_end(&e);
		tls_session_forget(&session);
		identity_unref(i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_pieces),        cmocka_unit_test(test_held),    cmocka_unit_test(test_sessions_outlive_files),
	        cmocka_unit_test(test_clients),       cmocka_unit_test(test_key_log), cmocka_unit_test(test_files_that_change),
	        cmocka_unit_test(test_out_of_memory),
	};
	certificate_begin(&ours, "DNS:dns.example");
	int failed = cmocka_run_group_tests_name("identity", tests, NULL, NULL);
	certificate_end(&ours);
	return failed;
}
