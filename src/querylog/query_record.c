#include "query_record.h"
#include "config/log.h"
#include "dns/response.h"
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static int64_t ns_of(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)((uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec);
}

static struct addr addr_of(const struct sockaddr *sa, uint16_t *port)
{
	struct addr a = {.family = ADDR_V4};
	if (sa->sa_family == AF_INET) {
		memcpy(a.octets, &((const struct sockaddr_in *)sa)->sin_addr, 4);
		*port = ntohs(((const struct sockaddr_in *)sa)->sin_port);
		return a;
	}
	a.family = ADDR_V6;
	memcpy(a.octets, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	*port = ntohs(((const struct sockaddr_in6 *)sa)->sin6_port);
	return a;
}

/* CoreDNS takes 65,535 over TCP whatever the client says. */
static uint16_t bufsize_of(const struct query *q)
{
	return q->transport == QUERY_TCP ? UINT16_MAX : q->request.edns_udp_size;
}

static void fill_response(struct query_record *r, const uint8_t *reply, size_t len)
{
	struct response response;
	r->replied = response_parse(&response, reply, len) == RESPONSE_OK;
	r->response_len = r->replied ? (uint32_t)response_uncompressed_len(&response) : 0;
	r->flags = response.flags;
	r->rcode = response.rcode;
}

void query_record_fill(struct query_record *r, const struct exchange *x)
{
	const struct query *q = &x->query;
	uint16_t unused;
	r->when_ns = ns_of(CLOCK_REALTIME);
	r->duration_ns = (uint64_t)ns_of(CLOCK_MONOTONIC) - x->began_ns;
	r->client = addr_of(&x->peer->sa, &r->client_port);
	r->local = addr_of((const struct sockaddr *)&exchange_address(x)->sa, &unused);
	r->request_len = (uint32_t)x->request_len;
	r->id = q->request.id;
	r->type = q->request.qtype;
	r->class = q->request.qclass;
	r->bufsize = bufsize_of(q);
	r->opcode = (q->request.flags >> 11) & 15;
	r->absence = q->absence;
	r->tcp = q->transport == QUERY_TCP;
	r->edns_do = q->request.edns_do;
	r->qname_len = q->request.qname.len;
	memcpy(r->qname, q->request.qname.wire, r->qname_len);
	fill_response(r, x->reply, x->reply_len);
}

/* --- classes --- */

static uint32_t u32_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Outside of its time, which is in serial numbers (RFC 4034 3.1.5). */
static bool is_expired(const uint8_t *rdata, int64_t now_s)
{
	uint32_t until = u32_at(rdata + 8), from = u32_at(rdata + 12), now = (uint32_t)now_s;
	return (int32_t)(until - now) < 0 || (int32_t)(now - from) < 0;
}

#define RRSIG_FIXED_LEN 18

static bool any_expired(const struct response *r, int64_t now_s)
{
	for (enum dns_section s = DNS_ANSWER; s <= DNS_ADDITIONAL; s++) {
		struct response_cursor c = response_section(r, s);
		struct response_record record;
		while (response_next(r, &c, &record)) {
			if (record.type == DNS_TYPE_RRSIG && record.rdata_len > RRSIG_FIXED_LEN &&
			    is_expired(r->bytes + record.rdata_at, now_s))
				return true;
		}
	}
	return false;
}

static bool has_soa(const struct response *r)
{
	struct response_cursor c = response_section(r, DNS_AUTHORITY);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		if (record.type == DNS_TYPE_SOA)
			return true;
	}
	return false;
}

static bool is_transfer(const struct response *r)
{
	return r->has_question && (r->qtype == DNS_TYPE_AXFR || r->qtype == DNS_TYPE_IXFR);
}

unsigned query_record_class(const uint8_t *reply, size_t len, int64_t now_s)
{
	struct response r;
	bool has_answer;
	if (response_parse(&r, reply, len) != RESPONSE_OK || r.opcode != DNS_OPCODE_QUERY || is_transfer(&r))
		return LOG_CLASS_ERROR;
	if (r.edns_do && any_expired(&r, now_s))
		return LOG_CLASS_ERROR;
	has_answer = r.counts[DNS_ANSWER] != 0;
	if (r.rcode == DNS_NOERROR)
		return !has_answer && has_soa(&r) ? LOG_CLASS_DENIAL : LOG_CLASS_SUCCESS;
	return r.rcode == DNS_NXDOMAIN && !has_answer ? LOG_CLASS_DENIAL : LOG_CLASS_ERROR;
}
