/* credential.h - what a request shows to be let in: a token, from a file or not, a password, or what a credential plugin gave. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"
#include <uv.h>

struct credential;

enum credential_state {
	CREDENTIAL_READY,
	CREDENTIAL_PENDING, /* a plugin runs; news will be called */
	CREDENTIAL_FAILED,  /* diag says why */
};

/* Borrowed until the loop runs again. */
struct authorization {
	const char *header;             /* "Authorization: ..."; NULL: none */
	const char *cert_pem, *key_pem; /* a client certificate of the plugin's; NULL: none */
};

/* A plugin has ended: credential_get will not be PENDING. */
typedef void credential_news(void *arg);

/* Borrows e. NULL: out of memory. */
struct credential *credential_new(uv_loop_t *loop, const struct api_endpoint *e, credential_news *news, void *arg);
void credential_free(struct credential *c); /* a plugin that runs is killed; takes NULL */

/* Reads the token file anew, runs the plugin if what it gave has expired. After a plugin has failed, the first to ask gets FAILED, and
 * so do others until the loop has turned; then it is run again. */
enum credential_state credential_get(struct credential *c, struct authorization *a, struct diag *d);

/* The server would not have it: what a plugin gave is not used again. */
void credential_reject(struct credential *c);
