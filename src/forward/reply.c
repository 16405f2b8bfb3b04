#include "forward/reply.h"
#include "dns/response_copy.h"
#include <string.h>

#define TTL_TO_RDLENGTH 4
#define TTL_TO_RDATA    6
#define V4_LEN          4
#define V6_LEN          16

/* Where fields of the header stand. */
enum { AT_ID = 0, AT_FLAGS = 2, AT_ANCOUNT = 6, AT_NSCOUNT = 8, AT_ARCOUNT = 10 };

#define RCODE_LOW 0x000fu

void reply_of_copy(struct reply *reply, const struct response_copy *copy, uint16_t rcode)
{
	*reply = (struct reply){
	        .bytes = copy->bytes,
	        .len = copy->len,
	        .rcode = rcode,
	        .count = copy->ttl_count,
	        .ttl_at = copy->ttl_at,
	        .first_address = copy->first_address,
	        .addresses = copy->addresses,
	};
}

static size_t rdata_len(const struct reply *reply, unsigned i)
{
	return wire_load_u16(reply->bytes + reply->ttl_at[i] + TTL_TO_RDLENGTH);
}

/* Where the first n records end. */
static size_t end_of(const struct reply *reply, unsigned n)
{
	return n ? reply->ttl_at[n - 1] + TTL_TO_RDATA + rdata_len(reply, n - 1) : (size_t)reply->len;
}

/* How many of the first `most` records end within limit. */
static unsigned fitting(const struct reply *reply, unsigned most, size_t limit)
{
	unsigned n = most;
	while (n && end_of(reply, n) > limit)
		n--;
	return n;
}

/* The octets before the first record: a question is DNS_HEADER_LEN and what its name takes. */
static size_t question_end(const struct reply *reply)
{
	size_t at = DNS_HEADER_LEN;
	while (reply->bytes[at])
		at += 1u + reply->bytes[at];
	return at + 5;
}

struct cut {
	size_t len;
	unsigned records, answers, authority;
	bool truncated;
};

/* What to keep of one that is too long. */
static void cut_to(const struct reply *reply, size_t limit, struct cut *cut)
{
	unsigned answers = wire_load_u16(reply->bytes + AT_ANCOUNT), authority = wire_load_u16(reply->bytes + AT_NSCOUNT);
	unsigned kept = fitting(reply, answers + authority, limit);
	cut->truncated = kept < answers + authority;
	cut->records = kept;
	cut->answers = kept < answers ? kept : answers;
	cut->authority = kept - cut->answers;
	cut->len = kept ? end_of(reply, kept) : question_end(reply);
}

static void store_cut(uint8_t *out, const struct cut *cut)
{
	wire_store_u16(out + AT_ANCOUNT, cut->answers);
	wire_store_u16(out + AT_NSCOUNT, cut->authority);
	wire_store_u16(out + AT_ARCOUNT, 0);
	if (cut->truncated)
		wire_store_u16(out + AT_FLAGS, wire_load_u16(out + AT_FLAGS) | DNS_TC);
}

static void store_ttls(const struct reply *reply, unsigned records, uint32_t ttl_s, uint8_t *out)
{
	for (unsigned i = 0; i < records; i++)
		wire_store_u32(out + reply->ttl_at[i], ttl_s);
}

/* Puts other addresses of the run where its addresses stand, of those that are kept. */
static void rotate(const struct reply *reply, unsigned records, unsigned rotation, uint8_t *out)
{
	const uint16_t *run = reply->ttl_at + reply->first_address;
	bool v4 = rdata_len(reply, reply->first_address) == V4_LEN;
	unsigned from = rotation % reply->addresses;
	for (unsigned i = 0; i < reply->addresses && reply->first_address + i < records; i++) {
		uint8_t *to = out + run[i] + TTL_TO_RDATA;
		const uint8_t *address = reply->bytes + run[from] + TTL_TO_RDATA;
		if (v4)
			memcpy(to, address, V4_LEN);
		else
			memcpy(to, address, V6_LEN);
		from = from + 1 < reply->addresses ? from + 1 : 0;
	}
}

size_t reply_copy(const struct reply *reply, const struct reply_terms *terms, uint8_t *out, size_t limit)
{
	struct cut cut = {.len = reply->len, .records = reply->count};
	bool whole = reply->len <= limit;
	if (!whole)
		cut_to(reply, limit, &cut);
	memcpy(out, reply->bytes, cut.len);
	if (!whole)
		store_cut(out, &cut);
	if (!terms->own_ttls)
		store_ttls(reply, cut.records, terms->ttl_s, out);
	if (reply->addresses > 1)
		rotate(reply, cut.records, terms->rotation, out);
	return cut.len;
}

size_t reply_finish(uint8_t *out, size_t len, size_t cap, const struct request *r, uint16_t rcode, const struct ede *ede)
{
	unsigned kept = DNS_QR | DNS_AA | DNS_TC | DNS_RA | RCODE_LOW;
	if ((r->flags & DNS_AD) || r->edns_do)
		kept |= DNS_AD;
	wire_store_u16(out + AT_ID, r->id);
	wire_store_u16(out + AT_FLAGS, (wire_load_u16(out + AT_FLAGS) & kept) | (r->flags & (DNS_RD | DNS_CD)));
	memcpy(out + DNS_HEADER_LEN, r->bytes + DNS_HEADER_LEN, r->question_len);
	struct wire_writer w = {.bytes = out, .len = len, .limit = reply_limit(r, cap)};
	response_end(&w, r, rcode, wire_load_u16(out + AT_ANCOUNT), wire_load_u16(out + AT_NSCOUNT), wire_load_u16(out + AT_ARCOUNT), ede);
	return w.len;
}

size_t reply_write(const struct reply *reply, const struct request *r, const struct reply_terms *terms, uint8_t *out, size_t cap)
{
	size_t len = reply_copy(reply, terms, out, reply_limit(r, cap));
	return reply_finish(out, len, cap, r, reply->rcode, terms->ede);
}
