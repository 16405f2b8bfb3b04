#include "routes.h"
#include "dns/message.h"
#include <stdlib.h>
#include <string.h>

enum err routes_add(struct routes *r, const struct name *zone, const void *block, const struct view_options *view)
{
	struct server_route *more;
	unsigned at = 0;
	for (unsigned i = 0; i < r->count; i++) {
		if (!r->routes[i].view && name_equal(&r->routes[i].zone, zone))
			return ERR_EXISTS;
	}
	more = realloc(r->routes, (r->count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	r->routes = more;
	while (at < r->count && more[at].zone.labels >= zone->labels)
		at++;
	memmove(&more[at + 1], &more[at], (r->count - at) * sizeof *more);
	more[at] = (struct server_route){.zone = *zone, .block = block, .view = view};
	name_lower(&more[at].zone);
	r->count++;
	r->viewed |= view != NULL;
	return OK;
}

void routes_free(struct routes *r)
{
	free(r->routes);
	*r = (struct routes){0};
}

const struct server_route *routes_find(const struct routes *r, const struct name *qname, uint16_t qtype, route_filter *filter,
                                       const void *arg)
{
	const struct server_route *child = NULL;
	for (unsigned i = 0; i < r->count; i++) {
		const struct server_route *route = &r->routes[i];
		if (route->zone.labels && !name_in(qname, &route->zone))
			continue;
		if (route->view && !filter(arg, route->view))
			continue;
		if (qtype != DNS_TYPE_DS || route->zone.labels != qname->labels)
			return route;
		child = route;
	}
	return child;
}
