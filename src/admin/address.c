#include "admin/address.h"
#include "base/sockaddr.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static enum err wrong(const char *text, struct diag *d)
{
	return diag_set(d, ERR_SYNTAX, "\"%s\": an address is written ADDR:PORT, [IPV6]:PORT or :PORT", text);
}

static enum err parse_port(const char *whole, const char *text, uint16_t *port, struct diag *d)
{
	unsigned value = 0;
	size_t len = strlen(text);
	if (!len || strspn(text, "0123456789") != len)
		return wrong(whole, d);
	for (size_t i = 0; i < len && value <= UINT16_MAX; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	if (value > UINT16_MAX)
		return diag_set(d, ERR_RANGE, "\"%s\": a port is a number from 0 to 65535", whole);
	*port = (uint16_t)value;
	return OK;
}

/* host without brackets, len octets; perhaps with an interface, which link-local addresses need. */
static enum err parse_host(const char *host, size_t len, struct addr *ip, unsigned *scope)
{
	static const struct addr everywhere = {ADDR_V6, {0}}, loopback = {ADDR_V4, {127, 0, 0, 1}};
	const char *percent = memchr(host, '%', len);
	char name[IF_NAMESIZE];
	*scope = 0;
	if (!len) {
		*ip = everywhere;
		return OK;
	}
	if (len == strlen("localhost") && memcmp(host, "localhost", len) == 0) {
		*ip = loopback;
		return OK;
	}
	if (!percent)
		return addr_parse(host, len, ip);
	size_t name_len = len - (size_t)(percent + 1 - host);
	if (name_len >= sizeof name || addr_parse(host, (size_t)(percent - host), ip) || ip->family != ADDR_V6)
		return ERR_SYNTAX;
	memcpy(name, percent + 1, name_len);
	name[name_len] = 0;
	*scope = if_nametoindex(name);
	return *scope ? OK : ERR_SYNTAX;
}

enum err admin_address_parse(const char *text, struct admin_address *a, struct diag *d)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool brackets = len >= 2 && text[0] == '[' && colon[-1] == ']';
	struct addr ip;
	unsigned scope;
	uint16_t port = 0;
	enum err err;
	if (!colon)
		return wrong(text, d);
	if (brackets) {
		host++;
		len -= 2;
	}
	if (brackets != (memchr(host, ':', len) != NULL) || parse_host(host, len, &ip, &scope))
		return wrong(text, d);
	err = parse_port(text, colon + 1, &port, d);
	if (err)
		return err;
	a->sa = sockaddr_make(&ip, port, scope);
	return OK;
}

bool admin_address_equal(const struct admin_address *a, const struct admin_address *b)
{
	return memcmp(&a->sa, &b->sa, sizeof a->sa) == 0; /* zeroed before they were filled */
}

uint16_t admin_address_port(const struct admin_address *a)
{
	return sockaddr_port((const struct sockaddr *)&a->sa);
}

void admin_address_format(const struct admin_address *a, char text[ADMIN_ADDRESS_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
	if (a->sa.ss_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->sa)->sin_addr, host, sizeof host);
		snprintf(text, ADMIN_ADDRESS_TEXT_MAX, "%s:%u", host, admin_address_port(a));
		return;
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
	if (in6->sin6_scope_id)
		snprintf(text, ADMIN_ADDRESS_TEXT_MAX, "[%s%%%u]:%u", host, in6->sin6_scope_id, admin_address_port(a));
	else
		snprintf(text, ADMIN_ADDRESS_TEXT_MAX, "[%s]:%u", host, admin_address_port(a));
}
