/* response.h - reading the responses of others (RFC 1035 4, RFC 6891): octets to a small struct and records that are looked at one by
 * one, without allocation. No policy: whether a response is the one that was waited for is for the caller to say. */
#pragma once
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum response_verdict {
	RESPONSE_OK,        /* well-formed to the end of its last record */
	RESPONSE_NONE,      /* shorter than a header, or a query: nothing to learn from it */
	RESPONSE_MALFORMED, /* header and, with has_question, the question may be looked at; records not */
};

/* A response. Borrows the message: good as long as its octets, of which every place is less than 65536. */
struct response {
	const uint8_t *bytes;
	uint16_t len;       /* up to the end of the last record */
	uint16_t id, flags; /* flags: the header's second 16 bits as they came */
	uint8_t opcode;     /* enum dns_opcode */
	uint16_t rcode;     /* with the upper bits of OPT, if there is one */

	bool has_question;     /* qname, qtype, qclass are set. Servers that report FORMERR may leave the question out */
	uint16_t question_len; /* octets of the question, from DNS_HEADER_LEN, as they came: to be compared with those that were sent */
	uint16_t qtype, qclass;
	struct name qname; /* as spelt */

	uint16_t counts[DNS_SECTIONS]; /* of records, as the header says; OPT and TSIG are among the additional ones */
	uint16_t starts[DNS_SECTIONS]; /* where each section begins */

	bool edns, edns_do; /* there is an OPT record; its DO bit */
	uint8_t edns_version;
	uint16_t edns_udp_size;      /* as it came */
	struct edns_options options; /* of OPT; empty without */
	uint16_t tsig_at;            /* where a TSIG record begins, the last one of the message (RFC 8945 5.1); 0: there is none */
};

/* Parses a whole message. Malformed are: more than 65535 octets; more than one question, or one whose name is compressed; a record that is
 * cut; a name that is too long, has a reserved kind of label or a pointer that does not lead backwards, also in the rdata of types
 * that may have compressed ones (RFC 3597 4, with DNAME, KX, A6, RRSIG, NSEC, SVCB and the like), and rdata of those, of A or of AAAA that is
 * longer or shorter than its fields; an OPT that is not in the additional section, not at the root, there twice, or of version 0
 * with options that don't add up; a TSIG that is not the last record. Octets after the
 * last record are passed over, as everybody does. *r is set as far as was read: id, flags, opcode unless
 * the verdict is RESPONSE_NONE, so that TC can be seen in a response that was cut anywhere. */
enum response_verdict response_parse(struct response *r, const uint8_t *bytes, size_t len);

/* One record. Places are offsets in the message. */
struct response_record {
	uint16_t type, rclass;
	uint32_t ttl_s; /* as it came; 2^31 and more is to be taken for 0 (RFC 2181 8) */
	uint16_t at, ttl_at, rdata_at;
	uint16_t rdata_len; /* octets as they stand there, compressed names and all */
};

/* What is left of a section. */
struct response_cursor {
	uint16_t at, left;
};

/* Before the first record of a section. */
struct response_cursor response_section(const struct response *r, enum dns_section section);

/* The next record of the section, OPT and TSIG left out; false: there is none. Only for responses that are RESPONSE_OK. */
bool response_next(const struct response *r, struct response_cursor *c, struct response_record *record);

/* How long the response would be if no name of it were compressed, without OPT and TSIG. Only for responses that are RESPONSE_OK. */
size_t response_uncompressed_len(const struct response *r);

/* The record's owner, decompressed, as spelt. */
void response_owner(const struct response *r, const struct response_record *record, struct name *owner);

/* The name at the place `at` of the rdata, decompressed: the target of a CNAME, DNAME, NS or PTR at 0, of MX at 2, of SRV at 6. The root
 * if no name of the record's rdata is there. */
void response_rdata_name(const struct response *r, const struct response_record *record, size_t at, struct name *n);

/* Copies the record's rdata, with names that are not compressed, to out, which has room for cap octets; *len is their number. False: there is
 * no room. */
bool response_rdata(const struct response *r, const struct response_record *record, uint8_t *out, size_t cap, size_t *len);
