#include "certificate.h"
#include "unit.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void extend(X509 *cert, int what, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, what, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void write_files(struct certificate *i)
{
	strcpy(i->cert_path, "/tmp/test_tls_cert.XXXXXX");
	strcpy(i->key_path, "/tmp/test_tls_key.XXXXXX");
	FILE *cert = fdopen(mkstemp(i->cert_path), "w"), *key = fdopen(mkstemp(i->key_path), "w");
	assert_int_equal(PEM_write_X509(cert, i->cert), 1);
	assert_int_equal(PEM_write_PrivateKey(key, i->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(cert);
	fclose(key);
}

void certificate_begin(struct certificate *i, const char *subject_alt_name)
{
	i->key = EVP_EC_gen("P-256");
	i->cert = X509_new();
	assert_non_null(i->key);
	X509_set_version(i->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(i->cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(i->cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(i->cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(i->cert), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(i->cert, X509_get_subject_name(i->cert));
	X509_set_pubkey(i->cert, i->key);
	extend(i->cert, NID_subject_alt_name, subject_alt_name);
	extend(i->cert, NID_basic_constraints, "CA:TRUE");
	assert_true(X509_sign(i->cert, i->key, EVP_sha256()) > 0);
	write_files(i);
}

void certificate_end(struct certificate *i)
{
	unlink(i->cert_path);
	unlink(i->key_path);
	X509_free(i->cert);
	EVP_PKEY_free(i->key);
}
