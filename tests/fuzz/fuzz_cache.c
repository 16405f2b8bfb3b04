/* The input is a row of responses, each with octets before it that say how it is put and asked for: what comes out is a message that parses, with the
 * records that were put, at no larger TTL. Names may come again, so entries replace one another. */
#include "dns/response.h"
#include "dns/response_copy.h"
#include "forward/cache.h"
#include "fuzz.h"
#include <string.h>

#define HEAD      5 /* octets before each: length, how to put, seconds until it is asked for, how to ask */
#define EXCHANGES 16
#define NOW       1000
#define UNIX      0x60000000

enum how_to_put { PUT_DNSSEC_OK = 1, PUT_CHECKING_DISABLED = 2, PUT_FAIL_BEFORE = 4, PUT_FAIL_AFTER = 8 };
enum how_to_ask { ASK_EDNS = 1, ASK_RD = 2, ASK_AD = 4, ASK_SMALL = 8, ASK_ROTATION = 0xf0 };

struct exchange {
	uint8_t put, age_s, ask;
	struct response response;
	struct response_copy copy;
	uint8_t copy_bytes[DNS_TCP_SIZE_MAX];
	uint16_t ttl_at[RESPONSE_RECORDS_MAX];
	struct name qname; /* lower case */
	struct cache_key key;
	struct cache_judgement judgement;
	uint8_t request_bytes[DNS_HEADER_LEN + NAME_WIRE_MAX + 4 + REPLY_OPT_LEN];
	struct request request;
	uint8_t out[DNS_TCP_SIZE_MAX];
};

static void make_request(struct exchange *x)
{
	struct wire_writer w = {.bytes = x->request_bytes, .limit = sizeof x->request_bytes};
	bool edns = (x->ask & ASK_EDNS) || (x->put & PUT_DNSSEC_OK);
	unsigned flags = (x->ask & ASK_RD ? DNS_RD : 0u) | (x->ask & ASK_AD ? DNS_AD : 0u) | (x->put & PUT_CHECKING_DISABLED ? DNS_CD : 0u);
	const uint8_t header[DNS_HEADER_LEN] = {0x56, 0x78, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1, 0, 0, 0, 0, 0, edns};
	const uint8_t opt[REPLY_OPT_LEN] = {0, 0, DNS_TYPE_OPT, 0x10, 0, 0, 0, x->put & PUT_DNSSEC_OK ? 0x80 : 0};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_bytes(&w, x->response.bytes + DNS_HEADER_LEN, x->response.question_len);
	if (edns)
		wire_put_bytes(&w, opt, sizeof opt);
	assert(request_parse(&x->request, x->request_bytes, w.len) == REQUEST_OK);
}

