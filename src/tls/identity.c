#include "tls/identity.h"
#include "base/hash.h"
#include "pem.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define TICKET_KEYS_MAX 256 /* octets; OpenSSL 3.0 has 80 */

struct identity {
	atomic_uint users;
	struct trust_files files; /* owned */
	enum client_auth clients;
	int key_log; /* -1: none */
	pthread_mutex_t lock;
	SSL_CTX *context; /* under lock, since workers begin connections while the control thread puts the next one in its place */
	uint64_t mark;    /* of the files that it was made from. Control thread */
};

/* --- the context --- */

/* A client that offers other protocols alone is let in without one, as CoreDNS does it (RFC 7301 has the name "dot" since RFC 7858 had been out). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *offered, unsigned offered_len,
                           void *arg)
{
	static const unsigned char ours[] = {3, 'd', 'o', 't'};
	unsigned char *chosen;
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, len, ours, sizeof ours, offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* That it has the key, OpenSSL sees to. */
static int believe_anybody(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

/* A line at once: several threads write, and other processes may. What is lost can't be told here. */
static void on_key_log(const SSL *ssl, const char *line)
{
	const struct identity *i = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct iovec parts[] = {{(void *)(uintptr_t)line, strlen(line)}, {(char[]){'\n'}, 1}};
	ssize_t n = writev(i->key_log, parts, 2);
	(void)n;
}

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

/* Which authorities we take is told, so that a client that has several certificates can choose. */
static enum err name_authorities(SSL_CTX *c, const char *ca, struct diag *d)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca);
	if (!names)
		return no_memory(d); /* the file has been read already */
	SSL_CTX_set_client_CA_list(c, names);
	return OK;
}

static enum err judge_clients(SSL_CTX *c, const struct identity *i, struct diag *d)
{
	switch (i->clients) {
	case CLIENT_AUTH_NONE:
		SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
		return OK;
	case CLIENT_AUTH_REQUEST:
	case CLIENT_AUTH_REQUIRE:
		SSL_CTX_set_cert_verify_callback(c, believe_anybody, NULL);
		break;
	case CLIENT_AUTH_VERIFY_IF_GIVEN:
	case CLIENT_AUTH_REQUIRE_AND_VERIFY:
		break;
	}
	bool must = i->clients == CLIENT_AUTH_REQUIRE || i->clients == CLIENT_AUTH_REQUIRE_AND_VERIFY;
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	return i->files.ca ? name_authorities(c, i->files.ca, d) : pem_use_system(c, d);
}

/* A session counts only where the same clients are let in by the same word. */
static bool name_sessions(SSL_CTX *c, const struct identity *i)
{
	const struct trust_files authorities = {.ca = i->files.ca};
	const uint64_t id[] = {(uint64_t)i->clients, pem_mark(&authorities)};
	return SSL_CTX_set_session_id_context(c, (const unsigned char *)id, sizeof id) == 1;
}

/* Tickets are all that is kept of a session, so workers need nothing but the keys, which are the context's. */
static enum err set_up(SSL_CTX *c, struct identity *i, struct diag *d)
{
	SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 || SSL_CTX_set_num_tickets(c, 1) != 1 ||
	    SSL_CTX_set_app_data(c, i) != 1 || !name_sessions(c, i))
		return no_memory(d);
	if (i->key_log >= 0)
		SSL_CTX_set_keylog_callback(c, on_key_log);
	enum err err = pem_use(c, &i->files, d);
	return err ? err : judge_clients(c, i, d);
}

/* So sessions of before can be resumed. */
static bool take_ticket_keys(SSL_CTX *c, SSL_CTX *from)
{
	unsigned char keys[TICKET_KEYS_MAX];
	long len = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);
	bool done = len > 0 && len <= TICKET_KEYS_MAX && SSL_CTX_get_tlsext_ticket_keys(from, keys, len) == 1 &&
	            SSL_CTX_set_tlsext_ticket_keys(c, keys, len) == 1;
	OPENSSL_cleanse(keys, sizeof keys);
	return done;
}

static enum err context_new(struct identity *i, SSL_CTX **out, struct diag *d)
{
	SSL_CTX *c;
	ERR_clear_error();
	c = SSL_CTX_new(TLS_server_method());
	enum err err = c ? set_up(c, i, d) : no_memory(d);
	if (!err && i->context && !take_ticket_keys(c, i->context))
		err = no_memory(d);
	ERR_clear_error();
	if (err) {
		SSL_CTX_free(c);
		c = NULL;
	}
	*out = c;
	return err;
}

/* --- its life --- */

static bool copy(const char *from, const char **to)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

static bool copy_files(const struct trust_files *from, struct trust_files *to)
{
	bool cert = copy(from->cert, &to->cert), key = copy(from->key, &to->key);
	return copy(from->ca, &to->ca) && cert && key;
}

static enum err open_key_log(struct identity *i, const char *path, struct diag *d)
{
	if (!path)
		return OK;
	i->key_log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
	return i->key_log >= 0 ? OK : diag_set(d, ERR_SYS, "keylog: %s: %s", path, strerror(errno));
}

enum err identity_new(const struct identity_options *options, struct identity **out, struct diag *d)
{
	struct identity *i = calloc(1, sizeof *i);
	enum err err = OK;
	*out = NULL;
	if (!i)
		return no_memory(d);
	atomic_init(&i->users, 1);
	pthread_mutex_init(&i->lock, NULL);
	i->clients = options->clients;
	i->key_log = -1;
	if (!copy_files(&options->files, &i->files))
		err = no_memory(d);
	i->mark = pem_mark(&options->files);
	if (!err)
		err = open_key_log(i, options->key_log, d);
	if (!err)
		err = context_new(i, &i->context, d);
	if (err)
		identity_unref(i);
	else
		*out = i;
	return err;
}

enum err identity_reload(struct identity *i, struct diag *d)
{
	SSL_CTX *next, *before;
	uint64_t mark = pem_mark(&i->files);
	enum err err = context_new(i, &next, d);
	if (err)
		return err;
	pthread_mutex_lock(&i->lock);
	before = i->context;
	i->context = next;
	pthread_mutex_unlock(&i->lock);
	i->mark = mark;
	SSL_CTX_free(before); /* connections keep it */
	return OK;
}

SSL *identity_open(struct identity *i)
{
	SSL *ssl;
	pthread_mutex_lock(&i->lock);
	ssl = SSL_new(i->context);
	pthread_mutex_unlock(&i->lock);
	return ssl;
}

const struct trust_files *identity_files(const struct identity *i)
{
	return &i->files;
}

bool identity_is_old(const struct identity *i)
{
	return pem_mark(&i->files) != i->mark;
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->mark == b->mark && a->clients == b->clients;
}

struct identity *identity_ref(struct identity *i)
{
	atomic_fetch_add(&i->users, 1);
	return i;
}

void identity_unref(struct identity *i)
{
	if (!i || atomic_fetch_sub(&i->users, 1) != 1)
		return;
	SSL_CTX_free(i->context);
	if (i->key_log >= 0)
		close(i->key_log);
	pthread_mutex_destroy(&i->lock);
	free((char *)(uintptr_t)i->files.cert);
	free((char *)(uintptr_t)i->files.key);
	free((char *)(uintptr_t)i->files.ca);
	free(i);
}
