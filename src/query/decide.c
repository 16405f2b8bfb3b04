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
	case DNS_TYPE_SVCB:
		return HAS_SVCB;
	case DNS_TYPE_HTTPS:
		return HAS_HTTPS;
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
static struct decision decide_as_ours(const struct zone_found *found, uint16_t qtype, uint32_t negative_ttl)
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

/* --- CoreDNS 1.15: existence depends on the type that is asked for --- */

/* Reverse names are known to PTR alone; an apex to all types but TXT, and where it is an address, to PTR only if there is one. */
static bool denied_backwards(const struct zone_found *found, const struct zone_spot *spot, uint16_t qtype)
{
	if (qtype == DNS_TYPE_PTR)
		return !(found->has & HAS_PTR) && (spot->apex || zone_is_whole_address(spot));
	return spot->apex || qtype == DNS_TYPE_TXT;
}

/* SOA is answered from the apex, and otherwise NODATA without a look. The names beside the Services are known to some types only, and reverse
 * names to PTR. */
static bool denied_by_coredns(const struct zone_found *found, const struct zone_spot *spot, uint16_t qtype)
{
	if (qtype == DNS_TYPE_SOA)
		return false;
	if (!found->exists)
		return true;
	switch ((enum zone_place)spot->place) {
	case ZONE_OWN:
		return (qtype == DNS_TYPE_TXT) != (found->has == HAS_TXT);
	case ZONE_NAMESPACE:
	case ZONE_POD_NAMESPACE:
		return qtype == DNS_TYPE_TXT;
	case ZONE_REVERSE:
		return denied_backwards(found, spot, qtype);
	case ZONE_OUTSIDE:
	case ZONE_SERVICE:
	case ZONE_EXTERNAL:
	case ZONE_POD:
		break;
	}
	return false;
}

static struct decision decide_as_coredns(const struct zone_found *found, const struct zone_spot *spot, uint16_t qtype, uint32_t ttl)
{
	bool denied = denied_by_coredns(found, spot, qtype);
	bool cname = found->has & HAS_CNAME && (qtype == DNS_TYPE_A || qtype == DNS_TYPE_AAAA || qtype == DNS_TYPE_CNAME);
	uint16_t type = cname ? DNS_TYPE_CNAME : !denied && found->has & has_of(qtype) ? qtype : 0;
	return (struct decision){
	        .type = type,
	        .rcode = denied ? DNS_NXDOMAIN : DNS_NOERROR,
	        .absence = (uint8_t)(type ? ABSENCE_NONE : absence_of(found, qtype)),
	        .soa_ttl = ttl < ZONE_SOA_TTL_MAX_S ? ttl : ZONE_SOA_TTL_MAX_S,
	};
}

struct decision decide(const struct zone_found *found, const struct zone_spot *spot, uint16_t qtype, const struct zone_settings *settings)
{
	if (settings->compat & COMPAT_DENIAL)
		return decide_as_coredns(found, spot, qtype, settings->negative_ttl_s);
	return decide_as_ours(found, qtype, settings->negative_ttl_s);
}
