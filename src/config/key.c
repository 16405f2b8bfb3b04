#include "key.h"
#include "config/value.h"
#include <stdlib.h>
#include <string.h>

#define KEY_TEXT_MAX 255 /* CoreDNS's */

static const struct {
	const char *name;
	enum key_scheme scheme;
} schemes[] = {{"dns", KEY_DNS}, {"tls", KEY_TLS}, {"quic", KEY_QUIC}, {"grpc", KEY_GRPC}, {"https", KEY_HTTPS}, {"https3", KEY_HTTPS3}};

const char *key_scheme_name(enum key_scheme scheme)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (schemes[i].scheme == scheme)
			return schemes[i].name;
	}
	return "";
}

/* Returns what follows the scheme. */
static const char *take_scheme(const char *text, enum key_scheme *scheme)
{
	*scheme = KEY_DNS;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i].name);
		if (strncmp(text, schemes[i].name, len) == 0 && strncmp(text + len, "://", 3) == 0) {
			*scheme = schemes[i].scheme;
			return text + len + 3;
		}
	}
	return text;
}

/* A number after the last colon is the port: names have no colon, and a range has its prefix behind the colons. Shortens *len by it. */
static enum err take_port(const char *text, size_t *len, struct key *key, struct diag *d)
{
	const char *colon = strrchr(text, ':');
	unsigned long port;
	char *end;
	if (!colon)
		return OK;
	if (!colon[1])
		return diag_set(d, ERR_SYNTAX, "\"%s\": a port is wanted after the colon", text);
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return OK;
	port = strtoul(colon + 1, &end, 10);
	if (port > UINT16_MAX)
		return diag_set(d, ERR_RANGE, "\"%s\": a port is a number from 0 to 65535", text);
	key->has_port = true;
	key->port = (uint16_t)port;
	*len = (size_t)(colon - text);
	return OK;
}

/* --- zones --- */

static enum err add(struct name_list *zones, const struct name *name)
{
	struct name *more = realloc(zones->names, (zones->count + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	zones->names = more;
	more[zones->count] = *name;
	name_lower(&more[zones->count++]);
	return OK;
}

/* Puts number, which has `count` bits, before bit `end` of the address. */
static void put_bits(struct addr *a, unsigned end, unsigned count, unsigned number)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned bit = end - 1 - i;
		if (number >> i & 1)
			a->octets[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	}
}

/* The zone of all addresses that have the first `bits` of a; bits end where a label does. */
static void reverse_zone(const struct addr *a, unsigned bits, struct name *zone)
{
	struct name full;
	unsigned label_bits = a->family == ADDR_V4 ? 8 : 4;
	unsigned left_out = (8 * (unsigned)addr_len(a) - bits) / label_bits;
	name_from_addr(&full, a);
	name_root(zone);
	for (unsigned i = left_out; i < full.labels; i++) {
		size_t len;
		const uint8_t *label = name_label(&full, i, &len);
		name_append(zone, label, len);
	}
}

static enum err add_range(struct name_list *zones, const struct addr *base, unsigned bits)
{
	unsigned label_bits = base->family == ADDR_V4 ? 8 : 4;
	unsigned end = (bits + label_bits - 1) / label_bits * label_bits;
	for (unsigned i = 0; i < 1u << (end - bits); i++) {
		struct addr part = *base;
		struct name zone;
		put_bits(&part, end, end - bits, i);
		reverse_zone(&part, end, &zone);
		if (add(zones, &zone))
			return ERR_NOMEM;
	}
	return OK;
}

static enum err add_name(struct name_list *zones, const char *text, size_t len, struct diag *d)
{
	struct name name;
	enum err err = len ? name_from_text(&name, text, len) : ERR_SYNTAX;
	if (err == ERR_RANGE)
		return diag_set(d, err, "\"%.*s\": a label has at most %d octets, a name %d", (int)len, text, NAME_LABEL_MAX,
		                NAME_WIRE_MAX);
	if (err)
		return diag_set(d, err, "\"%.*s\" is no zone: write a domain name such as cluster.local, or a range such as 10.96.0.0/12",
		                (int)len, text);
	return add(zones, &name) ? diag_set(d, ERR_NOMEM, "out of memory") : OK;
}

static enum err add_zones(struct name_list *zones, const char *text, size_t len, struct diag *d)
{
	struct cidr range;
	unsigned before = zones->count;
	if (!value_range(text, len, &range))
		return add_name(zones, text, len, d);
	if (text[0] == ':' || (text[0] == '0' && range.base.family == ADDR_V6))
		return diag_set(d, ERR_SYNTAX, "\"%.*s\": CoreDNS takes no range that begins with 0", (int)len, text);
	if (!add_range(zones, &range.base, range.prefix))
		return OK;
	zones->count = before;
	return diag_set(d, ERR_NOMEM, "out of memory");
}

enum err key_parse(const char *text, struct key *key, struct name_list *zones, struct diag *d)
{
	size_t len;
	enum err err;
	*key = (struct key){0};
	text = take_scheme(text, &key->scheme);
	len = strlen(text);
	err = take_port(text, &len, key, d);
	if (!err && len > KEY_TEXT_MAX)
		err = diag_set(d, ERR_RANGE, "a zone of %zu characters: at most %d are allowed", len, KEY_TEXT_MAX);
	return err ? err : add_zones(zones, text, len, d);
}
