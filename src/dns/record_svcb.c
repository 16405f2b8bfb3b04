/* Parameters of SVCB and HTTPS records as they are written in zone files (RFC 9460 2.1, appendix A). */
#include "base/addr.h"
#include "dns/wire.h"
#include "record_scan.h"
#include <string.h>

#define KEYS_MAX  64
#define VALUE_MAX 2048 /* octets of a value without its escapes */

enum { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_IPV4HINT, KEY_ECH, KEY_IPV6HINT, KEY_DOHPATH, KEY_OHTTP };

static const char *const names[] = {
        [KEY_MANDATORY] = "mandatory", [KEY_ALPN] = "alpn",         [KEY_NO_DEFAULT_ALPN] = "no-default-alpn",
        [KEY_PORT] = "port",           [KEY_IPV4HINT] = "ipv4hint", [KEY_ECH] = "ech",
        [KEY_IPV6HINT] = "ipv6hint",   [KEY_DOHPATH] = "dohpath",   [KEY_OHTTP] = "ohttp",
};

/* A value without its escapes, and which of its octets had one. */
struct value {
	uint8_t octets[VALUE_MAX];
	size_t len;
};

static bool read_key(const char *text, size_t len, uint16_t *key)
{
	struct word number = {text + 3, len - 3, false};
	uint32_t n;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
			*key = (uint16_t)i;
			return true;
		}
	}
	if (len < 4 || len > 8 || memcmp(text, "key", 3) != 0 || (len > 4 && text[3] == '0') || !word_number(&number, UINT16_MAX - 1, &n))
		return false;
	*key = (uint16_t)n;
	return true;
}

static bool read_value(const struct word *w, struct value *v)
{
	v->len = 0;
	for (size_t at = 0; at < w->len;) {
		if (v->len == sizeof v->octets || !word_octet(w, &at, &v->octets[v->len++]))
			return false;
	}
	return true;
}

/* The part up to the next comma; false: it is empty, or there is none left. */
static bool next_part(const struct value *v, size_t *at, struct word *part)
{
	const char *from = (const char *)v->octets + *at, *comma;
	const size_t left = v->len - *at;
	if (!left)
		return false;
	comma = memchr(from, ',', left);
	*part = (struct word){from, comma ? (size_t)(comma - from) : left, false};
	*at += part->len + (comma != NULL);
	return part->len > 0 && (!comma || *at < v->len);
}

/* In their order. */
static bool put_keys(const struct value *v, struct wire_writer *out)
{
	uint16_t keys[KEYS_MAX];
	unsigned count = 0;
	struct word part;
	for (size_t at = 0; at < v->len;) {
		uint16_t key;
		unsigned i = count;
		if (count == KEYS_MAX || !next_part(v, &at, &part) || !read_key(part.text, part.len, &key))
			return false;
		for (; i > 0 && keys[i - 1] > key; i--)
			keys[i] = keys[i - 1];
		keys[i] = key;
		count++;
	}
	for (unsigned i = 0; i < count; i++)
		wire_put_u16(out, keys[i]);
	return count > 0;
}

/* A list whose commas may be escaped once more (RFC 9460 A.1). */
static bool put_alpn(const struct value *v, struct wire_writer *out)
{
	uint8_t id[UINT8_MAX];
	unsigned len = 0;
	for (size_t at = 0; at <= v->len; at++) {
		if (at == v->len || v->octets[at] == ',') {
			if (!len)
				return false;
			wire_put_bytes(out, &(uint8_t){(uint8_t)len}, 1);
			wire_put_bytes(out, id, len);
			len = 0;
			continue;
		}
		if (v->octets[at] == '\\' && ++at == v->len)
			return false;
		if (len == sizeof id)
			return false;
		id[len++] = v->octets[at];
	}
	return true;
}

static bool put_hints(const struct value *v, uint8_t family, struct wire_writer *out)
{
	struct word part;
	struct addr a;
	for (size_t at = 0; at < v->len;) {
		if (!next_part(v, &at, &part) || addr_parse(part.text, part.len, &a) || a.family != family ||
		    (family == ADDR_V4 && memchr(part.text, ':', part.len)))
			return false;
		wire_put_bytes(out, a.octets, addr_len(&a));
	}
	return v->len > 0;
}

