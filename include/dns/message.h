/* message.h - DNS messages (RFC 1035 4, RFC 6891): a request's bytes to a struct, and the parts of a response that are the same
 * for all answers. No I/O, no policy: what to answer is decided in query/. */
#pragma once
#include "dns/edns.h"
#include "dns/name.h"
#include "dns/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER_LEN   12
#define DNS_UDP_SIZE_MIN 512  /* what a client without EDNS takes, RFC 1035 2.3.4 */
#define DNS_UDP_SIZE_CAP 1232 /* what we send at most over UDP: no fragments on any sane path (DNS flag day 2020) */
#define DNS_TCP_SIZE_MAX 65535

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_MD = 3,
	DNS_TYPE_MF = 4,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_MB = 7,
	DNS_TYPE_MG = 8,
	DNS_TYPE_MR = 9,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_HINFO = 13,
	DNS_TYPE_MINFO = 14,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_RP = 17,
	DNS_TYPE_AFSDB = 18,
	DNS_TYPE_RT = 21,
	DNS_TYPE_NSAP_PTR = 23,
	DNS_TYPE_SIG = 24,
	DNS_TYPE_PX = 26,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_NXT = 30,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_NAPTR = 35,
	DNS_TYPE_KX = 36,
	DNS_TYPE_A6 = 38,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_DS = 43,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_NSEC = 47,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_NSEC3 = 50,
	DNS_TYPE_NSEC3PARAM = 51,
	DNS_TYPE_TALINK = 58,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_LP = 107,
	DNS_TYPE_TSIG = 250,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
};
enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_ANY = 255 };
enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };
#define DNS_SECTIONS 3
enum dns_opcode { DNS_OPCODE_QUERY = 0, DNS_OPCODE_NOTIFY = 4 };
enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_NOTAUTH = 9,  /* the signature is not as it must be (RFC 8945 5.2) */
	DNS_BADVERS = 16, /* extended: its upper bits travel in the OPT record */
};
enum dns_flag {
	DNS_QR = 0x8000,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010,
};

/* What an extended error says for machines (RFC 8914 4). */
enum dns_ede {
	DNS_EDE_OTHER = 0,
	DNS_EDE_STALE_ANSWER = 3,
	DNS_EDE_CACHED_ERROR = 13,
	DNS_EDE_NOT_READY = 14,
	DNS_EDE_BLOCKED = 15,
	DNS_EDE_FILTERED = 17,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_NOT_AUTHORITATIVE = 20,
	DNS_EDE_NOT_SUPPORTED = 21,
	DNS_EDE_NETWORK_ERROR = 23,
};

#define EDE_TEXT_MAX 80 /* octets: short enough for any error response of 512 */

/* Why a response is what it is, in the OPT record. It never costs a record: without room for it, it is left out. */
struct ede {
	uint16_t code;     /* enum dns_ede */
	uint16_t text_len; /* octets; at most EDE_TEXT_MAX */
	const char *text;  /* for people: UTF-8; static */
};

/* One that says a literal, whose length is then known without counting. */
#define EDE_SAYING(code, text)                                                                                                             \
	{                                                                                                                                  \
		code, sizeof(text) - 1, text                                                                                               \
	}

/* What must happen with the bytes before anybody looks at the question. */
enum request_verdict {
	REQUEST_OK,      /* one question of opcode QUERY, well-formed to its last octet */
	REQUEST_SILENCE, /* shorter than a header, or itself a response: never an answer to an answer */
	REQUEST_FORMERR,
	REQUEST_NOTIMP, /* an opcode other than QUERY, or a NOTIFY that is not well-formed */
	REQUEST_NOTIFY, /* well-formed: one question, with or without the zone's new SOA as answer (RFC 1996 3.7), no authority, EDNS version 0 */
	REQUEST_BADVERS, /* EDNS version above 0 (RFC 6891 6.1.3) */
};

