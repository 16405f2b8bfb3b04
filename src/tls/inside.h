/* inside.h - private to tls: what is in a struct trust, and how a connection of either end begins. */
#pragma once
#include "tls/tls.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>

struct trust {
	unsigned users;
	uint64_t mark;
	SSL_CTX *context; /* never changed once it is made; OpenSSL counts its users by itself, so connections may outlive the trust */
};

/* A session that may be resumed; each SSL's data is its struct tls. */
int tls_on_session(SSL *ssl, SSL_SESSION *session);

/* An SSL for the next connection that comes in. NULL: out of memory. On any thread. */
SSL *identity_open(struct identity *i);
