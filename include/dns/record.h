/* record.h - resource records: as text, which is lines of a zone file (RFC 1035 5), and in their order. */
#pragma once
#include "base/buffer.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
	const struct name *owner;
	uint16_t type; /* enum dns_type */
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it are not compressed */
	size_t rdata_len;
};

/* For whoever gives out records one by one: r is good during the call. What it returns other than OK ends that. */
typedef enum err record_take(void *arg, const struct record *r);

/* Appends "OWNER TTL IN TYPE RDATA\n", names with their last dot. Types other than A, NS, CNAME, SOA, PTR, TXT, AAAA and SRV, and rdata that
 * is not as its type has it, as RFC 3597 says. */
void record_to_text(const struct record *r, struct buffer *out);

/* Appends octets by whose order (memcmp, the shorter of equal ones first) records stand as in RFC 4034 6: by owner from the root down,
 * without regard to case, then by type, the SOA first. */
void record_sort_key(const struct record *r, struct buffer *out);

/* True if rdata of the type (class IN) may have names in it, so that equal rdata may be spelt in several ways. */
bool record_has_names(uint16_t type);

/* Copies rdata (class IN) with the letters of its names made small, the form in which it is compared (RFC 4034 6.2), of the same length. False: it is not
 * as its type has it, or a name in it is compressed; out has no meaning. Types without names are taken as they are, but for the length of A and
 * AAAA. */
bool record_lower_rdata(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out);
