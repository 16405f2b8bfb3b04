/* tls_files.h - the certificates of a connection to the API server, as PEM texts. Those that are files are read here and not by libcurl, which would
 * wait for ever where a pipe stands. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"

/* Each is owned; NULL: there is none, and for ca, those of the system count. */
struct tls_files {
	char *ca, *cert, *key;
};

/* Reads the files that e names, which rotate: for each connection anew. On an error diag names the file, and *out is empty. Control thread. */
enum err tls_files_read(const struct api_endpoint *e, struct tls_files *out, struct diag *d);

/* Frees the texts, overwritten, and leaves *f empty. */
void tls_files_clear(struct tls_files *f);
