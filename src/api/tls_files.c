#include "tls_files.h"
#include "base/file.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PEM_MAX ((size_t)4 << 20) /* a system's whole bundle of authorities has a quarter of a MiB */

static enum err read_pem(const char *path, char **out, struct diag *d)
{
	struct buffer b = {.secret = true};
	enum err err = file_read(&b, path, FILE_REGULAR, PEM_MAX, d);
	if (!err && (!b.len || memchr(b.data, '\0', b.len)))
		err = diag_set(d, ERR_SYNTAX, "%s: holds no PEM text", path);
	if (!err && !(*out = buffer_take_text(&b)))
		err = diag_set(d, ERR_NOMEM, "%s: out of memory", path);
	buffer_free(&b);
	return err;
}

/* What is written in the kubeconfig goes before a file, as in client-go. */
static enum err put(const char *pem, const char *path, char **out, struct diag *d)
{
	if (!pem)
		return path ? read_pem(path, out, d) : OK;
	*out = strdup(pem);
	return *out ? OK : diag_no_memory(d);
}

enum err tls_files_read(const struct api_endpoint *e, struct tls_files *out, struct diag *d)
{
	enum err err = OK;
	*out = (struct tls_files){0};
	if (strncasecmp(e->url, "https:", 6) != 0)
		return OK;
	err = put(e->ca_pem, e->ca_file, &out->ca, d);
	if (!err)
		err = put(e->cert_pem, e->cert_file, &out->cert, d);
	if (!err)
		err = put(e->key_pem, e->key_file, &out->key, d);
	if (err)
		tls_files_clear(out);
	return err;
}

void tls_files_clear(struct tls_files *f)
{
	secret_free(f->ca);
	secret_free(f->cert);
	secret_free(f->key);
	*f = (struct tls_files){0};
}
