/* https.h - upstreams over HTTPS (RFC 8484): each attempt is one transfer of libcurl's, on the worker's loop. A channel has a libcurl handle of its own, so
 * connections are never another upstream's; with HTTP/2 all go over one. The certificate is judged as in tls.h. */
#pragma once
#include "attempt.h"
#include "base/err.h"

struct channel;
struct https;
struct https_request;

/* Asks. Sets e->request. ERR_NOMEM: it is not asked. */
enum err https_send(struct https **h, struct channel *c, struct attempt *e);

/* The attempt has ended, or takes its reply now. Takes NULL. */
void https_forget(struct https_request *r);

/* All attempts have been ended. Takes NULL. */
void https_end(struct https *h);
