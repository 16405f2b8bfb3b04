/* record.h - resource records as text: lines of a zone file (RFC 1035 5). */
#pragma once
#include "base/buffer.h"
#include "dns/name.h"
#include <stddef.h>
#include <stdint.h>

struct record {
	const struct name *owner;
	uint16_t type; /* enum dns_type */
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it are not compressed */
	size_t rdata_len;
};

/* Appends "OWNER TTL IN TYPE RDATA\n", names with their last dot. Types other than A, NS, CNAME, SOA, PTR, TXT, AAAA and SRV, and rdata that
 * is not as its type has it, as RFC 3597 says. */
void record_to_text(const struct record *r, struct buffer *out);

/* Appends octets by whose order (memcmp, the shorter of equal ones first) records stand as in RFC 4034 6: by owner from the root down,
 * without regard to case, then by type, the SOA first. */
void record_sort_key(const struct record *r, struct buffer *out);
