/* host_port.h - private to config: ":8080", "localhost:9153", "[::1]:8181", as Go's net.SplitHostPort takes them. */
#pragma once
#include "base/diag.h"
#include "config/directive.h"

/* In the place of what was. ERR_SYNTAX, ERR_RANGE, ERR_NOMEM: it is as it was. */
enum err host_port_take(struct host_port *at, const char *text, struct diag *d);
void host_port_clear(struct host_port *at);
