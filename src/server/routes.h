/* routes.h - which server block a query belongs to: the one with the longest zone that the name is in. Made by the control thread, then only
 * read. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include <stdint.h>

struct server_route {
	struct name zone; /* lower case */
	const void *block;
};

/* All zero is none. Longest zones first. */
struct routes {
	struct server_route *routes;
	unsigned count;
};

/* ERR_EXISTS: there is one for the zone; ERR_NOMEM. */
enum err routes_add(struct routes *r, const struct name *zone, const void *block);

void routes_free(struct routes *r);

/* The block of a name (lower case); NULL: none. The DS of a zone's apex is its parent's (RFC 4035 3.1.4.1), if that is ours too. */
const void *routes_find(const struct routes *r, const struct name *qname, uint16_t qtype);
