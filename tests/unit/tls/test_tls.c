/* TLS of one connection, octets against octets of a server of OpenSSL's; peers that break off anywhere; memory that runs out, OpenSSL's too. */
#include "../fail_alloc.h"
#include "../unit.h"
#include "certificate.h"
#include "forward/upstream.h"
#include "tls/tls.h"
#include "tls/trust.h"
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a server that answers each message with itself --- */

struct server {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out;
};

static void server_begin(struct server *s, const struct certificate *i, int max_version)
{
	s->context = SSL_CTX_new(TLS_server_method());
	s->ssl = NULL;
	SSL_CTX_use_certificate(s->context, i->cert);
	SSL_CTX_use_PrivateKey(s->context, i->key);
	SSL_CTX_set_max_proto_version(s->context, max_version);
}

static void server_accept(struct server *s)
{
	SSL_free(s->ssl);
	s->ssl = SSL_new(s->context);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(s->in, -1);
	SSL_set_bio(s->ssl, s->in, s->out);
	SSL_set_accept_state(s->ssl);
}

static void server_end(struct server *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
}

/* Takes what came and appends what goes back to out. */
static void server_turn(struct server *s, struct buffer *from, struct buffer *out)
{
	char echo[4096], *octets;
	int n;
	BIO_write(s->in, from->data, (int)from->len);
	from->len = 0;
	SSL_do_handshake(s->ssl);
	while ((n = SSL_read(s->ssl, echo, sizeof echo)) > 0)
		SSL_write(s->ssl, echo, n);
	long len = BIO_get_mem_data(s->out, &octets);
	buffer_append(out, octets, (size_t)len);
	BIO_reset(s->out);
}

/* --- both --- */

struct pair {
	struct certificate identity;
	struct server server;
	struct trust *trust;
	struct upstream at;
	struct tls_session session;
	struct tls *client;
	struct buffer to_server, to_client, said;
};

static struct certificate the_identity; /* one for all: making a key takes time */

static void pair_begin(struct pair *p, const char *name, int max_version)
{
	struct trust_files files = {.ca = the_identity.cert_path};
	memset(p, 0, sizeof *p);
	server_begin(&p->server, &the_identity, max_version);
	assert_int_equal(trust_new(&files, &p->trust, NULL), OK);
	assert_int_equal(upstream_parse("tls://127.0.0.1", &p->at, NULL), OK);
	strcpy(p->at.server_name, name);
}

static void pair_connect(struct pair *p)
{
	server_accept(&p->server);
	p->client = tls_connect(p->trust, p->at.server_name, &p->at.at.sa, &p->session);
	assert_non_null(p->client);
}

static void pair_part(struct pair *p)
{
	tls_free(p->client);
	p->client = NULL;
	buffer_free(&p->to_server);
	buffer_free(&p->to_client);
	buffer_free(&p->said);
}

static void pair_end(struct pair *p)
{
	pair_part(p);
	tls_session_forget(&p->session);
	trust_unref(p->trust);
	server_end(&p->server);
}

/* Gives the client what is for it, piece octets at a time. */
static bool client_takes(struct pair *p, size_t piece)
{
	bool is_on = true;
	for (size_t at = 0; is_on && at < p->to_client.len; at += piece) {
		size_t left = p->to_client.len - at;
		is_on = tls_receive(p->client, p->to_client.data + at, left < piece ? left : piece, &p->said);
	}
	p->to_client.len = 0;
	return is_on;
}

/* Until nobody has anything to say. */
static bool talk(struct pair *p, size_t piece)
{
	for (unsigned turns = 0; turns < 20; turns++) {
		if (!tls_produce(p->client, &p->to_server))
			return false;
		if (!p->to_server.len)
			return true;
		server_turn(&p->server, &p->to_server, &p->to_client);
		if (!client_takes(p, piece))
			return false;
	}
	return true;
}

