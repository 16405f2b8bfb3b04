#include "pem.h"
#include "base/hash.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bundles of the distributions, as Go knows them. OpenSSL itself knows the folder of hashed names alone, which an image need not have. */
static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
        "/etc/ssl/ca-bundle.pem",             /* openSUSE */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
};

static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());
	return text ? text : "it can't be read";
}

static enum err refuse(const char *what, const char *path, struct diag *d)
{
	if (access(path, R_OK))
		return diag_set(d, ERR_MISSING, "%s %s: there is no such file, or it can't be read", what, path);
	return diag_set(d, ERR_SYNTAX, "%s %s: %s", what, path, reason());
}

enum err pem_use_system(SSL_CTX *c, struct diag *d)
{
	if (SSL_CTX_set_default_verify_paths(c) != 1)
		return diag_set(d, ERR_NOMEM, "out of memory");
	for (size_t i = 0; !getenv("SSL_CERT_FILE") && i < sizeof bundles / sizeof *bundles; i++) {
		if (access(bundles[i], R_OK) == 0 && SSL_CTX_load_verify_file(c, bundles[i]) == 1)
			break;
	}
	ERR_clear_error();
	return OK;
}

static uint64_t mark_of(const char *path)
{
	struct stat st;
	if (!path || stat(path, &st))
		return 0;
	const uint64_t what[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
	return hash_bytes(what, sizeof what);
}

/* Nobody is there to type it. */
static int no_password(char *text, int size, int rwflag, void *arg)
{
	(void)text;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

enum err pem_use(SSL_CTX *c, const struct trust_files *f, struct diag *d)
{
	SSL_CTX_set_default_passwd_cb(c, no_password);
	if (f->ca && SSL_CTX_load_verify_file(c, f->ca) != 1)
		return refuse("certificates of authorities", f->ca, d);
	if (f->cert && SSL_CTX_use_certificate_chain_file(c, f->cert) != 1)
		return refuse("certificate", f->cert, d);
	if (f->key && SSL_CTX_use_PrivateKey_file(c, f->key, SSL_FILETYPE_PEM) != 1)
		return refuse("key", f->key, d);
	return OK;
}

/* Before they are read: what changes meanwhile is read again once more. */
uint64_t pem_mark(const struct trust_files *f)
{
	return mark_of(f->cert) ^ hash_mix(mark_of(f->key), 1) ^ hash_mix(mark_of(f->ca), 2);
}
