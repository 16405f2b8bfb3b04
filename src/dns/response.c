#include "dns/response.h"
#include "dns/wire.h"
#include "rdata.h"
#include <string.h>

#define POINTER      0xc0
#define OPCODE_MASK  0x7800
#define OPCODE_SHIFT 11
#define RCODE_MASK   0x000f
#define OPT_DO       0x80

/* Where fields of the header stand. */
enum { AT_FLAGS = 2, AT_QDCOUNT = 4, AT_COUNTS = 6 };

/* --- parsing --- */

static void reset(struct response *r, const uint8_t *bytes)
{
	r->bytes = bytes;
	r->len = r->id = r->flags = r->rcode = 0;
	r->opcode = r->edns_version = 0;
	r->has_question = r->edns = r->edns_do = false;
	r->question_len = r->qtype = r->qclass = r->edns_udp_size = r->tsig_at = 0;
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		r->counts[i] = r->starts[i] = 0;
	r->options = (struct edns_options){0};
	name_root(&r->qname);
}

static bool read_question(struct response *r, struct wire_reader *in)
{
	size_t len = name_from_wire(&r->qname, in->bytes + in->at, in->len - in->at);
	if (!len)
		return false;
	in->at += len;
	r->qtype = wire_get_u16(in);
	r->qclass = wire_get_u16(in);
	r->question_len = (uint16_t)(len + 4);
	r->has_question = !in->failed;
	return r->has_question;
}

static bool options_add_up(struct edns_options options)
{
	struct edns_option option;
	size_t whole = 0, len = options.len;
	while (edns_next(&options, &option))
		whole += 4u + option.len;
	return whole == len;
}

static bool take_opt(struct response *r, const struct response_record *record, bool root)
{
	if (r->edns || !root)
		return false;
	r->edns = true;
	r->edns_udp_size = record->rclass;
	r->edns_version = record->ttl_s >> 16 & 0xff;
	r->edns_do = record->ttl_s >> 8 & OPT_DO;
	r->rcode |= (uint16_t)(record->ttl_s >> 24 << 4);
	r->options = (struct edns_options){r->bytes + record->rdata_at, record->rdata_len};
	return r->edns_version > 0 || options_add_up(r->options);
}

static bool rdata_is_well_formed(const struct response *r, const struct response_record *record)
{
	struct rdata_cursor c;
	struct rdata_field f;
	rdata_begin(&c, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	while (rdata_next(&c, &f))
		;
	return !c.in.failed;
}

/* What follows a record's owner. */
static void read_head(struct wire_reader *in, struct response_record *record)
{
	record->type = wire_get_u16(in);
	record->rclass = wire_get_u16(in);
	record->ttl_at = (uint16_t)in->at;
	record->ttl_s = wire_get_u32(in);
	record->rdata_len = wire_get_u16(in);
	record->rdata_at = (uint16_t)in->at;
	wire_get_bytes(in, record->rdata_len);
}

/* One record; last: nothing follows it in the message. */
static bool read_record(struct response *r, struct wire_reader *in, enum dns_section section, bool last)
{
	struct response_record record = {.at = (uint16_t)in->at};
	struct name owner;
	bool root = in->at < in->len && in->bytes[in->at] == 0;
	wire_get_name(in, &owner);
	read_head(in, &record);
	if (in->failed)
		return false;
	if (record.type == DNS_TYPE_OPT)
		return section == DNS_ADDITIONAL && take_opt(r, &record, root);
	if (record.type == DNS_TYPE_TSIG) {
		r->tsig_at = record.at;
		return section == DNS_ADDITIONAL && last;
	}
	return rdata_is_well_formed(r, &record);
}

static bool read_body(struct response *r, struct wire_reader *in)
{
	unsigned questions = wire_load_u16(in->bytes + AT_QDCOUNT);
	if (questions > 1 || (questions && !read_question(r, in)))
		return false;
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		r->starts[s] = (uint16_t)in->at;
		for (unsigned i = 0; i < r->counts[s]; i++)
			if (!read_record(r, in, (enum dns_section)s, i + 1 == r->counts[s]))
				return false;
	}
	r->len = (uint16_t)in->at; /* what follows is nobody's */
	return true;
}