static const struct {
	const char *name;
	bool believed;
	const char *trouble;
} names[] = {
        {"", true, NULL}, /* the address is among those of the certificate */
        {"dns.example", true, NULL},
        {"DNS.Example", true, NULL},
        {"10.0.0.9", true, NULL},
        {"dns.example.org", false, "ostname mismatch"},
        {"test", false, "ostname mismatch"}, /* the common name */
        {"10.0.0.8", false, "IP address mismatch"},
};

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (unsigned v = 0; v < 2; v++) {
			struct pair p;
			pair_begin(&p, names[i].name, versions[v]);
			pair_connect(&p);
			assert_int_equal(tls_send(p.client, "hello", 5), OK); /* before hands were shaken */
			assert_int_equal(talk(&p, i % 2 ? 1 : 65536), names[i].believed);
			assert_int_equal(tls_is_up(p.client), names[i].believed);
			if (names[i].believed) {
				assert_int_equal(tls_send(p.client, " you", 4), OK);
				assert_true(talk(&p, 65536));
				assert_int_equal(p.said.len, 9);
				assert_memory_equal(p.said.data, "hello you", 9);
				assert_null(tls_trouble(p.client));
			} else {
				assert_int_equal(p.said.len, 0);
				if (!strstr(tls_trouble(p.client), names[i].trouble))
					fail_msg("%s: %s", names[i].name, tls_trouble(p.client));
			}
			pair_end(&p);
		}
	}
}

static void resumes(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 2; v++) {
		struct pair p;
		pair_begin(&p, "", versions[v]);
		for (unsigned i = 0; i < 3; i++) {
			pair_connect(&p);
			tls_send(p.client, "hello", 5);
			assert_true(talk(&p, 65536));
			assert_int_equal(tls_was_resumed(p.client), i > 0);
			pair_part(&p);
		}
		pair_end(&p);
	}
}

/* Who says goodbye has been heard. */
static void goodbye(void **state)
{
	struct pair p;
	char *octets;
	(void)state;
	pair_begin(&p, "", TLS1_3_VERSION);
	pair_connect(&p);
	assert_true(talk(&p, 65536));
	SSL_write(p.server.ssl, "bye", 3);
	SSL_shutdown(p.server.ssl);
	long len = BIO_get_mem_data(p.server.out, &octets);
	assert_false(tls_receive(p.client, octets, (size_t)len, &p.said));
	assert_int_equal(p.said.len, 3);
	assert_null(tls_trouble(p.client));
	pair_end(&p);
}

/* The n-th octet of what the server says is another. Nothing is taken for said that it has not. */
static void octets_changed(void **state)
{
	(void)state;
	for (size_t n = 0; n < 1500; n += 29) {
		struct pair p;
		size_t seen = 0;
		bool is_on = true;
		pair_begin(&p, "", TLS1_3_VERSION);
		pair_connect(&p);
		tls_send(p.client, "hello", 5);
		for (unsigned turns = 0; turns < 6 && is_on && tls_produce(p.client, &p.to_server); turns++) {
			server_turn(&p.server, &p.to_server, &p.to_client);
			if (n >= seen && n < seen + p.to_client.len)
				p.to_client.data[n - seen] ^= 0x15;
			seen += p.to_client.len;
			is_on = client_takes(&p, 65536);
		}
		assert_true(p.said.len == 0 || (p.said.len == 5 && memcmp(p.said.data, "hello", 5) == 0));
		pair_end(&p);
	}
}

