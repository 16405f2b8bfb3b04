#include "forward/trust.h"
#include "base/hash.h"
#include "trust_inside.h"
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

static enum err believe_system(SSL_CTX *c, struct diag *d)
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

static enum err use_files(SSL_CTX *c, const struct trust_files *f, struct diag *d)
{
	if (f->ca && SSL_CTX_load_verify_file(c, f->ca) != 1)
		return refuse("certificates of authorities", f->ca, d);
	if (f->cert && SSL_CTX_use_certificate_chain_file(c, f->cert) != 1)
		return refuse("certificate", f->cert, d);
	if (f->key && SSL_CTX_use_PrivateKey_file(c, f->key, SSL_FILETYPE_PEM) != 1)
		return refuse("key", f->key, d);
	return f->ca ? OK : believe_system(c, d);
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

static enum err set_up(SSL_CTX *c, const struct trust_files *f, struct diag *d)
{
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
	/* What is kept for resumption is each channel's own. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, tls_on_session);
	SSL_CTX_set_default_passwd_cb(c, no_password);
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
		return diag_set(d, ERR_NOMEM, "out of memory");
	return use_files(c, f, d);
}

enum err trust_new(const struct trust_files *files, struct trust **out, struct diag *d)
{
	struct trust *t = malloc(sizeof *t);
	*out = NULL;
	ERR_clear_error();
	if (!t)
		return diag_set(d, ERR_NOMEM, "out of memory");
	t->users = 1;
	/* Before they are read: what changes meanwhile is read again once more. */
	t->mark = mark_of(files->cert) ^ hash_mix(mark_of(files->key), 1) ^ hash_mix(mark_of(files->ca), 2);
	t->context = SSL_CTX_new(TLS_client_method());
	enum err err = t->context ? set_up(t->context, files, d) : diag_set(d, ERR_NOMEM, "out of memory");
	ERR_clear_error();
	if (err)
		trust_unref(t);
	else
		*out = t;
	return err;
}

uint64_t trust_mark(const struct trust *t)
{
	return t->mark;
}

struct trust *trust_ref(struct trust *t)
{
	t->users++;
	return t;
}

void trust_unref(struct trust *t)
{
	if (!t || --t->users)
		return;
	SSL_CTX_free(t->context);
	free(t);
}
