#include "decide.h"

static unsigned has_of(uint16_t qtype)
{
	switch (qtype) {
	case DNS_TYPE_A:
		return HAS_A;
	case DNS_TYPE_AAAA:
		return HAS_AAAA;
	case DNS_TYPE_SRV:
		return HAS_SRV;
	case DNS_TYPE_PTR:
		return HAS_PTR;
	case DNS_TYPE_SOA:
		return HAS_SOA;
	case DNS_TYPE_NS:
		return HAS_NS;
	case DNS_TYPE_TXT:
		return HAS_TXT;
	default:
		return 0;
	}
}

static uint16_t answer_type(const struct zone_found *found, uint16_t qtype)
{
	if (found->has & HAS_CNAME)
		return DNS_TYPE_CNAME;
	if (qtype == DNS_TYPE_ANY && found->exists)
		return DNS_TYPE_HINFO; /* RFC 8482 4.2: instead of everything */
	return found->has & has_of(qtype) ? qtype : 0;
}

/* Who looks up a peer that is about to be ready must find it as soon as it is, not when a cache forgets that it was not. */
static bool will_pass(uint8_t absence)
{
	return absence == ABSENCE_NOT_READY || absence == ABSENCE_TERMINATING;
}

struct decision decide(const struct zone_found *found, uint16_t qtype, uint32_t negative_ttl)
{
	return (struct decision){
	        .type = answer_type(found, qtype),
	        .rcode = found->exists ? DNS_NOERROR : DNS_NXDOMAIN,
	        .soa_ttl = will_pass(found->absence) ? 0 : negative_ttl,
	};
}
