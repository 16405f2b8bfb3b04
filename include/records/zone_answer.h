/* zone_answer.h - what a version of a zone answers (RFC 1034 4.3.2, 4592, 6672; signed ones RFC 4035 3.1), as octets. Like CoreDNS: the zone's NS stand in
 * authority of positive answers, an ANY finds nothing, a CNAME is followed within the zone; its SOA has its own TTL. Nothing is
 * allocated, locked or logged. In an RCU read section, or by whoever holds the zone. */
#pragma once
#include "dns/message.h"
#include "dns/response.h"
#include "records/zone_data.h"
#include <stdbool.h>

enum zone_outcome {
	ZONE_ANSWERED,
	ZONE_NO_NAME,   /* the name does not exist, or has only names below it: others may know it. The negative response was written */
	ZONE_ELSEWHERE, /* the answer ends in a name of no zone of ours: target. A response with the CNAME alone was written */
	ZONE_FAILED,    /* a CNAME leads back to itself: SERVFAIL is due. Nothing was written */
};

/* What to answer with. */
struct zone_question {
	const struct request *request; /* of class IN, or one that counts as such; its name is in the zone */
	const struct response *theirs; /* what ZONE_ELSEWHERE's target was found to have; NULL: nobody was asked yet */
	bool unknown;                  /* nobody could be asked for that, or answered: it is a failure (RFC 6604 3) */
	uint32_t dice;                 /* where sets of addresses begin, as a part of 2^32; 0: at their first */
};

struct zone_answer {
	enum zone_outcome outcome;
	uint16_t rcode;
	size_t len;         /* octets */
	struct name target; /* ZONE_ELSEWHERE; lower case */
};

/* Writes the response into at most cap octets, DNS_UDP_SIZE_MIN at least: what does not fit is cut (dns/writer.h). */
void zone_answer(const struct zone_data *z, const struct zone_question *q, uint8_t *bytes, size_t cap, struct zone_answer *out);
