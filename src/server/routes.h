/* routes.h - which server block a query belongs to: the one with the longest zone that the name is in. Made by the control thread, then only
 * read. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stdint.h>

struct tally_row;

struct server_route {
	struct name zone; /* lower case */
	const void *block;
	struct tally_row *row; /* where its queries are counted; NULL: they are not */
};

/* All zero is none. Longest zones first. */
struct routes {
	struct server_route *routes;
	unsigned count;
	struct tally_row *row; /* of queries that none of them has */
	bool timed;            /* somebody wants to know when queries came */
	bool all_classes;      /* of a step_kind */
};

/* ERR_EXISTS: there is one for the zone; ERR_NOMEM. */
enum err routes_add(struct routes *r, const struct name *zone, const void *block);

/* Frees what it owns; blocks are not. */
void routes_free(struct routes *r);

/* The route of a name (lower case); NULL: none. The DS of a zone's apex is its parent's (RFC 4035 3.1.4.1), if that is ours too. */
const struct server_route *routes_find(const struct routes *r, const struct name *qname, uint16_t qtype);
