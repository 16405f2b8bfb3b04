/* view.h - private to server: which of the blocks of a zone a query is for. */
#pragma once
#include "routes.h"
#include "server/step.h"

/* The route of a name, for whoever has asked x: its peer, address, worker and hold are set, where some routes are not for all queries. NULL: none. */
const struct server_route *view_route(const struct exchange *x, const struct routes *routes, const struct name *qname);
