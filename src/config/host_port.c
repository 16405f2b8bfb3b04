#include "host_port.h"
#include "config/value.h"
#include <stdlib.h>
#include <string.h>

/* What stands before the port: empty, a name or an address; one with colons in brackets. */
static bool is_host(const char *text, size_t len)
{
	if (len && text[0] == '[')
		return len > 2 && text[len - 1] == ']' && !memchr(text + 1, '[', len - 1) && !memchr(text, ']', len - 1);
	return !memchr(text, ':', len) && !memchr(text, '[', len) && !memchr(text, ']', len);
}

enum err host_port_take(struct host_port *at, const char *text, struct diag *d)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned port = 0;
	char *host = NULL;
	struct diag why;
	if (!colon || !is_host(text, len))
		return diag_set(d, ERR_SYNTAX, "an address such as :8080, 10.0.0.1:8080 or [::1]:8080 is wanted, not \"%s\"", text);
	if (value_number(colon + 1, 0, UINT16_MAX, &port, &why))
		return diag_set(d, ERR_SYNTAX, "\"%s\": a port is a number from 0 to 65535", text);
	if (len && text[0] == '[')
		host = strndup(text + 1, len - 2);
	else if (len)
		host = strndup(text, len);
	if (len && !host)
		return diag_set(d, ERR_NOMEM, "out of memory");
	free(at->host);
	*at = (struct host_port){host, (uint16_t)port};
	return OK;
}

void host_port_clear(struct host_port *at)
{
	free(at->host);
	*at = (struct host_port){0};
}
