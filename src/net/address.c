#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/sockaddr.h"
#include "net/net.h"

#define DNS_PORT   53
#define TLS_PREFIX "tls://"

/* "[HOST]:PORT", "[HOST]", "HOST:PORT" with one colon, "HOST". Port is NULL where none is given. */
static bool split(const char *text, const char **host, size_t *host_len, const char **port)
{
	const char *colon = strchr(text, ':');
	const char *end;
	*host = text;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		*host = text + 1;
		*port = end[1] == ':' ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		*port = colon + 1;
	} else {
		end = text + strlen(text);
		*port = NULL;
	}
	*host_len = (size_t)(end - *host);
	return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t len = strlen(text);
	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

/* The interface after the % of a link-local address (RFC 4007 11), "" for none; 0: there is no such interface. */
static bool parse_scope(const char *text, size_t len, uint32_t *scope)
{
	char name[IF_NAMESIZE];
	*scope = 0;
	if (len == 0)
		return true;
	if (len - 1 >= sizeof(name))
		return false;
	memcpy(name, text + 1, len - 1);
	name[len - 1] = '\0';
	*scope = if_nametoindex(name);
	return *scope != 0;
}

enum err net_address_parse(const char *text, struct net_address *a, struct diag *d)
{
	const char *host, *port_text;
	size_t host_len;
	uint16_t port = DNS_PORT;
	uint32_t scope;
	struct addr ip;
	if (!split(text, &host, &host_len, &port_text))
		return diag_set(d, ERR_SYNTAX, "'%s' is not an address to listen on; write ADDR:PORT or [IPV6]:PORT", text);
	const char *percent = memchr(host, '%', host_len);
	size_t ip_len = percent ? (size_t)(percent - host) : host_len;
	if (addr_parse(host, ip_len, &ip) || (percent && ip.family != ADDR_V6))
		return diag_set(d, ERR_SYNTAX, "'%s' has no IP address to listen on; write ADDR:PORT, as in 127.0.0.1:1053 or [::1]:1053",
		                text);
	if (!parse_scope(host + ip_len, host_len - ip_len, &scope))
		return diag_set(d, ERR_SYNTAX, "'%s' names an interface that this machine has not got; `ip link` lists those it has", text);
	if (port_text && !parse_port(port_text, &port))
		return diag_set(d, ERR_SYNTAX, "'%s' has no valid port; write a number from 0 to 65535", text);
	*a = (struct net_address){.sa = sockaddr_make(&ip, port, scope)};
	return OK;
}

static void format_v6(const struct sockaddr_in6 *in6, char text[64])
{
	struct addr address = {.family = ADDR_V6};
	char ip[ADDR_TEXT_MAX], scope[IF_NAMESIZE + 1] = "";
	memcpy(address.octets, &in6->sin6_addr, sizeof(in6->sin6_addr));
	addr_format(&address, ip);
	if (in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, scope + 1))
		scope[0] = '%';
	/* 39 octets of address at most, since an IPv4-mapped one is IPv4 here; so all fits, "tls://" included. */
	snprintf(text, 64 - sizeof TLS_PREFIX, "[%.39s%s]:%u", ip, scope, (unsigned)ntohs(in6->sin6_port));
}

void net_address_format(const struct net_address *a, char text[64])
{
	if (a->tls) {
		memcpy(text, TLS_PREFIX, sizeof TLS_PREFIX);
		text += strlen(TLS_PREFIX);
	}
	if (a->sa.ss_family == AF_INET6) {
		format_v6((const struct sockaddr_in6 *)&a->sa, text);
		return;
	}
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa;
	char ip[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
	snprintf(text, 64 - sizeof TLS_PREFIX, "%s:%u", ip, (unsigned)ntohs(in->sin_port));
}

bool net_address_equal(const struct net_address *a, const struct net_address *b)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->sa, *other4 = (const struct sockaddr_in *)&b->sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->sa, *other6 = (const struct sockaddr_in6 *)&b->sa;
	if (a->sa.ss_family != b->sa.ss_family || a->tls != b->tls)
		return false;
	if (a->sa.ss_family == AF_INET)
		return v4->sin_port == other4->sin_port && v4->sin_addr.s_addr == other4->sin_addr.s_addr;
	return v6->sin6_port == other6->sin6_port && v6->sin6_scope_id == other6->sin6_scope_id &&
	       memcmp(&v6->sin6_addr, &other6->sin6_addr, sizeof(v6->sin6_addr)) == 0;
}