enum response_verdict response_parse(struct response *r, const uint8_t *bytes, size_t len)
{
	struct wire_reader in = {.bytes = bytes, .len = len, .at = DNS_HEADER_LEN};
	reset(r, bytes);
	if (len < DNS_HEADER_LEN || !(wire_load_u16(bytes + AT_FLAGS) & DNS_QR))
		return RESPONSE_NONE;
	r->id = wire_load_u16(bytes);
	r->flags = wire_load_u16(bytes + AT_FLAGS);
	r->opcode = (uint8_t)((r->flags & OPCODE_MASK) >> OPCODE_SHIFT);
	r->rcode = r->flags & RCODE_MASK;
	if (len > DNS_TCP_SIZE_MAX)
		return RESPONSE_MALFORMED;
	r->len = (uint16_t)len;
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		r->counts[i] = wire_load_u16(bytes + AT_COUNTS + 2 * (size_t)i);
	return read_body(r, &in) ? RESPONSE_OK : RESPONSE_MALFORMED;
}

/* --- looking at records --- */

struct response_cursor response_section(const struct response *r, enum dns_section section)
{
	return (struct response_cursor){r->starts[section], r->counts[section]};
}

/* Where the name ends that stands at `at`, which is well-formed. */
static size_t end_of_name(const uint8_t *bytes, size_t at)
{
	while (bytes[at] && bytes[at] < POINTER)
		at += 1u + bytes[at];
	return at + (bytes[at] ? 2 : 1);
}

static void look_at(const struct response *r, struct response_cursor *c, struct response_record *record)
{
	struct wire_reader in = {.bytes = r->bytes, .len = r->len, .at = end_of_name(r->bytes, c->at)};
	record->at = c->at;
	read_head(&in, record);
	c->at = (uint16_t)in.at;
	c->left--;
}

bool response_next(const struct response *r, struct response_cursor *c, struct response_record *record)
{
	while (c->left) {
		look_at(r, c, record);
		if (record->type != DNS_TYPE_OPT && record->type != DNS_TYPE_TSIG)
			return true;
	}
	return false;
}

void response_owner(const struct response *r, const struct response_record *record, struct name *owner)
{
	struct wire_reader in = {.bytes = r->bytes, .len = r->len, .at = record->at};
	wire_get_name(&in, owner);
}

void response_rdata_name(const struct response *r, const struct response_record *record, size_t at, struct name *n)
{
	struct rdata_cursor c;
	struct rdata_field f;
	rdata_begin(&c, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	while (c.in.at - record->rdata_at < at && rdata_next(&c, &f))
		;
	if (c.in.at - record->rdata_at == at && rdata_next(&c, &f) && f.is_name)
		*n = f.name;
	else
		name_root(n);
}

bool response_rdata(const struct response *r, const struct response_record *record, uint8_t *out, size_t cap, size_t *len)
{
	struct rdata_cursor c;
	struct rdata_field f;
	*len = 0;
	rdata_begin(&c, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	while (rdata_next(&c, &f)) {
		const uint8_t *from = f.is_name ? f.name.wire : f.octets;
		const size_t count = f.is_name ? f.name.len : f.len;
		if (cap - *len < count)
			return false;
		if (count)
			memcpy(out + *len, from, count);
		*len += count;
	}
	return true;
}

/* --- lengths --- */

#define RECORD_FIXED_LEN 10 /* type, class, TTL, length of rdata */

static size_t record_len(const struct response *r, const struct response_record *record)
{
	struct rdata_cursor c;
	struct rdata_field f;
	struct name owner;
	size_t len;
	response_owner(r, record, &owner);
	len = owner.len + (size_t)RECORD_FIXED_LEN;
	rdata_begin(&c, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	while (rdata_next(&c, &f))
		len += f.is_name ? f.name.len : f.len;
	return len;
}

size_t response_uncompressed_len(const struct response *r)
{
	size_t len = (size_t)DNS_HEADER_LEN + r->question_len;
	for (enum dns_section s = DNS_ANSWER; s <= DNS_ADDITIONAL; s++) {
		struct response_cursor c = response_section(r, s);
		struct response_record record;
		while (response_next(r, &c, &record))
			len += record_len(r, &record);
	}
	return len;
}
