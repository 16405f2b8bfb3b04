/* routes.h - which server block a query belongs to: the one with the longest zone that the name is in. Made by the control thread, then only
 * read. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stdint.h>

struct tally_row;
struct view_options; /* config/directive.h */

struct server_route {
	struct name zone; /* lower case */
	const void *block;
	const struct view_options *view; /* which queries it is for; NULL: all */
	struct tally_row *row;           /* where its queries are counted; NULL: they are not */
};

/* All zero is none. Longest zones first; of one zone, as they were added. */
struct routes {
	struct server_route *routes;
	unsigned count;
	struct tally_row *row; /* of queries that none of them has */
	bool timed;            /* somebody wants to know when queries came */
	bool all_classes;      /* of a step_kind */
	bool viewed;           /* some of them are not for all queries */
};

/* ERR_EXISTS: there is one for all queries of the zone, so that nothing is left for this one; ERR_NOMEM. */
enum err routes_add(struct routes *r, const struct name *zone, const void *block, const struct view_options *view);

/* Frees what it owns; blocks are not. */
void routes_free(struct routes *r);

/* Whether a query is one of those that a view is for. */
typedef bool route_filter(const void *arg, const struct view_options *view);

/* The route of a name (lower case), of those that the filter lets pass; NULL: none. The DS of a zone's apex is its parent's (RFC 4035 3.1.4.1), if that is
 * ours too. */
const struct server_route *routes_find(const struct routes *r, const struct name *qname, uint16_t qtype, route_filter *filter,
                                       const void *arg);
