/* query_record.h - what a line of the log says of one query, as values: to be copied out of a query that is done. */
#pragma once
#include "base/addr.h"
#include "dns/name.h"
#include "server/step.h"
#include <stdbool.h>
#include <stdint.h>

struct line_format;

struct query_record {
	const struct line_format *format;
	int64_t when_ns;      /* when it was answered, since 1970 */
	uint64_t duration_ns; /* that it took */
	struct addr client, local;
	uint32_t request_len, response_len; /* octets; of the response as CoreDNS has it: uncompressed, without OPT */
	uint16_t client_port, id, type, class, bufsize;
	uint16_t flags; /* of the response */
	uint16_t rcode;
	uint8_t opcode, absence;
	bool replied; /* else there is no response, and flags and rcode mean nothing */
	bool tcp, edns_do;
	uint8_t qname_len;
	uint8_t qname[NAME_WIRE_MAX]; /* lower case */
};

/* Of a query that is done; all but format. */
void query_record_fill(struct query_record *r, const struct exchange *x);

/* Which of CoreDNS's classes its response is of: one bit of enum log_class. now_s: since 1970, for signatures. */
unsigned query_record_class(const uint8_t *reply, size_t len, int64_t now_s);
