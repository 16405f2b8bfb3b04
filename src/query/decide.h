/* decide.h - what a name's data mean for a question: policy without bytes. */
#pragma once
#include "dns/message.h"
#include "zone/zone.h"

struct decision {
	uint16_t type;    /* of the RRset for the answer section; 0: none, a SOA goes into authority (RFC 2308) */
	uint8_t rcode;    /* enum dns_rcode */
	uint8_t absence;  /* enum absence: why there is no RRset for the answer; NONE where type is not 0 */
	uint32_t soa_ttl; /* seconds; of the SOA in authority */
};

/* For a name in a zone of ours, which stands there. */
struct decision decide(const struct zone_found *found, const struct zone_spot *spot, uint16_t qtype, const struct zone_settings *settings);
