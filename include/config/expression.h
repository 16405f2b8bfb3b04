/* expression.h - what `view` asks of a query: an expression of the language of expr-lang, as far as CoreDNS's page documents it, and what is true or not of
 * a question without more than that is asked for. It is checked when it is read: names, types, patterns and ranges. Then it is only read, by any
 * thread; asking allocates nothing. */
#pragma once
#include "base/addr.h"
#include "base/diag.h"
#include "base/regexp.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPRESSION_DEPTH_MAX 100  /* parts within each other */
#define EXPRESSION_NODES_MAX 1000 /* values and operators */
#define EXPRESSION_ROOM      4096 /* octets of the texts that are made on the way, all in all */

struct expression;

/* What a query says. */
struct expression_facts {
	const struct name *qname; /* lower case */
	uint16_t qtype, qclass, id;
	uint8_t opcode;
	bool tcp, dnssec_ok;
	unsigned size;    /* octets of the message */
	unsigned bufsize; /* octets that the client takes */
	struct addr client, server;
	uint16_t client_port, server_port;
};

/* ERR_SYNTAX, ERR_RANGE: d says what is wrong, and at which column; ERR_NOMEM. *out is untouched then. */
enum err expression_new(const char *text, struct expression **out, struct diag *d);
void expression_free(struct expression *e); /* takes NULL */

/* Whether it is true. What cannot be told (incidr() of a text that is no address, a pattern that takes too long, texts beyond EXPRESSION_ROOM) makes the
 * whole false, as in CoreDNS. match: of the calling thread. */
bool expression_holds(const struct expression *e, const struct expression_facts *facts, struct regexp_match *match);
