/* writer.h - a message that is written record by record: names compressed, records counted, and what does not fit cut at a record's end. The
 * answers about the cluster don't go this way: query/answer.c knows where its names stand without looking for them. */
#pragma once
#include "dns/compression.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/name.h"
#include "dns/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	struct wire_writer w;
	struct compression names;
	uint16_t counts[DNS_SECTIONS];
	uint16_t ttl_at; /* where the TTL stands of the record put last */
	bool truncated;  /* a record of answer or authority did not fit: TC will be set, and nothing more is put */
	bool full;       /* one of additional did not fit: nothing more is put */
	struct {         /* the set of the record of additional that was put last: they go together */
		struct name owner;
		uint16_t type, rclass, count_before;
		size_t begin; /* 0: none was put */
	} set;
};

/* The OPT record to end a message with. */
struct opt {
	uint16_t udp_size;   /* octets */
	bool dnssec_ok;      /* its DO bit */
	uint16_t rcode;      /* the whole, of which OPT has the upper bits */
	uint8_t version;     /* 0 is the one there is (RFC 6891 6.1.3) */
	const uint8_t *data; /* options as they are sent; NULL where len is 0 */
	uint16_t len;        /* octets of options */
};

/* rdata of one record, names in it not compressed. */
struct rdata {
	const uint8_t *bytes;
	uint16_t len; /* octets */
};

/* A set of records that differ in rdata alone. Borrows all it points to. */
struct rrset {
	const struct name *owner;
	uint16_t type, rclass;
	uint32_t ttl_s;
	const struct rdata *rdata;
	uint16_t count; /* of rdata */
};

/* Begins a message with a header: id, and flags (with opcode and the low bits of the rcode) as they are. limit: octets it may have, at most
 * DNS_TCP_SIZE_MAX, and DNS_HEADER_LEN at least; bytes has room for as many. */
void writer_begin(struct writer *w, uint8_t *bytes, size_t limit, uint16_t id, uint16_t flags);

/* The question, which comes first, as spelt; false: it does not fit. */
bool writer_put_question(struct writer *w, const struct name *qname, uint16_t qtype, uint16_t qclass);

/* Keeps room for an OPT record with so many octets of options, before records are put. False: there is none left, nothing was kept. */
bool writer_reserve_opt(struct writer *w, size_t options_len);

/* One record. Sections come in their order. Names in rdata are compressed where their type allows it (RFC 3597 4); rdata that is not as its type has
 * it is put as it is. False: it does not fit, and nothing of it stands there; in additional, also not the records of its set before it:
 * a cut set would be taken for the whole (RFC 2181 9). */
bool writer_put(struct writer *w, enum dns_section section, const struct name *owner, uint16_t type, uint16_t rclass, uint32_t ttl_s,
                const struct rdata *rdata);

/* All records of a set, as writer_put; false: not all fit. */
bool writer_put_rrset(struct writer *w, enum dns_section section, const struct rrset *set);

/* Ends the message: counts, TC, and the OPT record, for which room was kept, with as many octets of options; NULL: none. Its length. */
size_t writer_end(struct writer *w, const struct opt *opt);

/* --- records whose rdata is put in parts --- */

/* Where a record begins. */
struct writer_mark {
	size_t record, rdata;
	enum dns_section section;
};

/* Begins a record; its rdata is then put with wire_put… of w->w and compression_put… of w->names. */
struct writer_mark writer_begin_record(struct writer *w, enum dns_section section, const struct name *owner, uint16_t type, uint16_t rclass,
                                       uint32_t ttl_s);

/* Ends it, as writer_put. */
bool writer_end_record(struct writer *w, const struct writer_mark *mark);
