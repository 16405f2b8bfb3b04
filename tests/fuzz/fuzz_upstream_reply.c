/* The input is what an upstream sends: the first octet says how it was asked, the rest is the message. What is taken for the answer is a reply to
 * that question, and the records of it can be read. */
#include "dns/response.h"
#include "fuzz.h"
#include "query.h"
#include <string.h>

static const uint8_t name[] = "\3www\7example\3com";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question q = {.name = name, .name_len = sizeof name, .type = DNS_TYPE_A, .class = DNS_CLASS_IN, .flags = DNS_RD};
	uint8_t query[QUERY_LEN_MAX];
	struct response r;
	if (!size)
		return 0;
	bool edns = data[0] & 1;
	const uint8_t *bytes = ++data;
	size_t len = --size;
	query_write(query, &q, 0x1234, edns, NULL);
	enum reply_verdict verdict = query_check_reply(query, question_len(&q), edns, bytes, len);
	if (verdict == REPLY_FOREIGN)
		return 0;
	assert(len >= DNS_HEADER_LEN && memcmp(bytes, query, 2) == 0 && (bytes[2] & 0xf8) == 0x80);
	if (verdict == REPLY_NO_EDNS)
		assert(edns);
	if (verdict == REPLY_ANSWER || verdict == REPLY_TRUNCATED || verdict == REPLY_BROKEN)
		assert(memcmp(bytes + DNS_HEADER_LEN, query + DNS_HEADER_LEN, question_len(&q)) == 0);
	if (verdict == REPLY_ANSWER)
		assert(response_parse(&r, bytes, len) == RESPONSE_OK && r.has_question && r.question_len == question_len(&q));
	return 0;
}