/* A parsed request. Borrows the message: good as long as its bytes. */
struct request {
	const uint8_t *bytes;
	uint16_t id, flags; /* flags: the header's second 16 bits as they came */
	bool has_question;  /* qname, qtype, qclass are set; else the response has no question section */
	bool edns, edns_do;
	uint8_t edns_version;
	uint16_t edns_udp_size; /* as the client said, 512 where it said less; 512 without EDNS */
	uint16_t opt_at;        /* where the OPT record goes on after its owner: request_options() reads on. 0 in what is malformed */
	uint16_t question_len;  /* octets of the question in bytes, from DNS_HEADER_LEN, to be copied into the response */
	uint16_t qtype, qclass;
	struct name qname; /* lower case; the spelling of the client is in bytes at DNS_HEADER_LEN */
};

/* Parses the whole message: header, question, every record (their framing; only OPT in the additional section is looked into).
 * FORMERR for: a question count other than 1, a compressed or cut qname, a cut record, records in the answer section, or in the
 * authority section of anything but IXFR (which has the client's SOA there, RFC 1995 3), an OPT that is not at the root or comes
 * twice, one of version 0 whose options do not add up, octets after the last record. For an opcode other than QUERY all this only
 * decides what can be echoed, and for NOTIFY whether it is REQUEST_NOTIFY. *r is set as far as was read, so that response_error can echo it. */
enum request_verdict request_parse(struct request *r, const uint8_t *bytes, size_t len);

/* The options of the OPT record; none without EDNS, in a malformed message, or where the version is one that we don't know. */
struct edns_options request_options(const struct request *r);

/* A question for somebody else. */
struct outgoing {
	uint16_t id, flags;   /* flags: of DNS_RD, DNS_AD, DNS_CD; opcode QUERY */
	const uint8_t *qname; /* in wire format, uncompressed, with the spelling to be sent */
	size_t qname_len;     /* octets */
	uint16_t qtype, qclass;
	bool edns, edns_do;     /* an OPT record is sent, with DO */
	uint16_t edns_udp_size; /* octets that we take */
};

#define REQUEST_LEN_MAX (DNS_HEADER_LEN + NAME_WIRE_MAX + 4 + 11) /* of what request_write writes */

/* Writes it, without EDNS options. Its length; 0: cap octets are too few. */
size_t request_write(uint8_t *bytes, size_t cap, const struct outgoing *out);

/* Starts a response in w, which is empty and has a limit of DNS_UDP_SIZE_MIN or more: header (QR, the request's id, opcode and RD;
 * given flags and the low 4 bits of the rcode; AD and CD are cleared, RFC 4035 3.1.6) and the question as it was asked; lowers
 * w->limit by the OPT record's 11 octets where one will follow. Counts are 0 but QDCOUNT. */
void response_begin(struct wire_writer *w, const struct request *r, uint16_t flags, enum dns_rcode rcode);

/* Ends it, once what overflowed is taken back: gives back the OPT record's room and appends that record if the request had one (size
 * DNS_UDP_SIZE_CAP, version 0, the rcode's upper bits, DO echoed, and ede, which may be NULL, if there is room); writes the three
 * counts, to which it adds the OPT. */
void response_end(struct wire_writer *w, const struct request *r, enum dns_rcode rcode, uint16_t answers, uint16_t authority,
                  uint16_t additional, const struct ede *ede);

/* Sets or clears flag bits of a response already begun (TC, AA). */
void response_set_flags(struct wire_writer *w, uint16_t set, uint16_t clear);

/* Sets the low 4 bits of the rcode in a response already begun. */
void response_set_rcode(struct wire_writer *w, enum dns_rcode rcode);

/* The response that is only an rcode, and ede, which may be NULL; its length. bytes has room for cap octets: DNS_UDP_SIZE_MIN or more, else
 * nothing is written and 0 returned. Not for REQUEST_SILENCE. */
size_t response_error(uint8_t *bytes, size_t cap, const struct request *r, enum dns_rcode rcode, const struct ede *ede);
