#include "dns/record.h"
#include "dns/message.h"
#include "dns/wire.h"
#include "rdata.h"
#include <stdio.h>

static void put_text(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

static void put_number(struct buffer *out, uint32_t n)
{
	char text[11];
	snprintf(text, sizeof text, "%u", (unsigned)n);
	put_text(out, text);
}

static void put_name(struct buffer *out, const struct name *n)
{
	char text[NAME_TEXT_MAX];
	buffer_append(out, text, name_to_text(n, text));
}

/* --- rdata: each false where it is not as the type has it --- */

static bool put_addr(struct buffer *out, struct wire_reader *r, uint8_t family)
{
	struct addr a = {.family = family};
	char text[ADDR_TEXT_MAX];
	const uint8_t *octets = wire_get_bytes(r, addr_len(&a));
	if (!octets)
		return false;
	memcpy(a.octets, octets, addr_len(&a));
	addr_format(&a, text);
	put_text(out, text);
	return true;
}

static bool put_target(struct buffer *out, struct wire_reader *r)
{
	struct name name;
	wire_get_name(r, &name);
	put_name(out, &name);
	return !r->failed;
}

static bool put_srv(struct buffer *out, struct wire_reader *r)
{
	for (int i = 0; i < 3; i++) { /* priority, weight, port */
		put_number(out, wire_get_u16(r));
		put_text(out, " ");
	}
	return put_target(out, r);
}

static bool put_soa(struct buffer *out, struct wire_reader *r)
{
	put_target(out, r);
	put_text(out, " ");
	put_target(out, r);
	for (int i = 0; i < 5; i++) {
		put_text(out, " ");
		put_number(out, wire_get_u32(r));
	}
	return !r->failed;
}

/* One octet of a quoted string. */
static void put_octet(struct buffer *out, uint8_t c)
{
	char text[5];
	bool special = c < ' ' || c > '~', quoted = c == '"' || c == '\\';
	snprintf(text, sizeof text, special ? "\\%03u" : quoted ? "\\%c" : "%c", c);
	put_text(out, text);
}

static bool put_txt(struct buffer *out, struct wire_reader *r)
{
	for (const char *quote = "\""; r->at < r->len && !r->failed; quote = " \"") {
		size_t len = wire_get_u8(r);
		const uint8_t *octets = wire_get_bytes(r, len);
		put_text(out, quote);
		for (size_t i = 0; octets && i < len; i++)
			put_octet(out, octets[i]);
		put_text(out, "\"");
	}
	return !r->failed;
}

static const char *type_name(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return "A";
	case DNS_TYPE_NS:
		return "NS";
	case DNS_TYPE_CNAME:
		return "CNAME";
	case DNS_TYPE_SOA:
		return "SOA";
	case DNS_TYPE_PTR:
		return "PTR";
	case DNS_TYPE_TXT:
		return "TXT";
	case DNS_TYPE_AAAA:
		return "AAAA";
	case DNS_TYPE_SRV:
		return "SRV";
	default:
		return NULL;
	}
}

static bool put_rdata(struct buffer *out, uint16_t type, struct wire_reader *r)
{
	switch (type) {
	case DNS_TYPE_A:
		return put_addr(out, r, ADDR_V4);
	case DNS_TYPE_AAAA:
		return put_addr(out, r, ADDR_V6);
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
		return put_target(out, r);
	case DNS_TYPE_SRV:
		return put_srv(out, r);
	case DNS_TYPE_SOA:
		return put_soa(out, r);
	case DNS_TYPE_TXT:
		return put_txt(out, r);
	default:
		return false;
	}
}

/* RFC 3597 5: "TYPE65 \# 3 00010A" */
static void put_unknown(struct buffer *out, const struct record *r)
{
	char text[3];
	put_text(out, "TYPE");
	put_number(out, r->type);
	put_text(out, " \\# ");
	put_number(out, (uint32_t)r->rdata_len);
	put_text(out, r->rdata_len ? " " : "");
	for (size_t i = 0; i < r->rdata_len; i++) {
		snprintf(text, sizeof text, "%02X", r->rdata[i]);
		put_text(out, text);
	}
}

void record_to_text(const struct record *r, struct buffer *out)
{
	struct wire_reader rdata = {.bytes = r->rdata, .len = r->rdata_len};
	const char *type = type_name(r->type);
	size_t start;
	put_name(out, r->owner);
	put_text(out, " ");
	put_number(out, r->ttl_s);
	put_text(out, " IN ");
	start = out->len;
	if (type) {
		put_text(out, type);
		put_text(out, " ");
	}
	if (!type || !put_rdata(out, r->type, &rdata) || rdata.at != rdata.len) {
		out->len = start;
		put_unknown(out, r);
	}
	put_text(out, "\n");
}

/* Labels end with an octet below all others, so that a name stands before those below it; what would be mistaken for it is written with
 * another one before it. */
void record_sort_key(const struct record *r, struct buffer *out)
{
	struct name owner = *r->owner;
	uint16_t type = r->type == DNS_TYPE_SOA ? 0 : r->type;
	name_lower(&owner);
	for (unsigned i = owner.labels; i-- > 0;) {
		size_t len;
		const uint8_t *label = name_label(&owner, i, &len);
		for (size_t at = 0; at < len; at++) {
			buffer_append(out, "\1", label[at] <= 1);
			buffer_append(out, &label[at], 1);
		}
		buffer_append(out, "", 1);
	}
	buffer_append(out, (const uint8_t[]){0, (uint8_t)(type >> 8), (uint8_t)type}, 3);
}

bool record_has_names(uint16_t type)
{
	return rdata_has_names(type);
}

bool record_lower_rdata(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out)
{
	struct rdata_cursor c;
	struct rdata_field f;
	size_t at = 0;
	if (len)
		memcpy(out, rdata, len);
	rdata_begin(&c, rdata, 0, len, type, DNS_CLASS_IN);
	for (; rdata_next(&c, &f); at = c.in.at) {
		if (!f.is_name)
			continue;
		if (c.in.at - at != f.name.len)
			return false;
		name_lower(&f.name);
		memcpy(out + at, f.name.wire, f.name.len);
	}
	return !c.in.failed;
}
