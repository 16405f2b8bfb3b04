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

static enum absence absence_of(const struct zone_found *found, uint16_t qtype)
{
	if (!found->exists)
		return found->absence;
	if (!found->has)
		return ABSENCE_EMPTY;
	bool address = qtype == DNS_TYPE_A || qtype == DNS_TYPE_AAAA;
	return address && found->has & (HAS_A | HAS_AAAA) ? ABSENCE_NO_FAMILY : ABSENCE_NO_TYPE;
}

/* Who looks up a peer that is about to be ready must find it as soon as it is, not when a cache forgets that it was not. */
struct decision decide(const struct zone_found *found, uint16_t qtype, uint32_t negative_ttl)
{
	uint16_t type = answer_type(found, qtype);
	enum absence absence = type ? ABSENCE_NONE : absence_of(found, qtype);
	return (struct decision){
	        .type = type,
	        .rcode = found->exists ? DNS_NOERROR : DNS_NXDOMAIN,
	        .absence = (uint8_t)absence,
	        .soa_ttl = absence_will_pass(absence) ? 0 : negative_ttl,
	};
}
