/* query.h - the octets of a query as they go to an upstream, and whether a message that came back is its reply. No I/O. */
#pragma once
#include "dice.h"
#include "forward/question.h"

#define QUERY_EDNS_LEN      11 /* an OPT record without options, RFC 6891 6.1.2 */
#define QUERY_LEN_MAX       REQUEST_LEN_MAX
#define QUERY_UDP_REPLY_MAX 4096 /* c-ares takes no larger datagram; we say DNS_UDP_SIZE_CAP */

/* Writes the query: header with id, question, and an OPT record if edns. dice given: each letter of the name is made a capital or not by chance
 * (draft-vixie-dnsext-dns0x20), so that whoever makes up a reply must guess that too. Returns its length. */
size_t query_write(uint8_t bytes[QUERY_LEN_MAX], const struct question *q, uint16_t id, bool edns, struct dice *dice);

/* Octets of a question of this query, from DNS_HEADER_LEN on. */
static inline size_t question_len(const struct question *q)
{
	return q->name_len + 4u;
}

/* What a message is to the query that it has the id of, and that went out where it came in. */
enum reply_verdict {
	REPLY_ANSWER,    /* the reply, well-formed to its end */
	REPLY_FOREIGN,   /* not a reply to this query: dropped, and waiting goes on */
	REPLY_MISSPELT,  /* one, but for the case of the question's letters */
	REPLY_TRUNCATED, /* one that says TC */
	REPLY_NO_EDNS,   /* FORMERR, NOTIMP or BADVERS to a query with EDNS: to be asked again without */
	REPLY_BROKEN,    /* one that is malformed (dns/response.h) */
};

/* query, query_len: as it was sent; edns: with an OPT record. */
enum reply_verdict query_check_reply(const uint8_t *query, size_t question_len, bool edns, const uint8_t *bytes, size_t len);

/* Makes the question's letters small, in a reply that is ours. Names in the records may point to it. */
void query_unmix(uint8_t *reply, size_t question_len);

/* A number at any address, in network order there. */
static inline uint16_t message_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* The low 4 bits of the rcode. bytes: a header at least. */
static inline unsigned message_rcode(const uint8_t *bytes)
{
	return bytes[3] & 15;
}
