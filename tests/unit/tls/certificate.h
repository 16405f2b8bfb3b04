/* certificate.h - a certificate of its own making, its own authority, in files. */
#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate {
	EVP_PKEY *key;
	X509 *cert;
	char cert_path[64], key_path[64];
};

/* For these names, as in "DNS:a,IP:127.0.0.1". */
void certificate_begin(struct certificate *c, const char *subject_alt_name);
void certificate_end(struct certificate *c);
