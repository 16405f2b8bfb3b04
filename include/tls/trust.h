/* trust.h - whom we believe over TLS, and who we say we are: what `tls` of `forward` says, read once. Immutable, counted; made and given up on the control
 * thread, used on any. */
#pragma once
#include "base/diag.h"
#include <stdint.h>

struct trust;

/* PEM files. */
struct trust_files {
	const char *cert, *key; /* ours, with what is between it and its root, and its key; NULL: none */
	const char *ca;         /* that certificates must go back to; NULL: the system's, or what SSL_CERT_FILE and SSL_CERT_DIR say */
};

/* TLS 1.2 at least. Errors name the file: ERR_MISSING, ERR_SYNTAX (there is no certificate in it, or the key is another's), ERR_NOMEM. */
enum err trust_new(const struct trust_files *files, struct trust **out, struct diag *d);

/* What the files were when they were read: another number where one of them has changed since. Of none: 0. */
uint64_t trust_mark(const struct trust *t);

/* OpenSSL's SSL_CTX, for who has TLS spoken by somebody else. Not to be changed; as long as the trust. */
struct ssl_ctx_st *trust_context(const struct trust *t);

struct trust *trust_ref(struct trust *t);
void trust_unref(struct trust *t); /* takes NULL */
