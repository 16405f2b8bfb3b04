/* reply.h - responses as text, by a parser that shares nothing with the code under test, and queries from text. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_TEXT_MAX (1 << 20)

/* Writes a query for "NAME TYPE [do] [edns=SIZE] [version=N] [class=N] [opcode=N] [norec]"; its length. NAME may have capitals, TYPE may be a
 * number. RD is set unless "norec". */
size_t reply_query(const char *text, uint8_t bytes[512]);

/* Reads a response to this query into text:
 *	NOERROR aa rd: 5 A 10.0.0.7, www.cluster.local. 5 A 10.0.0.8; cluster.local. 5 SOA ...
 *	... + web-0.nginx.default.svc.cluster.local. 5 A 10.0.0.7, edns
 * that is rcode, flags but QR; answer records, with their owner where it is not spelt as in the question; authority and additional, with it always, less
 * OPT, which shows as "edns" or "edns-do" after the flags. Returns false, with what is wrong in text, for a response that is malformed in
 * any way: a count that does not fit, octets left over, a pointer that does not lead back or to a name's start,
 * compression in SRV, an RRset twice, another question or id than asked. */
bool reply_text(const uint8_t *query, size_t query_len, const uint8_t *reply, size_t len, char *text);
