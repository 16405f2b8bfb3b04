/* message.h - replies and requests in tests, made piece by piece. */
#pragma once
#include "forward/reply.h"

#define MESSAGE_RECORDS_MAX 6000

/* Its octets, and reply, which points to them: so it is not copied. */
struct message {
	uint8_t bytes[65535];
	uint16_t ttl_at[MESSAGE_RECORDS_MAX];
	struct reply reply;
};

/* Header and question; flags as in a header, with the rcode. */
void message_begin(struct message *m, const char *qname, unsigned type, unsigned flags);

/* One more record of the qname's owner. Sections in their order: 0 answer, 1 authority, 2 additional. */
void message_add(struct message *m, unsigned section, unsigned type, uint32_t ttl_s, const void *rdata, size_t len);

/* count A records 10.0.0.1, 10.0.0.2, … of one TTL, which are the run to be rotated. */
void message_add_addresses(struct message *m, unsigned count, uint32_t ttl_s);

enum edns { NO_EDNS, EDNS, EDNS_DO };

/* A query as a client sends it. */
struct asked {
	uint8_t bytes[512];
	size_t len;
	struct request request;
};
void asked_begin(struct asked *a, const char *qname, unsigned type, unsigned flags, enum edns edns);