/* A peer that has us answer, and reads nothing. */
static void reads_nothing(void **state)
{
	struct pair p;
	bool is_on = true;
	(void)state;
	pair_begin(&p, "", TLS1_3_VERSION);
	pair_connect(&p);
	assert_true(talk(&p, 65536));
	for (unsigned i = 0; i < 5000 && is_on; i++) {
		char *octets;
		SSL_key_update(p.server.ssl, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(p.server.ssl);
		long len = BIO_get_mem_data(p.server.out, &octets);
		is_on = tls_receive(p.client, octets, (size_t)len, &p.said) && tls_produce(p.client, &p.to_server);
		BIO_reset(p.server.out);
		assert_true(p.to_server.len < 2 * TLS_UNSENT_MAX);
	}
	assert_false(is_on);
	pair_end(&p);
}

/* --- files --- */

static void files(void **state)
{
	const struct {
		struct trust_files files;
		enum err err;
		const char *said;
	} cases[] = {
	        {{NULL, NULL, "/nowhere"}, ERR_MISSING, "certificates of authorities /nowhere: there is no such file"},
	        {{NULL, NULL, the_identity.key_path}, ERR_SYNTAX, "certificates of authorities"},
	        {{"/nowhere", the_identity.key_path, NULL}, ERR_MISSING, "certificate /nowhere"},
	        {{the_identity.key_path, the_identity.key_path, NULL}, ERR_SYNTAX, "certificate "},
	        {{the_identity.cert_path, the_identity.cert_path, NULL}, ERR_SYNTAX, "key "},
	        {{the_identity.cert_path, the_identity.key_path, the_identity.cert_path}, OK, ""},
	        {{the_identity.cert_path, the_identity.key_path, NULL}, OK, ""},
	        {{NULL, NULL, NULL}, OK, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct diag d = {0};
		struct trust *t;
		assert_int_equal(trust_new(&cases[i].files, &t, &d), cases[i].err);
		assert_int_equal(t != NULL, cases[i].err == OK);
		if (strncmp(d.text, cases[i].said, strlen(cases[i].said)) != 0)
			fail_msg("%s", d.text);
		trust_unref(t);
	}
}

static void mark(void **state)
{
	struct trust_files f = {.ca = the_identity.cert_path}, none = {0};
	struct trust *a, *b, *c;
	struct certificate other;
	(void)state;
	certificate_begin(&other, "DNS:other");
	assert_int_equal(trust_new(&f, &a, NULL), OK);
	assert_int_equal(trust_new(&f, &b, NULL), OK);
	assert_true(trust_mark(a) == trust_mark(b));
	trust_unref(b);
	f.ca = other.cert_path;
	assert_int_equal(trust_new(&f, &b, NULL), OK);
	assert_int_equal(trust_new(&none, &c, NULL), OK);
	assert_true(trust_mark(a) != trust_mark(b));
	assert_true(trust_mark(a) != trust_mark(c));
	assert_ptr_equal(trust_ref(a), a);
	trust_unref(a);
	trust_unref(a);
	trust_unref(b);
	trust_unref(c);
	certificate_end(&other);
}

/* --- memory --- */

static struct {
	bool counts;
	unsigned at, calls;
} openssl_memory; /* of the one thread there is */

static bool fails(void)
{
	return openssl_memory.counts && ++openssl_memory.calls == openssl_memory.at;
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : reallocarray(NULL, 1, size); /* which is none of those that fail_alloc counts */
}

static void *openssl_realloc(void *block, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : reallocarray(block, 1, size);
}

static void openssl_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

/* A conversation in which the n-th of our own allocations fails. It ends, and what was said is right as far as it goes. */
static void out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n++) {
		struct trust_files f = {.ca = the_identity.cert_path};
		struct pair p = {0};
		server_begin(&p.server, &the_identity, TLS1_3_VERSION);
		upstream_parse("tls://127.0.0.1", &p.at, NULL);
		server_accept(&p.server);
		fail_alloc_at(n);
		if (trust_new(&f, &p.trust, NULL) == OK && (p.client = tls_connect(p.trust, p.at.server_name, &p.at.at.sa, &p.session)) &&
		    tls_send(p.client, "hello", 5) == OK)
			(void)talk(&p, 65536);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit || p.said.len == 5);
		pair_end(&p);
		if (!hit)
			break;
	}
}

/* The same of OpenSSL's, in the client alone. */
static void openssl_out_of_memory(void **state)
{
	(void)state;
	for (unsigned n = 1;; n += 1 + n / 32) { /* there are many, and each takes two handshakes of the machine's */
		struct pair p;
		bool is_on = true;
		pair_begin(&p, "dns.example", TLS1_3_VERSION);
		server_accept(&p.server);
		openssl_memory.at = n;
		openssl_memory.calls = 0;
		openssl_memory.counts = true;
		p.client = tls_connect(p.trust, p.at.server_name, &p.at.at.sa, &p.session);
		openssl_memory.counts = false;
		is_on = p.client && tls_send(p.client, "hello", 5) == OK;
		for (unsigned turns = 0; is_on && turns < 6; turns++) {
			openssl_memory.counts = true;
			is_on = tls_produce(p.client, &p.to_server);
			openssl_memory.counts = false;
			server_turn(&p.server, &p.to_server, &p.to_client);
			openssl_memory.counts = true;
			is_on = is_on && client_takes(&p, 65536);
			openssl_memory.counts = false;
		}
		bool hit = openssl_memory.calls >= n;
		assert_true(p.said.len == 0 || (p.said.len == 5 && memcmp(p.said.data, "hello", 5) == 0));
		assert_true(hit || p.said.len == 5);
		pair_end(&p);
		if (!hit)
			break;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(talks),          cmocka_unit_test(resumes),       cmocka_unit_test(goodbye),
	        cmocka_unit_test(octets_changed), cmocka_unit_test(reads_nothing), cmocka_unit_test(files),
	        cmocka_unit_test(mark),           cmocka_unit_test(out_of_memory), cmocka_unit_test(openssl_out_of_memory),
	};
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
		return 1;
	certificate_begin(&the_identity, "DNS:dns.example,IP:127.0.0.1,IP:10.0.0.9");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	certificate_end(&the_identity);
	return failed;
}
