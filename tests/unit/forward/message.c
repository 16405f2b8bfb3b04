#include "message.h"
#include "unit.h"
#include <string.h>

#define AT_COUNTS 6

static void put_u16(struct message *m, unsigned v)
{
	m->bytes[m->reply.len++] = (uint8_t)(v >> 8);
	m->bytes[m->reply.len++] = (uint8_t)v;
}

static void put_bytes(struct message *m, const void *bytes, size_t len)
{
	assert_true(m->reply.len + len <= sizeof m->bytes);
	memcpy(m->bytes + m->reply.len, bytes, len);
	m->reply.len = (uint16_t)(m->reply.len + len);
}

static struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

void message_begin(struct message *m, const char *qname, unsigned type, unsigned flags)
{
	struct name n = name_of(qname);
	m->reply = (struct reply){.bytes = m->bytes, .ttl_at = m->ttl_at, .rcode = flags & 15};
	const uint8_t header[DNS_HEADER_LEN] = {0, 0, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1};
	put_bytes(m, header, sizeof header);
	put_bytes(m, n.wire, n.len);
	put_u16(m, type);
	put_u16(m, DNS_CLASS_IN);
}

void message_add(struct message *m, unsigned section, unsigned type, uint32_t ttl_s, const void *rdata, size_t len)
{
	uint8_t *count = m->bytes + AT_COUNTS + 2 * section;
	unsigned records = (unsigned)(count[0] << 8 | count[1]) + 1;
	count[0] = (uint8_t)(records >> 8);
	count[1] = (uint8_t)records;
	put_u16(m, 0xc00c);
	put_u16(m, type);
	put_u16(m, DNS_CLASS_IN);
	assert_true(m->reply.count < MESSAGE_RECORDS_MAX);
	m->ttl_at[m->reply.count++] = m->reply.len;
	put_u16(m, ttl_s >> 16);
	put_u16(m, ttl_s & 0xffff);
	put_u16(m, (unsigned)len);
	put_bytes(m, rdata, len);
}

void message_add_addresses(struct message *m, unsigned count, uint32_t ttl_s)
{
	m->reply.first_address = m->reply.count;
	m->reply.addresses = (uint16_t)count;
	for (unsigned i = 1; i <= count; i++)
		message_add(m, 0, DNS_TYPE_A, ttl_s, (const uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i}, 4);
}

void asked_begin(struct asked *a, const char *qname, unsigned type, unsigned flags, enum edns edns)
{
	struct name n = name_of(qname);
	struct wire_writer w = {.bytes = a->bytes, .limit = sizeof a->bytes};
	const uint8_t header[DNS_HEADER_LEN] = {0x12, 0x34, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1, 0, 0, 0, 0, 0, edns != NO_EDNS};
	const uint8_t opt[REPLY_OPT_LEN] = {0, 0, DNS_TYPE_OPT, 0x10, 0, 0, 0, edns == EDNS_DO ? 0x80 : 0};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_name(&w, &n);
	wire_put_u16(&w, (uint16_t)type);
	wire_put_u16(&w, DNS_CLASS_IN);
	if (edns != NO_EDNS)
		wire_put_bytes(&w, opt, sizeof opt);
	a->len = w.len;
	assert_int_equal(request_parse(&a->request, a->bytes, a->len), REQUEST_OK);
}
