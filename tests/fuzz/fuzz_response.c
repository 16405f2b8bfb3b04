/* The input is a message. What is parsed of it lies within it, and the records that are looked at one by one are all there are. */
#include "check_name.h"
#include "dns/response.h"
#include "fuzz.h"
#include <string.h>

static void check_record(const struct response *r, const struct response_record *record, size_t begin, size_t end)
{
	struct name n;
	assert(record->at == begin && record->at < record->ttl_at && record->ttl_at + 6 == record->rdata_at);
	assert(record->rdata_at + (size_t)record->rdata_len == end);
	response_owner(r, record, &n);
	check_name(&n);
	for (size_t at = 0; at <= record->rdata_len; at++) {
		response_rdata_name(r, record, at, &n);
		check_name(&n);
	}
}

/* The number of records; *end is where the section ends. */
static unsigned check_section(const struct response *r, enum dns_section section, size_t *end)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	unsigned n = 0;
	size_t begin = c.at;
	for (; response_next(r, &c, &record); begin = c.at, n++)
		if (section != DNS_ADDITIONAL) /* where OPT and TSIG may stand between */
			check_record(r, &record, begin, c.at);
		else
			check_record(r, &record, record.at, c.at);
	*end = c.at;
	return n;
}

static void check_sections(const struct response *r)
{
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		size_t end;
		unsigned n = check_section(r, (enum dns_section)s, &end);
		unsigned meta = s == DNS_ADDITIONAL ? (unsigned)r->edns + (r->tsig_at > 0) : 0;
		assert(n + meta == r->counts[s]);
		assert(end == (s == DNS_ADDITIONAL ? r->len : r->starts[s + 1]));
	}
}

static void check_options(const struct response *r)
{
	struct edns_options left = r->options;
	struct edns_option option;
	assert(r->edns || left.len == 0);
	while (edns_next(&left, &option))
		assert(option.bytes + option.len <= r->options.bytes + r->options.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;
	enum response_verdict verdict = response_parse(&r, data, size);
	check_name(&r.qname);
	assert((verdict == RESPONSE_NONE) == (size < DNS_HEADER_LEN || !(data[2] & 0x80)));
	if (r.has_question)
		assert(r.question_len == r.qname.len + 4 && memcmp(data + DNS_HEADER_LEN, r.qname.wire, r.qname.len) == 0);
	check_options(&r);
	if (verdict == RESPONSE_OK)
		check_sections(&r);
	return 0;
}
