/* trust_inside.h - private to forward: what is in a struct trust. */
#pragma once
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
