#include "tls/trust.h"
#include "inside.h"
#include "pem.h"
#include <stdlib.h>

static enum err set_up(SSL_CTX *c, const struct trust_files *f, struct diag *d)
{
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(c, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
	/* What is kept for resumption is each channel's own. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, tls_on_session);
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
		return diag_set(d, ERR_NOMEM, "out of memory");
	enum err err = pem_use(c, f, d);
	return err || f->ca ? err : pem_use_system(c, d);
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
	t->mark = pem_mark(files);
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

SSL_CTX *trust_context(const struct trust *t)
{
	return t->context;
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
