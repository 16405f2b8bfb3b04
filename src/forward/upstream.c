#include "forward/upstream.h"
#include "base/sockaddr.h"
#include "tls/trust.h"
#include "traffic_inside.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE_TEXT_MAX IF_NAMESIZE

static const struct scheme {
	const char *text;
	enum upstream_transport transport;
	in_port_t port;
} schemes[] = {
        {"dns://", UPSTREAM_PLAIN, 53},
        {"tls://", UPSTREAM_TLS, 853},
        {"https://", UPSTREAM_HTTPS, 443},
};
#define SCHEMES (sizeof schemes / sizeof *schemes)

/* An upstream's text, cut into its parts. All borrow the text. */
struct parts {
	const struct scheme *scheme;
	const char *addr, *scope, *port; /* scope: or, with TLS, the server's name */
	size_t addr_len, scope_len;
};

/* Without one it is as with the first. Returns what follows. */
static const char *cut_scheme(const char *text, const struct scheme **scheme)
{
	*scheme = &schemes[0];
	for (const struct scheme *s = schemes; s < schemes + SCHEMES; s++) {
		size_t len = strlen(s->text);
		if (strncmp(text, s->text, len) == 0) {
			*scheme = s;
			return text + len;
		}
	}
	return text;
}

static enum err cut(const char *text, struct parts *p)
{
	*p = (struct parts){0};
	p->addr = text = cut_scheme(text, &p->scheme);
	size_t len = strlen(text);
	if (*text == '[') {
		const char *end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return ERR_SYNTAX;
		p->addr = text + 1;
		len = (size_t)(end - p->addr);
		p->port = end[1] ? end + 2 : NULL;
	} else {
		const char *colon = strchr(text, ':');
		if (colon && !strchr(colon + 1, ':')) { /* several: IPv6 without a port */
			len = (size_t)(colon - text);
			p->port = colon + 1;
		}
	}
	const char *percent = memchr(p->addr, '%', len);
	p->addr_len = percent ? (size_t)(percent - p->addr) : len;
	if (percent) {
		p->scope = percent + 1;
		p->scope_len = len - p->addr_len - 1;
	}
	return OK;
}

static enum err parse_port(const char *text, in_port_t otherwise, in_port_t *port)
{
	unsigned long n = otherwise;
	if (text) {
		char *end;
		if (*text < '0' || *text > '9')
			return ERR_SYNTAX;
		n = strtoul(text, &end, 10);
		if (*end)
			return ERR_SYNTAX;
	}
	if (n < 1 || n > UINT16_MAX)
		return ERR_RANGE;
	*port = htons((uint16_t)n);
	return OK;
}

/* An interface's name or number. */
static enum err parse_scope(const char *text, size_t len, uint32_t *scope)
{
	char name[SCOPE_TEXT_MAX];
	char *end;
	if (!len || len >= sizeof name)
		return ERR_MISSING;
	memcpy(name, text, len);
	name[len] = 0;
	*scope = if_nametoindex(name);
	if (!*scope && name[0] >= '0' && name[0] <= '9') {
		unsigned long n = strtoul(name, &end, 10);
		*scope = *end || n > UINT32_MAX ? 0 : (uint32_t)n;
	}
	return *scope ? OK : ERR_MISSING;
}

static enum err fill_address(const struct parts *p, const struct addr *a, in_port_t port, struct upstream *u)
{
	bool scoped = p->scope && p->scheme->transport == UPSTREAM_PLAIN;
	if (a->family == ADDR_V4) {
		u->at.v4.sin_family = AF_INET;
		u->at.v4.sin_port = port;
		memcpy(&u->at.v4.sin_addr, a->octets, 4);
		return scoped ? ERR_SYNTAX : OK;
	}
	u->at.v6.sin6_family = AF_INET6;
	u->at.v6.sin6_port = port;
	memcpy(&u->at.v6.sin6_addr, a->octets, 16);
	return scoped ? parse_scope(p->scope, p->scope_len, &u->at.v6.sin6_scope_id) : OK;
}

static enum err fill(const struct parts *p, const struct addr *a, in_port_t port, struct upstream *u)
{
	memset(u, 0, sizeof *u);
	u->transport = p->scheme->transport;
	if (p->scope && u->transport != UPSTREAM_PLAIN) {
		if (!p->scope_len || p->scope_len >= sizeof u->server_name)
			return ERR_RANGE;
		memcpy(u->server_name, p->scope, p->scope_len);
	}
	return fill_address(p, a, port, u);
}

enum err upstream_parse(const char *text, struct upstream *u, struct diag *d)
{
	struct parts p;
	struct addr a;
	in_port_t port;
	struct upstream parsed;
	enum err err;
	if (cut(text, &p) || addr_parse(p.addr, p.addr_len, &a))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is not an upstream: IP or IP:PORT is wanted", text);
	err = parse_port(p.port, p.scheme->port, &port);
	if (err)
		return diag_set(d, err, "\"%s\": a port is a number from 1 to 65535", text);
	err = fill(&p, &a, port, &parsed);
	if (err == ERR_MISSING)
		return diag_set(d, err, "\"%s\": this machine has no interface \"%.*s\"", text, (int)p.scope_len, p.scope);
	if (err == ERR_RANGE)
		return diag_set(d, err, "\"%s\": the name of a server is wanted behind %%", text);
	if (err)
		return diag_set(d, err, "\"%s\": only an IPv6 address has an interface", text);
	*u = parsed;
	return OK;
}

