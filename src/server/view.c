#include "view.h"
#include "base/sockaddr.h"
#include "config/directive.h"
#include "server_worker.h"

struct asked {
	struct expression_facts facts;
	struct regexp_match *match;
};

/* All that an expression has must hold. */
static bool is_for(const void *arg, const struct view_options *view)
{
	const struct asked *a = arg;
	for (unsigned i = 0; i < view->count; i++) {
		if (!expression_holds(view->expressions[i], &a->facts, a->match))
			return false;
	}
	return true;
}

static const struct server_route *choose(const struct exchange *x, const struct routes *routes, const struct name *qname)
{
	const struct request *r = &x->query.request;
	const struct sockaddr *server = (const struct sockaddr *)&exchange_address(x)->sa;
	const bool tcp = x->query.transport == QUERY_TCP;
	const struct asked a = {
	        .match = x->worker->match,
	        .facts = {.qname = qname,
	                  .qtype = r->qtype,
	                  .qclass = r->qclass,
	                  .id = r->id,
	                  .tcp = tcp,
	                  .dnssec_ok = r->edns_do,
	                  .size = (unsigned)x->request_len,
	                  .bufsize = tcp ? DNS_TCP_SIZE_MAX : r->edns_udp_size,
	                  .client = sockaddr_addr(&x->peer->sa),
	                  .client_port = sockaddr_port(&x->peer->sa),
	                  .server = sockaddr_addr(server),
	                  .server_port = sockaddr_port(server)},
	};
	return routes_find(routes, qname, r->qtype, is_for, &a);
}

const struct server_route *view_route(const struct exchange *x, const struct routes *routes, const struct name *qname)
{
	return routes->viewed ? choose(x, routes, qname) : routes_find(routes, qname, x->query.request.qtype, NULL, NULL);
}
