/* `loadbalance { prefer RANGE... }`: addresses of ranges that are near come first in answers, in the order of the ranges. */
#include "dns/response_copy.h"
#include "dns/writer.h"
#include "kinds.h"
#include <stdlib.h>
#include <string.h>

#define AT_FLAGS 2

/* Of one worker. */
struct loadbalance_state {
	uint8_t octets[DNS_TCP_SIZE_MAX];
};

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	(void)x;
	return STEP_PASS;
}

/* --- which order --- */

/* The first range that has the address; prefer_count: none has. */
static unsigned find_range(const struct loadbalance_options *o, const struct response *r, const struct response_record *record)
{
	struct addr a = {.family = record->type == DNS_TYPE_A ? ADDR_V4 : ADDR_V6};
	unsigned i = 0;
	memcpy(a.octets, r->bytes + record->rdata_at, addr_len(&a));
	while (i < o->prefer_count && !cidr_has(&o->prefer[i], &a))
		i++;
	return i;
}

/* As CoreDNS has it: CNAME, addresses, MX, and all others. */
static unsigned rank_of(const struct loadbalance_options *o, const struct response *r, const struct response_record *record)
{
	switch (record->type) {
	case DNS_TYPE_CNAME:
		return 0;
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		return 1 + find_range(o, r, record);
	case DNS_TYPE_MX:
		return o->prefer_count + 2;
	default:
		return o->prefer_count + 3;
	}
}

/* Of those of one rank, the order stays. */
static void put_sorted(const struct loadbalance_options *o, const struct response *r, enum dns_section section, struct writer *w)
{
	for (unsigned rank = 0; rank <= o->prefer_count + 3; rank++) {
		struct response_cursor c = response_section(r, section);
		struct response_record record;
		while (response_next(r, &c, &record)) {
			if (rank_of(o, r, &record) == rank)
				response_put_record(r, &record, section, w);
		}
	}
}

static void put_section(const struct response *r, enum dns_section section, struct writer *w)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	while (response_next(r, &c, &record))
		response_put_record(r, &record, section, w);
}

/* --- the step --- */

static bool is_wanted(const struct exchange *x, const struct response *r)
{
	const uint16_t qtype = x->query.request.qtype;
	return r->rcode == DNS_NOERROR && r->has_question && !r->tsig_at && qtype != DNS_TYPE_AXFR && qtype != DNS_TYPE_IXFR &&
	       (r->counts[DNS_ANSWER] > 1 || r->counts[DNS_ADDITIONAL] > 1U + r->edns);
}

/* An answer that does not fit any more, since its names were compressed better, stays as it is. */
static void answered(const void *self, void *state, struct exchange *x)
{
	const struct loadbalance_options *o = self;
	struct loadbalance_state *s = state;
	struct response r;
	struct writer w;
	size_t limit = exchange_room(x);
	if (response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK || !is_wanted(x, &r))
		return;
	const struct opt opt = {r.edns_udp_size, r.edns_do, r.rcode, r.edns_version, r.options.bytes, (uint16_t)r.options.len};
	if (limit < x->reply_len)
		limit = x->reply_len;
	writer_begin(&w, s->octets, limit, r.id, (uint16_t)wire_load_u16(x->reply + AT_FLAGS));
	if (!writer_put_question(&w, &r.qname, r.qtype, r.qclass) || (r.edns && !writer_reserve_opt(&w, opt.len)))
		return;
	put_sorted(o, &r, DNS_ANSWER, &w);
	put_section(&r, DNS_AUTHORITY, &w);
	put_sorted(o, &r, DNS_ADDITIONAL, &w);
	const size_t len = writer_end(&w, r.edns ? &opt : NULL);
	if (w.truncated || w.full)
		return;
	memcpy(x->reply, s->octets, len);
	x->reply_len = len;
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	(void)self;
	(void)worker;
	(void)loop;
	return malloc(sizeof(struct loadbalance_state));
}

const struct step_kind loadbalance_step = {.name = "loadbalance", .ask = ask, .answered = answered, .begin = begin, .end = free};