static bool is_name(const char *text, size_t len)
{
	struct name n;
	return len && name_from_text(&n, text, len) == OK;
}

enum err upstream_parse_host(const char *text, struct upstream *u, char host[SERVER_NAME_MAX], struct diag *d)
{
	struct parts p;
	struct upstream parsed = {0};
	if (cut(text, &p) || p.addr_len >= SERVER_NAME_MAX || p.scope_len >= SERVER_NAME_MAX || !is_name(p.addr, p.addr_len))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is no address, no file and no host's name", text);
	if (parse_port(p.port, p.scheme->port, &parsed.at.v4.sin_port))
		return diag_set(d, ERR_RANGE, "\"%s\": a port is a number from 1 to 65535", text);
	memcpy(host, p.addr, p.addr_len);
	host[p.addr_len] = 0;
	parsed.transport = p.scheme->transport;
	if (parsed.transport != UPSTREAM_PLAIN)
		memcpy(parsed.server_name, p.scope_len ? p.scope : host, p.scope_len ? p.scope_len : p.addr_len);
	*u = parsed;
	return OK;
}

void upstream_set_address(struct upstream *u, const struct addr *a)
{
	const struct sockaddr_storage at = sockaddr_make(a, ntohs(u->at.v4.sin_port), 0);
	memcpy(&u->at, &at, sizeof u->at);
}

void upstream_format(const struct upstream *u, char text[UPSTREAM_TEXT_MAX])
{
	char addr[INET6_ADDRSTRLEN] = "";
	if (u->at.sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &u->at.v4.sin_addr, addr, sizeof addr);
		snprintf(text, UPSTREAM_TEXT_MAX, "%s:%u", addr, ntohs(u->at.v4.sin_port));
		return;
	}
	inet_ntop(AF_INET6, &u->at.v6.sin6_addr, addr, sizeof addr);
	if (u->at.v6.sin6_scope_id)
		snprintf(text, UPSTREAM_TEXT_MAX, "[%s%%%u]:%u", addr, u->at.v6.sin6_scope_id, ntohs(u->at.v6.sin6_port));
	else
		snprintf(text, UPSTREAM_TEXT_MAX, "[%s]:%u", addr, ntohs(u->at.v6.sin6_port));
}

bool upstream_equal(const struct upstream *a, const struct upstream *b)
{
	if (a->at.sa.sa_family != b->at.sa.sa_family)
		return false;
	if (a->at.sa.sa_family == AF_INET)
		return a->at.v4.sin_port == b->at.v4.sin_port && a->at.v4.sin_addr.s_addr == b->at.v4.sin_addr.s_addr;
	return a->at.v6.sin6_port == b->at.v6.sin6_port && a->at.v6.sin6_scope_id == b->at.v6.sin6_scope_id &&
	       memcmp(&a->at.v6.sin6_addr, &b->at.v6.sin6_addr, 16) == 0;
}

size_t upstream_address_len(const struct upstream *u)
{
	return u->at.sa.sa_family == AF_INET ? sizeof u->at.v4 : sizeof u->at.v6;
}

static bool has(const struct upstreams *u, const struct upstream *one)
{
	for (unsigned i = 0; i < u->count; i++) {
		if (upstream_equal(&u->list[i], one))
			return true;
	}
	return false;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

enum err upstreams_new(const struct upstream *list, unsigned count, const struct forward_options *options, struct upstreams **out)
{
	if (!count || count > UPSTREAMS_MAX)
		return ERR_RANGE;
	struct upstreams *u = calloc(1, sizeof *u);
	if (!u)
		return ERR_NOMEM;
	u->options = *options;
	if (options->trust)
		u->options.trust = trust_ref(options->trust);
	u->options.max_fails = or_default(options->max_fails, 2);
	u->options.read_timeout_ms = or_default(options->read_timeout_ms, FORWARD_TRY_MS_MAX);
	u->options.expire_ms = or_default(options->expire_ms, FORWARD_EXPIRE_MS);
	u->options.health_ms = or_default(options->health_ms, 500);
	if (!options->health_domain.len)
		name_root(&u->options.health_domain);
	for (unsigned i = 0; i < count; i++) {
		if (!has(u, &list[i]))
			u->list[u->count++] = list[i];
	}
	*out = u;
	return OK;
}

void upstreams_free(struct upstreams *u)
{
	if (!u)
		return;
	traffic_free(atomic_load(&u->traffic));
	trust_unref(u->options.trust);
	free(u);
}

bool upstream_is_down(const struct upstreams *u, unsigned index)
{
	if (upstream_leads_back(u, index))
		return true;
	return !u->options.never_down && atomic_load_explicit(&u->health[index].fails, memory_order_relaxed) > u->options.max_fails;
}

bool upstream_mark_leads_back(struct upstreams *u, unsigned index)
{
	return !atomic_exchange_explicit(&u->health[index].leads_back, true, memory_order_relaxed);
}

bool upstream_leads_back(const struct upstreams *u, unsigned index)
{
	return atomic_load_explicit(&u->health[index].leads_back, memory_order_relaxed);
}
