/* exec_plugin.h - runs a credential plugin (client.authentication.k8s.io): a command that prints an ExecCredential. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"
#include "base/log.h"
#include <stdint.h>
#include <uv.h>

/* What it gave. Owned strings; NULL: unset. */
struct exec_credential {
	char *token, *cert_pem, *key_pem;
	int64_t expires_s; /* since 1970; INT64_MAX: never */
};
void exec_credential_clear(struct exec_credential *c);

/* Called once: OK with *got, which is the callee's from then on; or an error with the line to log. */
typedef void exec_done(void *arg, enum err err, struct exec_credential *got, const struct diag *d);

struct exec_run;

/* Runs the plugin of e, for EXEC_MAX_MS at most. It inherits no descriptor but its own stdin (empty), stdout and stderr; what it says on that is
 * logged as part of lines, which is borrowed, with secrets left out. done is called later, never from here. NULL: out of memory. */
struct exec_run *exec_start(uv_loop_t *loop, const struct api_endpoint *e, struct log_series *lines, exec_done *done, void *arg);

/* Kills it; done is not called any more. Not after done. */
void exec_cancel(struct exec_run *r);

#define EXEC_MAX_MS 60000

/* For tests: what a plugin printed, as a credential. */
enum err exec_credential_parse(const char *text, size_t len, struct exec_credential *out, struct diag *d);
