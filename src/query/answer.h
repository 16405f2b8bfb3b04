/* answer.h - a response while it is written, RRset by RRset, from a zone's rdata. Whole records only: what does not fit in the answer
 * or authority section truncates the response, what does not fit in the additional section is left out (RFC 2181 9). */
#pragma once
#include "dns/message.h"
#include "query/query.h"
#include "zone/zone.h"

struct answer {
	struct wire_writer w;
	const struct zone *zone;
	const struct zone_settings *settings;
	struct query_state *state;
	const struct query_policy *policy;
	enum query_outcome outcome;
	enum absence absence;  /* what answer_put_negative was told */
	size_t owner;          /* where in the response the name stands that the next records belong to */
	size_t apex;           /* where the apex of that name's zone stands */
	const uint8_t *origin; /* the zone's labels for names that are made up: as they were asked, or as they were configured */
	size_t origin_len;
	enum zone_tree tree; /* of the zone */
	uint16_t answers, authority, additional;
	bool truncated;
	bool dangling; /* the last CNAME leads to a name of ours that has nothing, or back */
};

/* Begins the response with AA; owner is the question. */
void answer_begin(struct answer *a, const struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out,
                  size_t limit);

/* As if no record had been put. */
void answer_take_back(struct answer *a, const struct query *q);

/* The next records belong to name, which stands in the response uncompressed at a->owner, in any spelling. */
void answer_set_name(struct answer *a, const struct name *name, const struct zone_spot *spot);

/* The RRset of this type that was found, and what goes with it in the additional section. For SRV and NS their targets' addresses. */
void answer_put(struct answer *a, uint16_t type, const struct zone_found *found, const struct zone_spot *spot);

/* A CNAME; its target, in wire form, becomes the owner of what follows. */
void answer_put_cname(struct answer *a, const uint8_t *target, size_t len);

/* The SOA that makes an answer negative. The reason is told to who wants to know; that of the last one is the query's. */
void answer_put_negative(struct answer *a, enum absence reason, uint32_t ttl);

/* Ends the response; its length. Tells q what became of it. */
size_t answer_end(struct answer *a, struct query *q, enum dns_rcode rcode);
