#include "dns/message.h"
#include <string.h>

#define HEAD_LEN       10 /* of a record after its owner: type, class, TTL, length */
#define OPT_LEN        11 /* of the record we send: root, type, class, TTL, RDLENGTH, no options */
#define EDE_LEN        6  /* of the option before its text: code, length, info code */
#define OPTION_EDE     15 /* RFC 8914 2 */
#define OPT_DO         0x8000u
#define OPCODE_MASK    0x7800
#define OPCODE_SHIFT   11
#define RCODE_LOW_MASK 0x000f

/* Where fields of the header stand. */
enum { AT_FLAGS = 2, AT_QDCOUNT = 4, AT_ANCOUNT = 6, AT_NSCOUNT = 8, AT_ARCOUNT = 10 };

struct counts {
	uint16_t question, answer, authority, additional;
};

/* Everything but qname, which is large and has no meaning without has_question. */
static void reset(struct request *r, const uint8_t *bytes)
{
	r->bytes = bytes;
	r->id = r->flags = 0;
	r->has_question = r->edns = r->edns_do = false;
	r->edns_version = 0;
	r->edns_udp_size = DNS_UDP_SIZE_MIN;
	r->question_len = r->qtype = r->qclass = 0;
	name_root(&r->qname);
}

static bool read_question(struct request *r, struct wire_reader *in)
{
	size_t len = name_from_wire(&r->qname, in->bytes + in->at, in->len - in->at);
	if (!len)
		return false;
	in->at += len;
	const uint8_t *rest = wire_get_bytes(in, 4);
	if (!rest)
		return false;
	r->qtype = wire_load_u16(rest);
	r->qclass = wire_load_u16(rest + 2);
	name_lower(&r->qname);
	r->question_len = (uint16_t)(len + 4);
	r->has_question = true;
	return true;
}

/* Passes over an owner name; its pointers are not followed, since nothing is made of it. True if it is the root. */
static bool skip_owner(struct wire_reader *in)
{
	uint8_t len = wire_get_u8(in);
	bool root = len == 0;
	while (len > 0 && len <= NAME_LABEL_MAX) {
		wire_get_bytes(in, len);
		len = wire_get_u8(in);
	}
	if (len >= 0xc0)
		wire_get_u8(in);
	else if (len)
		in->failed = true;
	return root && !in->failed;
}

static void skip_records(struct wire_reader *in, unsigned count)
{
	while (count-- && !in->failed) {
		skip_owner(in);
		wire_get_bytes(in, 8); /* type, class, TTL */
		wire_get_bytes(in, wire_get_u16(in));
	}
}

static bool options_add_up(const uint8_t *rdata, size_t len)
{
	struct wire_reader in = {.bytes = rdata, .len = len};
	while (in.at < in.len && !in.failed) {
		wire_get_u16(&in);
		wire_get_bytes(&in, wire_get_u16(&in));
	}
	return !in.failed;
}

/* Takes over what OPT says (RFC 6891 6.1.2); head is what follows its owner. */
static void take_opt(struct request *r, const uint8_t *head)
{
	uint16_t size = wire_load_u16(head + 2);
	r->edns = true;
	r->edns_udp_size = size < DNS_UDP_SIZE_MIN ? DNS_UDP_SIZE_MIN : size;
	r->edns_version = head[5];
	r->edns_do = head[6] & OPT_DO >> 8;
	r->opt_at = (uint16_t)(head - r->bytes);
}

/* Options are looked at only if we know the version that they are written in. */
static bool read_additional(struct request *r, struct wire_reader *in)
{
	bool root = skip_owner(in);
	const uint8_t *head = wire_get_bytes(in, HEAD_LEN);
	bool opt = head && wire_load_u16(head) == DNS_TYPE_OPT, first = opt && !r->edns;
	if (first)
		take_opt(r, head);
	size_t len = head ? wire_load_u16(head + 8) : 0;
	const uint8_t *rdata = wire_get_bytes(in, len);
	if (in->failed)
		return false;
	return !opt || (first && root && (r->edns_version > 0 || options_add_up(rdata, len)));
}

