/* The input is a datagram. What is parsed of it lies within it, and the response to it is a message that parses as well. */
#include "check_name.h"
#include "dns/message.h"
#include "fuzz.h"
#include <string.h>

#define OPCODE(flags) ((flags) >> 11 & 15)

static void check_question(const struct request *r, size_t size)
{
	struct name spelt;
	check_name(&r->qname);
	assert(r->question_len == r->qname.len + 4);
	assert(DNS_HEADER_LEN + (size_t)r->question_len <= size);
	assert(name_from_wire(&spelt, r->bytes + DNS_HEADER_LEN, r->question_len) == r->qname.len);
	assert(name_equal(&spelt, &r->qname));
	for (size_t i = 0; i < r->qname.len; i++)
		assert(r->qname.wire[i] < 'A' || r->qname.wire[i] > 'Z');
}

static void check_options(const struct request *r, size_t size)
{
	struct edns_options left = request_options(r);
	struct edns_option option;
	while (edns_next(&left, &option))
		assert(option.bytes >= r->bytes && option.bytes + option.len <= r->bytes + size);
}

static void check_request(const struct request *r, enum request_verdict verdict, size_t size)
{
	bool silence = size < DNS_HEADER_LEN || (r->flags & DNS_QR);
	assert((verdict == REQUEST_SILENCE) == silence);
	assert((verdict == REQUEST_NOTIMP || verdict == REQUEST_NOTIFY) == (!silence && OPCODE(r->flags) != DNS_OPCODE_QUERY));
	if (verdict == REQUEST_NOTIFY)
		assert(r->has_question && OPCODE(r->flags) == DNS_OPCODE_NOTIFY && r->edns_version == 0);
	if (verdict == REQUEST_OK)
		assert(r->has_question && r->edns_version == 0);
	if (verdict == REQUEST_BADVERS)
		assert(r->has_question && r->edns_version > 0);
	assert(r->edns ? r->edns_udp_size >= DNS_UDP_SIZE_MIN : r->edns_udp_size == DNS_UDP_SIZE_MIN);
	assert(r->edns || (!r->edns_do && r->edns_version == 0));
	check_options(r, size);
	if (r->has_question)
		check_question(r, size);
	else
		assert(r->question_len == 0);
}

/* The response, made a query again, says of itself what was asked. */
static void check_response(uint8_t *reply, size_t len, const struct request *asked)
{
	struct request r;
	assert(len >= DNS_HEADER_LEN && len <= DNS_UDP_SIZE_MIN);
	assert(request_parse(&r, reply, len) == REQUEST_SILENCE);
	reply[2] &= (uint8_t)~0x80;
	enum request_verdict verdict = request_parse(&r, reply, len);
	if (OPCODE(r.flags) == DNS_OPCODE_QUERY)
		assert(verdict == (asked->has_question ? REQUEST_OK : REQUEST_FORMERR));
	assert(r.id == asked->id && OPCODE(r.flags) == OPCODE(asked->flags));
	assert((r.flags & DNS_RD) == (asked->flags & DNS_RD) && !(r.flags & (DNS_AA | DNS_TC | DNS_RA | DNS_AD | DNS_CD)));
	assert(r.has_question == asked->has_question && r.question_len == asked->question_len);
	assert(memcmp(reply + DNS_HEADER_LEN, asked->bytes + DNS_HEADER_LEN, r.question_len) == 0);
	if (asked->has_question) /* else nothing is read after the header */
		assert(r.edns == asked->edns && r.edns_do == asked->edns_do && r.edns_version == 0);
}

static enum dns_rcode rcode_of(enum request_verdict verdict)
{
	switch (verdict) {
	case REQUEST_OK:
	case REQUEST_SILENCE:
		break;
	case REQUEST_FORMERR:
		return DNS_FORMERR;
	case REQUEST_NOTIMP:
	case REQUEST_NOTIFY:
		return DNS_NOTIMP;
	case REQUEST_BADVERS:
		return DNS_BADVERS;
	}
	return DNS_REFUSED;
}

/* Reads a name that may be compressed, somewhere in the message; where one stands uncompressed, it is that one. */
static void check_name_at(const uint8_t *data, size_t size, size_t at)
{
	struct wire_reader in = {.bytes = data, .len = size, .at = at};
	struct name n, plain;
	wire_get_name(&in, &n);
	check_name(&n);
	assert(in.failed ? n.len == 1 : in.at > at && in.at <= size);
	size_t taken = name_from_wire(&plain, data + at, size - at);
	if (!taken)
		return;
	assert(!in.failed && in.at == at + taken);
	assert(n.len == plain.len && memcmp(n.wire, plain.wire, n.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request r;
	uint8_t reply[DNS_UDP_SIZE_MIN];
	enum request_verdict verdict = request_parse(&r, data, size);
	check_request(&r, verdict, size);
	if (verdict != REQUEST_SILENCE)
		check_response(reply, response_error(reply, sizeof reply, &r, rcode_of(verdict), NULL), &r);
	if (size)
		check_name_at(data, size, r.id % size); /* the id does not matter else, so it may choose the place */
	return 0;
}
