#include "query.h"
#include "dns/response.h"
#include <string.h>

#define OPCODE_BITS 0x7800

/* The letters of a name in wire format are told from lengths by their value: a length is at most 63, below any letter. */
static void mix_case(uint8_t *name, size_t len, struct dice *dice)
{
	uint8_t bits[(NAME_WIRE_MAX + 7) / 8];
	dice_fill(dice, bits, (len + 7) / 8);
	for (size_t i = 0; i < len; i++) {
		if (name[i] >= 'a' && name[i] <= 'z' && (bits[i / 8] >> i % 8 & 1))
			name[i] ^= 0x20;
	}
}

size_t query_write(uint8_t bytes[QUERY_LEN_MAX], const struct question *q, uint16_t id, bool edns, struct dice *dice)
{
	const struct outgoing out = {
	        .id = id,
	        .flags = q->flags & (DNS_RD | DNS_AD | DNS_CD),
	        .qname = q->name,
	        .qname_len = q->name_len,
	        .qtype = q->type,
	        .qclass = q->class,
	        .edns = edns,
	        .edns_do = q->edns_do,
	        .edns_udp_size = DNS_UDP_SIZE_CAP,
	};
	size_t len = request_write(bytes, QUERY_LEN_MAX, &out);
	if (dice)
		mix_case(bytes + DNS_HEADER_LEN, q->name_len, dice);
	return len;
}

/* Type and class are compared octet for octet: they are no text, and a type may look like a letter. */
static bool equal_but_for_case(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t name_len = len - 4;
	for (size_t i = 0; i < name_len; i++) {
		if (name_octet_lower(a[i]) != name_octet_lower(b[i]))
			return false;
	}
	return memcmp(a + name_len, b + name_len, 4) == 0;
}

enum reply_verdict query_check_reply(const uint8_t *query, size_t question_len, bool edns, const uint8_t *bytes, size_t len)
{
	struct response r;
	if (len < DNS_HEADER_LEN || message_u16(bytes) != message_u16(query))
		return REPLY_FOREIGN;
	unsigned flags = message_u16(bytes + 2);
	unsigned rcode = message_rcode(bytes);
	if (!(flags & DNS_QR) || (flags & OPCODE_BITS))
		return REPLY_FOREIGN;
	bool minds_edns = edns && (rcode == DNS_FORMERR || rcode == DNS_NOTIMP);
	/* Who can't read a query need not know what was asked. */
	if (minds_edns && message_u16(bytes + 4) == 0)
		return REPLY_NO_EDNS;
	if (message_u16(bytes + 4) != 1 || len < DNS_HEADER_LEN + question_len)
		return REPLY_FOREIGN;
	const uint8_t *asked = query + DNS_HEADER_LEN, *told = bytes + DNS_HEADER_LEN;
	if (memcmp(asked, told, question_len) != 0)
		return equal_but_for_case(asked, told, question_len) ? REPLY_MISSPELT : REPLY_FOREIGN;
	if (minds_edns)
		return REPLY_NO_EDNS;
	if (flags & DNS_TC)
		return REPLY_TRUNCATED;
	if (response_parse(&r, bytes, len) != RESPONSE_OK)
		return REPLY_BROKEN;
	return edns && r.rcode == DNS_BADVERS ? REPLY_NO_EDNS : REPLY_ANSWER;
}

void query_unmix(uint8_t *reply, size_t question_len)
{
	uint8_t *name = reply + DNS_HEADER_LEN;
	for (size_t i = 0; i + 4 < question_len; i++)
		name[i] = name_octet_lower(name[i]);
}
