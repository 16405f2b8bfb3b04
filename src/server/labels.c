#include "labels.h"
#include "config/directive.h"
#include "server/server.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void server_label(const struct net_address *a, char text[SERVER_LABEL_MAX])
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
	const char *scheme = a->tls ? "tls" : "dns";
	char host[INET6_ADDRSTRLEN] = "";
	if (a->sa.ss_family == AF_INET) {
		if (in->sin_addr.s_addr != htonl(INADDR_ANY))
			inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(text, SERVER_LABEL_MAX, "%s://%s:%u", scheme, host, ntohs(in->sin_port));
	} else {
		bool any = IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		if (!any)
			inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		snprintf(text, SERVER_LABEL_MAX, any ? "%s://%s:%u" : "%s://[%s]:%u", scheme, host, ntohs(in6->sin6_port));
	}
}

static bool is_counted(const struct server_route *r)
{
	return ((const struct plan *)r->block)->counted;
}

static bool any_counted(const struct served *v)
{
	for (unsigned i = 0; i < v->block_count; i++) {
		if (v->blocks[i]->plan->counted)
			return true;
	}
	return false;
}

/* No block has its name. CoreDNS calls them so whether they are refused or not. */
static enum err make_dropped(struct listener *l, const char *server, struct tally *t)
{
	l->routes.row = tally_row(t, server, "dropped", "");
	l->routes.timed = true;
	return l->routes.row ? OK : ERR_NOMEM;
}

static enum err make_rows(struct listener *l, const char *server, struct tally *t)
{
	for (unsigned i = 0; i < l->routes.count; i++) {
		struct server_route *r = &l->routes.routes[i];
		char zone[NAME_TEXT_MAX];
		if (!is_counted(r))
			continue;
		name_to_text(&r->zone, zone);
		r->row = tally_row(t, server, zone, r->view ? r->view->name : "");
		if (!r->row)
			return ERR_NOMEM;
	}
	return OK;
}

static void note_answerers(struct plan *p, struct tally *t)
{
	for (unsigned i = 0; i < p->count; i++)
		plan_set_answerer(p, i, tally_answerer(t, p->steps[i].step.kind->name));
}

enum err labels_make(struct served *v, struct tally *t)
{
	enum err err = OK;
	if (!any_counted(v))
		return OK;
	for (unsigned i = 0; i < v->block_count; i++)
		note_answerers(v->blocks[i]->plan, t);
	for (unsigned i = 0; i < v->listener_count && !err; i++) {
		char server[SERVER_LABEL_MAX];
		server_label(&v->listeners[i].address, server);
		err = make_dropped(&v->listeners[i], server, t);
		if (!err)
			err = make_rows(&v->listeners[i], server, t);
	}
	return err;
}

/* --- steps --- */

/* The addresses of both families that stand for all are one server. */
static bool is_repeated(const struct served *v, unsigned listener, const struct server_route *route)
{
	for (unsigned i = 0; i < listener; i++) {
		for (unsigned k = 0; k < v->listeners[i].routes.count; k++) {
			if (v->listeners[i].routes.routes[k].row == route->row)
				return true;
		}
	}
	return false;
}

/* Among the first steps of the plan. */
static bool is_among(const struct plan *p, unsigned steps, const char *name)
{
	for (unsigned i = 0; i < steps; i++) {
		if (strcmp(p->steps[i].step.kind->name, name) == 0)
			return true;
	}
	return false;
}

static void visit_route(const struct server_route *r, server_step_visit *visit, void *arg)
{
	const struct plan *p = r->block;
	for (unsigned i = 0; i < p->count; i++) {
		if (!is_among(p, i, p->steps[i].step.kind->name))
			visit(arg, r->row->server, r->row->zone, r->row->view, p->steps[i].step.kind->name);
	}
	for (const char *const *name = p->named; name && *name; name++) {
		if (!is_among(p, p->count, *name))
			visit(arg, r->row->server, r->row->zone, r->row->view, *name);
	}
}

void labels_each_step(const struct served *v, server_step_visit *visit, void *arg)
{
	for (unsigned i = 0; i < v->listener_count; i++) {
		const struct routes *routes = &v->listeners[i].routes;
		for (unsigned k = 0; k < routes->count; k++) {
			if (routes->routes[k].row && !is_repeated(v, i, &routes->routes[k]))
				visit_route(&routes->routes[k], visit, arg);
		}
	}
}
