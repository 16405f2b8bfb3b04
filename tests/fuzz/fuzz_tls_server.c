/* The input is what a client says over TLS, from the first octet on: the first octet of the input is the size of the pieces it comes in. Without a handshake
 * that only who takes part in it can end, nobody is taken for having said anything, and what we answer is bounded. */
#include "fuzz.h"
#include "tls/tls.h"
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 << 10) /* our part of a handshake, and alerts */

static void write_files(char *cert_path, char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	FILE *c = fdopen(mkstemp(cert_path), "w"), *k = fdopen(mkstemp(key_path), "w");
	assert(key && cert && c && k);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	assert(PEM_write_X509(c, cert) && PEM_write_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL));
	fclose(c);
	fclose(k);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static struct identity *make_identity(void)
{
	char cert[] = "/tmp/fuzz_tls_server.XXXXXX", key[] = "/tmp/fuzz_tls_server.XXXXXX";
	struct identity *i;
	write_files(cert, key);
	const struct identity_options o = {.files = {cert, key, cert}, .clients = CLIENT_AUTH_REQUIRE_AND_VERIFY};
	assert(identity_new(&o, &i, NULL) == OK);
	unlink(cert);
	unlink(key);
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct identity *identity; /* the fuzzer's, for all inputs */
	static uint8_t plain[(1 << 20) + TLS_PLAIN_MAX];
	struct buffer out = {0};
	bool is_on = true;
	if (!identity)
		identity = make_identity();
	if (!size || size > 1 << 20)
		return 0;
	size_t piece = data[0] ? data[0] : size, len;
	struct tls *t = tls_accept(identity);
	assert(t);
	for (size_t i = 1; is_on && i < size; i += piece) {
		is_on = tls_receive_to(t, data + i, size - i < piece ? size - i : piece, plain, &len);
		assert(!len && tls_held(t) <= 3 * TLS_PLAIN_MAX + size);
		is_on = tls_produce(t, &out) && is_on;
	}
	assert(out.len <= ANSWER_MAX && !tls_is_up(t));
	tls_say_goodbye(t);
	tls_free(t);
	buffer_free(&out);
	return 0;
}
