/* describe.h - responses as text, for tests. */
#pragma once
#include "dns/response.h"

/* "id flags opcode rcode | question | EDNS | TSIG\n" */
void describe_response(const struct response *r, char *text);

/* A line for each record: section, owner, type, class, TTL, and rdata: its name where it is known to have one, else octets. "" without any. */
void describe_records(const struct response *r, char *text);