/* Passes over questions that nothing is made of. */
static __attribute__((cold)) bool skip_questions(struct wire_reader *in, unsigned count)
{
	in->at = DNS_HEADER_LEN;
	in->failed = false;
	while (count-- && !in->failed) {
		skip_owner(in);
		wire_get_bytes(in, 4); /* type, class */
	}
	return false;
}

static bool read_questions(struct request *r, struct wire_reader *in, unsigned count)
{
	return (count == 1 && read_question(r, in)) || skip_questions(in, count);
}

/* Reads what follows the header; false if it is not well-formed. What is wrong does not end the reading while the rest can be told
 * apart, since a response has an OPT if the request had one (RFC 6891 6.1.1). */
static bool read_body(struct request *r, struct wire_reader *in, const struct counts *count)
{
	bool well_formed = read_questions(r, in, count->question);
	skip_records(in, (unsigned)count->answer + count->authority);
	for (unsigned i = 0; i < count->additional && !in->failed; i++)
		well_formed &= read_additional(r, in);
	return well_formed && !in->failed && in->at == in->len;
}

static __attribute__((cold)) enum request_verdict malformed(struct request *r, enum request_verdict verdict)
{
	r->opt_at = 0; /* its options may reach beyond the message */
	return verdict;
}

/* Of an opcode other than QUERY. */
static __attribute__((cold)) enum request_verdict judge_other(struct request *r, bool well_formed, const struct counts *count)
{
	bool notify = (r->flags & OPCODE_MASK) >> OPCODE_SHIFT == DNS_OPCODE_NOTIFY;
	if (notify && well_formed && count->authority == 0 && r->edns_version == 0)
		return REQUEST_NOTIFY;
	return malformed(r, REQUEST_NOTIMP);
}

enum request_verdict request_parse(struct request *r, const uint8_t *bytes, size_t len)
{
	struct wire_reader in = {.bytes = bytes, .len = len};
	reset(r, bytes);
	if (len < DNS_HEADER_LEN)
		return REQUEST_SILENCE;
	r->id = wire_load_u16(bytes);
	r->flags = wire_load_u16(bytes + AT_FLAGS);
	if (r->flags & DNS_QR)
		return REQUEST_SILENCE;
	const struct counts count = {wire_load_u16(bytes + AT_QDCOUNT), wire_load_u16(bytes + AT_ANCOUNT),
	                             wire_load_u16(bytes + AT_NSCOUNT), wire_load_u16(bytes + AT_ARCOUNT)};
	in.at = DNS_HEADER_LEN;
	bool well_formed = read_body(r, &in, &count);
	if ((r->flags & OPCODE_MASK) >> OPCODE_SHIFT != DNS_OPCODE_QUERY)
		return judge_other(r, well_formed, &count);
	if (!well_formed || count.answer || (count.authority && r->qtype != DNS_TYPE_IXFR))
		return malformed(r, REQUEST_FORMERR);
	return r->edns_version > 0 ? REQUEST_BADVERS : REQUEST_OK;
}

struct edns_options request_options(const struct request *r)
{
	if (!r->edns || r->edns_version > 0 || !r->opt_at)
		return (struct edns_options){0};
	const uint8_t *rdata = r->bytes + r->opt_at + HEAD_LEN;
	return (struct edns_options){rdata, wire_load_u16(rdata - 2)};
}

size_t request_write(uint8_t *bytes, size_t cap, const struct outgoing *out)
{
	struct wire_writer w = {.bytes = bytes, .limit = cap};
	wire_put_u16(&w, out->id);
	wire_put_u16(&w, out->flags);
	wire_put_u16(&w, 1);
	wire_put_u32(&w, 0); /* no answers, no authority */
	wire_put_u16(&w, out->edns);
	wire_put_bytes(&w, out->qname, out->qname_len);
	wire_put_u16(&w, out->qtype);
	wire_put_u16(&w, out->qclass);
	if (out->edns) {
		wire_put_bytes(&w, "", 1);
		wire_put_u16(&w, DNS_TYPE_OPT);
		wire_put_u16(&w, out->edns_udp_size);
		wire_put_u32(&w, out->edns_do ? OPT_DO : 0);
		wire_put_u16(&w, 0);
	}
	return w.overflow ? 0 : w.len;
}

