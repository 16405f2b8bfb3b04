/* host.h - the addresses of an upstream that is said by its name. Waits for who answers: for the control thread, when a configuration begins. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include "forward/upstream.h"

#define HOST_ADDRESSES_MAX 16
#define HOST_WAIT_MS       2000 /* for each reply of a resolver */

struct host_addresses {
	unsigned count; /* 1 at least */
	struct addr list[HOST_ADDRESSES_MAX];
};

/* name is text, absolute or not: search lists don't count for it. Asks these resolvers, each for A and AAAA over UDP, until one knows an address; of
 * none the system's (getaddrinfo). ERR_MISSING: nobody knows one. ERR_SYNTAX: it is no name. ERR_NOMEM. With diag. */
enum err host_find(const char *name, const struct upstream *resolvers, unsigned count, struct host_addresses *out, struct diag *d);
