/* `dns64`: who has IPv6 alone reaches what has IPv4 alone (RFC 6147). Where a name has no AAAA records, its A records are looked up and become some, below
 * the prefix of a translator (NAT64). */
#include "base/addr.h"
#include "dns/response_copy.h"
#include "dns/writer.h"
#include "kinds.h"
#include <string.h>

#define TTL_WITHOUT_SOA 600 /* RFC 6147 5.1.7 */
#define UNUSED_OCTET    8   /* of the address: it is 0 (RFC 6052 2.2) */

static bool is_for(const struct dns64_options *o, const struct exchange *x)
{
	const struct request *r = &x->query.request;
	return r->qtype == DNS_TYPE_AAAA && r->qclass == DNS_CLASS_IN && (o->allow_ipv4 || x->peer->sa.sa_family == AF_INET6);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	(void)x;
	return STEP_PASS;
}

/* --- the first answer --- */

static bool has_type(const struct response *r, uint16_t type)
{
	struct response_cursor c = response_section(r, DNS_ANSWER);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		if (record.type == type)
			return true;
	}
	return false;
}

static uint32_t soa_ttl(const struct response *r)
{
	struct response_cursor c = response_section(r, DNS_AUTHORITY);
	struct response_record record;
	uint32_t ttl_s = TTL_WITHOUT_SOA;
	while (response_next(r, &c, &record)) {
		if (record.type == DNS_TYPE_SOA)
			ttl_s = record.ttl_s;
	}
	return ttl_s;
}

/* A name that does not exist has no A records either; any other error is as good as no record (RFC 6147 5.1.2). */
static enum step_verdict reconsider(const void *self, void *state, struct exchange *x)
{
	const struct dns64_options *o = self;
	struct response r;
	enum step_verdict v;
	(void)state;
	if (!is_for(o, x) || response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK || r.rcode == DNS_NXDOMAIN)
		return STEP_ANSWER;
	if (!o->translate_all && has_type(&r, DNS_TYPE_AAAA))
		return STEP_ANSWER;
	x->waiting = (void *)(uintptr_t)soa_ttl(&r);
	v = exchange_ask(x, &x->query.request.qname, DNS_TYPE_A);
	return v == STEP_PASS ? STEP_ANSWER : v;
}

/* --- the second --- */

/* RFC 6052 2.2: around the octet that is not used. */
static void translate(const struct cidr *prefix, const uint8_t v4[4], uint8_t v6[16])
{
	unsigned at = prefix->prefix / 8;
	memset(v6, 0, 16);
	memcpy(v6, prefix->base.octets, at);
	for (unsigned i = 0; i < 4; i++) {
		at += at == UNUSED_OCTET;
		v6[at++] = v4[i];
	}
}

static void put_translated(const struct dns64_options *o, const struct response *r, const struct response_record *record, uint32_t ttl_s,
                           struct writer *w)
{
	uint8_t v6[16];
	const struct rdata rdata = {v6, sizeof v6};
	struct name owner;
	translate(&o->prefix, r->bytes + record->rdata_at, v6);
	response_owner(r, record, &owner);
	writer_put(w, DNS_ANSWER, &owner, DNS_TYPE_AAAA, record->rclass, record->ttl_s < ttl_s ? record->ttl_s : ttl_s, &rdata);
}

static void put_section(const struct dns64_options *o, const struct response *r, enum dns_section section, uint32_t ttl_s, struct writer *w)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		if (section == DNS_ANSWER && record.type == DNS_TYPE_A && record.rclass == DNS_CLASS_IN)
			put_translated(o, r, &record, ttl_s, w);
		else
			response_put_record(r, &record, section, w);
	}
}

/* The client's question, with its spelling. */
static bool put_question(const struct request *r, struct writer *w)
{
	struct name qname;
	return name_from_wire(&qname, r->bytes + DNS_HEADER_LEN, r->question_len) && writer_put_question(w, &qname, r->qtype, r->qclass) &&
	       (!r->edns || writer_reserve_opt(w, 0));
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	const struct request *q = &x->query.request;
	const uint32_t ttl_s = (uint32_t)(uintptr_t)x->waiting;
	struct opt opt = {.udp_size = DNS_UDP_SIZE_CAP, .dnssec_ok = q->edns_do};
	struct response r;
	struct writer w;
	(void)state;
	if (response_parse(&r, bytes, len) != RESPONSE_OK)
		return exchange_fail(x, DNS_SERVFAIL, NULL, "dns64 has no answer to look at");
	opt.rcode = r.rcode;
	writer_begin(&w, x->reply, exchange_room(x), q->id, (uint16_t)(DNS_QR | (r.flags & (DNS_AA | DNS_RA | 15U)) | (q->flags & DNS_RD)));
	if (!put_question(q, &w))
		return exchange_fail(x, DNS_SERVFAIL, NULL, "dns64 has no room for an answer");
	for (unsigned s = 0; s < DNS_SECTIONS; s++)
		put_section(self, &r, (enum dns_section)s, ttl_s, &w);
	x->reply_len = writer_end(&w, q->edns ? &opt : NULL);
	x->query.rcode = (uint8_t)r.rcode;
	x->query.absence = ABSENCE_NONE;
	return STEP_ANSWER;
}

const struct step_kind dns64_step = {.name = "dns64", .ask = ask, .reconsider = reconsider, .heard = heard};
