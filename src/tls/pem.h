/* pem.h - private to tls: certificates and keys of files, put into an SSL_CTX. Errors as of trust_new(). */
#pragma once
#include "inside.h"

/* Those of f that are not NULL. */
enum err pem_use(SSL_CTX *c, const struct trust_files *f, struct diag *d);

/* The system's authorities. */
enum err pem_use_system(SSL_CTX *c, struct diag *d);

/* What the files are now, as trust_mark() has it. */
uint64_t pem_mark(const struct trust_files *f);