void response_begin(struct wire_writer *w, const struct request *r, uint16_t flags, enum dns_rcode rcode)
{
	if (r->edns)
		w->limit -= OPT_LEN;
	uint8_t *at = wire_extend(w, DNS_HEADER_LEN + (size_t)r->question_len);
	if (!at)
		return;
	wire_store_u16(at, r->id);
	wire_store_u16(at + AT_FLAGS, DNS_QR | (r->flags & (OPCODE_MASK | DNS_RD)) | flags | (rcode & RCODE_LOW_MASK));
	wire_store_u16(at + AT_QDCOUNT, r->has_question);
	memset(at + AT_ANCOUNT, 0, 6); /* the other counts, which response_end knows */
	memcpy(at + DNS_HEADER_LEN, r->bytes + DNS_HEADER_LEN, r->question_len);
}

/* Octets of the option; 0: there is none, or no room for it. */
static size_t ede_len(const struct wire_writer *w, const struct ede *ede)
{
	size_t len = ede ? EDE_LEN + (size_t)ede->text_len : 0;
	return w->limit - w->len < OPT_LEN + len ? 0 : len;
}

static void store_ede(uint8_t *at, const struct ede *ede, size_t len)
{
	wire_store_u16(at, OPTION_EDE);
	wire_store_u16(at + 2, (unsigned)len - 4);
	wire_store_u16(at + 4, ede->code);
	memcpy(at + EDE_LEN, ede->text, len - EDE_LEN);
}

static void put_opt(struct wire_writer *w, const struct request *r, enum dns_rcode rcode, const struct ede *ede)
{
	static const uint8_t bare[OPT_LEN] = {0, 0, DNS_TYPE_OPT, DNS_UDP_SIZE_CAP >> 8, DNS_UDP_SIZE_CAP & 0xff};
	size_t len = ede_len(w, ede);
	uint8_t *at = wire_extend(w, OPT_LEN + len);
	if (!at)
		return;
	memcpy(at, bare, OPT_LEN);
	at[5] = (uint8_t)(rcode >> 4);
	at[7] = r->edns_do ? OPT_DO >> 8 : 0;
	wire_store_u16(at + 9, (unsigned)len);
	if (len)
		store_ede(at + OPT_LEN, ede, len);
}

void response_end(struct wire_writer *w, const struct request *r, enum dns_rcode rcode, uint16_t answers, uint16_t authority,
                  uint16_t additional, const struct ede *ede)
{
	if (r->edns) {
		w->limit += OPT_LEN;
		put_opt(w, r, rcode, ede);
		additional++;
	}
	wire_store_u16(w->bytes + AT_ANCOUNT, answers);
	wire_store_u16(w->bytes + AT_NSCOUNT, authority);
	wire_store_u16(w->bytes + AT_ARCOUNT, additional);
}

void response_set_flags(struct wire_writer *w, uint16_t set, uint16_t clear)
{
	uint8_t *at = w->bytes + AT_FLAGS;
	wire_store_u16(at, (wire_load_u16(at) & (unsigned)~clear) | set);
}

void response_set_rcode(struct wire_writer *w, enum dns_rcode rcode)
{
	response_set_flags(w, rcode & RCODE_LOW_MASK, RCODE_LOW_MASK);
}

size_t response_error(uint8_t *bytes, size_t cap, const struct request *r, enum dns_rcode rcode, const struct ede *ede)
{
	if (cap < DNS_UDP_SIZE_MIN)
		return 0;
	struct wire_writer w = {.bytes = bytes, .limit = cap};
	response_begin(&w, r, 0, rcode);
	response_end(&w, r, rcode, 0, 0, 0, ede);
	return w.len;
}
