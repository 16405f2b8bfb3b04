#include "tls/tls.h"
#include "inside.h"
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX 16384 /* octets of plain text in one record, RFC 8446 5.1 */

struct tls {
	SSL *ssl;
	BIO *in, *out;               /* ssl's */
	struct tls_session *session; /* of a client */
	struct identity *identity;   /* of a server */
	struct buffer unsent;        /* plain: until hands were shaken */
	const char *trouble;         /* static text */
};

/* --- sessions --- */

void tls_session_forget(struct tls_session *s)
{
	SSL_SESSION_free(s->kept);
	s->kept = NULL;
}

int tls_on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);
	tls_session_forget(t->session);
	t->session->kept = session;
	return 1; /* it is ours */
}

/* --- who it must be --- */

static bool want_address(SSL *ssl, const struct sockaddr *at)
{
	const bool v4 = at->sa_family == AF_INET;
	const void *octets = v4 ? (const void *)&((const struct sockaddr_in *)at)->sin_addr
	                        : (const void *)&((const struct sockaddr_in6 *)at)->sin6_addr;
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), octets, v4 ? 4 : 16) == 1;
}

/* An address as a name is no name: it is not told to the server (RFC 6066 3), and looked for among the addresses. */
static bool want_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* --- its life --- */

static bool set_up(struct tls *t)
{
	if (!t->ssl)
		return false;
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->in || !t->out) {
		BIO_free(t->in);
		BIO_free(t->out);
		return false;
	}
	BIO_set_mem_eof_return(t->in, -1); /* empty means: later */
	SSL_set_bio(t->ssl, t->in, t->out);
	return SSL_set_app_data(t->ssl, t) == 1;
}

static bool begin_client(struct tls *t, const char *name, const struct sockaddr *at)
{
	SSL_set_connect_state(t->ssl);
	if (!(name[0] ? want_name(t->ssl, name) : want_address(t->ssl, at)))
		return false;
	if (t->session->kept)
		SSL_set_session(t->ssl, t->session->kept); /* where that fails, hands are shaken in full */
	return true;
}

/* NULL: out of memory. */
static struct tls *tls_new(SSL *ssl, struct tls_session *session)
{
	struct tls *t = calloc(1, sizeof *t);
	if (!t) {
		SSL_free(ssl);
		return NULL;
	}
	t->session = session;
	t->ssl = ssl;
	if (set_up(t))
		return t;
	tls_free(t);
	return NULL;
}

struct tls *tls_connect(const struct trust *trust, const char *name, const struct sockaddr *at, struct tls_session *session)
{
	struct tls *t = tls_new(SSL_new(trust->context), session);
	if (t && !begin_client(t, name, at)) {
		tls_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

struct tls *tls_accept(struct identity *i)
{
	struct tls *t = tls_new(identity_open(i), NULL);
	if (t) {
		t->identity = identity_ref(i);
		SSL_set_accept_state(t->ssl);
	}
	ERR_clear_error();
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	/* Else OpenSSL takes the connection for cut off, and its session for one that must not be resumed. */
	if (t->ssl && !t->trouble)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	identity_unref(t->identity);
	buffer_free(&t->unsent);
	free(t);
}

/* --- octets --- */

static void note_trouble(struct tls *t)
{
	long verdict = SSL_get_verify_result(t->ssl);
	unsigned long error = ERR_peek_error();
	if (t->trouble)
		return;
	if (verdict != X509_V_OK)
		t->trouble = X509_verify_cert_error_string(verdict);
	else if (error)
		t->trouble = ERR_reason_error_string(error);
	if (!t->trouble)
		t->trouble = "TLS failed";
}

/* What SSL_read or SSL_write said, which was no success: may it go on? */
static bool goes_on(struct tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return true;
	case SSL_ERROR_ZERO_RETURN: /* it said goodbye */
		return false;
	default:
		note_trouble(t);
		return false;
	}
}

static bool read_all(struct tls *t, struct buffer *plain)
{
	for (;;) {
		if (!buffer_reserve(plain, RECORD_MAX))
			return false;
		ERR_clear_error();
		int n = SSL_read(t->ssl, plain->data + plain->len, RECORD_MAX);
		if (n <= 0)
			return goes_on(t, n);
		plain->len += (size_t)n;
	}
}

bool tls_receive(struct tls *t, const void *bytes, size_t len, struct buffer *plain)
{
	ERR_clear_error();
	if (BIO_write(t->in, bytes, (int)len) != (int)len) {
		t->trouble = "out of memory";
		return false;
	}
	bool is_on = read_all(t, plain);
	ERR_clear_error();
	return is_on;
}

/* A record may have been there but for its last octet. */
_Static_assert(TLS_PLAIN_MAX >= RECORD_MAX, "what comes of an octet may be a record");

bool tls_receive_to(struct tls *t, const void *bytes, size_t len, uint8_t *plain, size_t *plain_len)
{
	const size_t room = len + TLS_PLAIN_MAX;
	int n;
	*plain_len = 0;
	ERR_clear_error();
	if (BIO_write(t->in, bytes, (int)len) != (int)len) {
		t->trouble = "out of memory";
		return false;
	}
	do {
		ERR_clear_error();
		n = SSL_read(t->ssl, plain + *plain_len, (int)(room - *plain_len));
		*plain_len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && *plain_len < room);
	bool is_on = n > 0 || goes_on(t, n);
	ERR_clear_error();
	return is_on;
}

size_t tls_held(const struct tls *t)
{
	return BIO_ctrl_pending(t->in) + (SSL_has_pending(t->ssl) ? TLS_PLAIN_MAX : 0); /* it has a buffer for a whole one */
}

enum err tls_send(struct tls *t, const void *plain, size_t len)
{
	buffer_append(&t->unsent, plain, len);
	return t->unsent.failed ? ERR_NOMEM : OK;
}

static bool shake_hands(struct tls *t)
{
	int result = SSL_do_handshake(t->ssl);
	return result == 1 || goes_on(t, result);
}

static bool write_all(struct tls *t)
{
	size_t at = 0;
	int n = 1;
	while (at < t->unsent.len) {
		ERR_clear_error();
		n = SSL_write(t->ssl, t->unsent.data + at, (int)(t->unsent.len - at));
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	if (at)
		memmove(t->unsent.data, t->unsent.data + at, t->unsent.len - at);
	t->unsent.len -= at;
	return n > 0 || goes_on(t, n);
}

void tls_say_goodbye(struct tls *t)
{
	if (!t->trouble && tls_is_up(t))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

static bool drain(struct tls *t, struct buffer *out)
{
	char *octets;
	long len = BIO_get_mem_data(t->out, &octets);
	if (len > 0)
		buffer_append(out, octets, (size_t)len);
	BIO_reset(t->out);
	if (!out->failed && (SSL_is_server(t->ssl) || out->len <= TLS_UNSENT_MAX))
		return true;
	t->trouble = out->failed ? "out of memory" : "it reads nothing";
	return false;
}

bool tls_produce(struct tls *t, struct buffer *out)
{
	ERR_clear_error();
	bool is_on = shake_hands(t) && (!tls_is_up(t) || write_all(t));
	ERR_clear_error();
	return drain(t, out) && is_on;
}

bool tls_is_up(const struct tls *t)
{
	return SSL_is_init_finished(t->ssl);
}

bool tls_was_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl);
}

const char *tls_trouble(const struct tls *t)
{
	return t->trouble;
}