/* False: nothing that could be put. */
static bool read_exchange(struct exchange *x, const uint8_t *head, size_t len)
{
	x->put = head[2];
	x->age_s = head[3];
	x->ask = head[4];
	if (response_parse(&x->response, head + HEAD, len) != RESPONSE_OK || !x->response.has_question)
		return false;
	x->copy = (struct response_copy){
	        .bytes = x->copy_bytes, .cap = sizeof x->copy_bytes, .ttl_at = x->ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	if (response_rewrite(&x->response, &x->copy))
		return false;
	make_request(x);
	cache_key_of(&x->key, &x->request);
	return true;
}

/* The octets of both, with those of addresses in any order. */
static unsigned rdata_sum(const uint8_t *bytes, const struct response_record *record)
{
	unsigned sum = 0;
	for (size_t i = 0; i < record->rdata_len; i++)
		sum += bytes[record->rdata_at + i] * (unsigned)(i + 1);
	return sum;
}

/* As many records of `got` as there are, beside those of what was put; returns how many. */
static unsigned check_section(const struct response *got, const struct response *put, enum dns_section section, uint32_t ttl_s)
{
	struct response_cursor g = response_section(got, section), p = response_section(put, section);
	struct response_record a, b;
	unsigned count = 0, got_sum = 0, put_sum = 0;
	for (; response_next(got, &g, &a); count++) {
		struct name left, right;
		assert(response_next(put, &p, &b));
		response_owner(got, &a, &left);
		response_owner(put, &b, &right);
		assert(name_equal(&left, &right) && a.type == b.type && a.rclass == b.rclass && a.rdata_len == b.rdata_len);
		assert(a.ttl_s <= ttl_s);
		got_sum += rdata_sum(got->bytes, &a);
		put_sum += rdata_sum(put->bytes, &b);
	}
	if (!(got->flags & DNS_TC))
		assert(got_sum == put_sum);
	return count;
}

static void check_answer(const struct exchange *x, size_t len, size_t cap)
{
	struct response got, put;
	assert(len <= cap);
	assert(response_parse(&got, x->out, len) == RESPONSE_OK);
	assert(response_parse(&put, x->copy.bytes, x->copy.len) == RESPONSE_OK);
	assert(got.id == x->request.id && got.has_question && got.question_len == x->request.question_len);
	assert(memcmp(x->out + DNS_HEADER_LEN, x->request_bytes + DNS_HEADER_LEN, got.question_len) == 0);
	assert(got.edns == x->request.edns && got.edns_do == x->request.edns_do && got.rcode == x->response.rcode);
	assert((got.flags & (DNS_RD | DNS_CD)) == (x->request.flags & (DNS_RD | DNS_CD)));
	assert(!(got.flags & DNS_AD) || x->request.edns_do || (x->request.flags & DNS_AD));
	uint32_t ttl_s = x->judgement.ttl_s - x->age_s;
	unsigned answers = check_section(&got, &put, DNS_ANSWER, ttl_s), authority = check_section(&got, &put, DNS_AUTHORITY, ttl_s);
	unsigned additional = check_section(&got, &put, DNS_ADDITIONAL, ttl_s);
	assert(additional == 0 || additional == put.counts[DNS_ADDITIONAL]);
	bool cut = answers < put.counts[DNS_ANSWER] || authority < put.counts[DNS_AUTHORITY];
	assert(cut == ((got.flags & DNS_TC) != 0));
	if ((size_t)x->copy.len + REPLY_OPT_LEN <= cap)
		assert(!cut && additional == put.counts[DNS_ADDITIONAL]);
}

static void play(struct cache *c, struct exchange *x)
{
	struct cache_change change;
	struct cache_hit hit;
	struct reply reply;
	if (x->put & PUT_FAIL_BEFORE)
		cache_fail(c, &x->key, NOW, &change);
	cache_judge(cache_options(c), &x->key, &x->response, &x->copy, UNIX, &x->judgement);
	reply_of_copy(&reply, &x->copy, x->response.rcode);
	cache_put(c, &x->key, &reply, &x->judgement, NOW, &change);
	if (x->put & PUT_FAIL_AFTER)
		cache_fail(c, &x->key, NOW, &change);
	const struct cache_asked asked = {
	        .request = &x->request,
	        .now_s = NOW + x->age_s,
	        .rotation = (x->ask & ASK_ROTATION) >> 4,
	        .out = x->out,
	        .cap = x->ask & ASK_SMALL ? DNS_UDP_SIZE_MIN : sizeof x->out,
	        .explain = true,
	};
	enum cache_result result = cache_get(c, &x->key, &asked, &hit);
	if (!change.kept && !(x->put & PUT_FAIL_AFTER))
		return; /* whatever was there before */
	if (x->judgement.kind == CACHE_FAILURE || !x->judgement.keep)
		return; /* there may be an answer that it did not displace */
	assert((result == CACHE_FRESH) == (x->age_s < x->judgement.ttl_s));
	if (result == CACHE_FRESH) {
		assert(hit.kind == x->judgement.kind);
		check_answer(x, hit.len, asked.cap);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct exchange x; /* too large for the stack; every member that is read was written before */
	struct cache_options o;
	cache_options_default(&o);
	o.success.capacity = o.denial.capacity = CACHE_CAPACITY_MIN;
	struct cache *c = cache_new(&o);
	for (unsigned i = 0; c && i < EXCHANGES && size > HEAD; i++) {
		size_t len = (size_t)(data[0] << 8 | data[1]) % (size - HEAD) + 1;
		if (read_exchange(&x, data, len))
			play(c, &x);
		data += HEAD + len;
		size -= HEAD + len;
	}
	cache_free(c);
	return 0;
}