static bool put_port(const struct value *v, struct wire_writer *out)
{
	const struct word w = {(const char *)v->octets, v->len, false};
	uint32_t port;
	if (!word_number(&w, UINT16_MAX, &port))
		return false;
	wire_put_u16(out, (uint16_t)port);
	return true;
}

static bool put_ech(const struct value *v, struct wire_writer *out)
{
	const struct word w = {(const char *)v->octets, v->len, false};
	return v->len > 0 && word_base64(&w, out);
}

static bool put_value(uint16_t key, const struct value *v, struct wire_writer *out)
{
	switch (key) {
	case KEY_MANDATORY:
		return put_keys(v, out);
	case KEY_ALPN:
		return put_alpn(v, out);
	case KEY_NO_DEFAULT_ALPN:
	case KEY_OHTTP:
		return !v->len;
	case KEY_PORT:
		return put_port(v, out);
	case KEY_IPV4HINT:
		return put_hints(v, ADDR_V4, out);
	case KEY_IPV6HINT:
		return put_hints(v, ADDR_V6, out);
	case KEY_ECH:
		return put_ech(v, out);
	default:
		wire_put_bytes(out, v->octets, v->len);
		return true;
	}
}

/* Parameters as they were written, until they are put in the order of their keys. */
struct param {
	uint16_t key;
	struct word value;
};

/* KEY, KEY=VALUE or KEY="VALUE". */
static enum err read_param(struct scan *s, const struct word *w, struct param *p)
{
	const char *equals = memchr(w->text, '=', w->len);
	const size_t len = equals ? (size_t)(equals - w->text) : w->len;
	if (w->quoted || !read_key(w->text, len, &p->key))
		return scan_wrong(s, "a parameter such as alpn=h2", w);
	p->value = equals ? (struct word){equals + 1, w->len - len - 1, false} : (struct word){w->text, 0, false};
	if (equals && !p->value.len && s->at < s->end && *s->at == '"')
		return scan_want(s, "a value", &p->value);
	return OK;
}

static enum err insert(struct scan *s, struct param *all, unsigned *count, const struct param *p, const struct word *w)
{
	unsigned at = *count;
	if (*count == KEYS_MAX)
		return diag_set(s->d, ERR_RANGE, "there are more than %u parameters", KEYS_MAX);
	for (; at > 0 && all[at - 1].key >= p->key; at--) {
		if (all[at - 1].key == p->key)
			return scan_wrong(s, "each parameter once", w);
		all[at] = all[at - 1];
	}
	all[at] = *p;
	++*count;
	return OK;
}

static enum err put_params(struct scan *s, const struct param *all, unsigned count, struct wire_writer *out)
{
	for (unsigned i = 0; i < count; i++) {
		struct value v;
		size_t len_at = out->len + 2;
		if (!read_value(&all[i].value, &v))
			return scan_wrong(s, "a value", &all[i].value);
		wire_put_u16(out, all[i].key);
		wire_put_u16(out, 0);
		if (!put_value(all[i].key, &v, out))
			return scan_wrong(s, "a value as its parameter has it", &all[i].value);
		if (!out->overflow)
			wire_store_u16(out->bytes + len_at, (unsigned)(out->len - len_at - 2));
	}
	return OK;
}

enum err scan_svcb(struct scan *s, const struct word *first, struct wire_writer *out)
{
	struct param all[KEYS_MAX] = {{0}}, p = {0};
	struct word w = *first;
	unsigned count = 0;
	enum scanned found;
	do {
		enum err err = read_param(s, &w, &p);
		if (!err)
			err = insert(s, all, &count, &p, &w);
		if (err)
			return err;
		found = scan_next(s, &w);
	} while (found == SCAN_WORD);
	return found == SCAN_END ? put_params(s, all, count, out) : ERR_SYNTAX;
}
