/* template.h - `template`: rules, and texts with actions in braces, each of which becomes the line of a record when a query comes: Go's text/template,
 * with the fields and the function that CoreDNS gives them.
 *
 *     .Name  .Zone  .Class  .Type  .Remote  .Match  .Group  .Question.Name, .Qtype, .Qclass  .Message.Id, its header and .Question  .Meta "LABEL"
 *     and eq ge gt index le len lt ne not or parseInt print printf println slice
 *     if, else, with, range, break, continue, variables, pipelines, parentheses, comments, {{- and -}}
 *
 * A text is compiled when it is read. A query costs one walk over it, which allocates nothing, and is bounded in steps and in what comes of it. */
#pragma once
#include "base/diag.h"
#include "base/regexp.h"
#include "config/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A compiled text. Owns its program; all zero is the empty one. */
struct template_program;
struct template_text {
	struct template_program *program;
};

/* ERR_SYNTAX, ERR_RANGE: d says what is wrong, or what there is; ERR_NOMEM. *out is empty then. Any thread. */
enum err template_text_new(const char *text, struct template_text *out, struct diag *d);
void template_text_clear(struct template_text *t);

/* What the text is whatever is asked, borrowed from it; NULL: that depends. */
const char *template_text_constant(const struct template_text *t);

/* What fields stand for in one query; C strings. */
struct template_values {
	const char *name; /* lower case, with its last dot, as match sees it */
	const char *question_name, *zone, *rclass, *type, *remote;
	uint16_t qtype, qclass;
	uint16_t id, flags;               /* of the message's header */
	const struct regexp *re;          /* which matched, */
	const struct regexp_match *match; /* and how. re NULL: there was none, and the whole name counts as the match */
};

/* Writes the text, len octets without a NUL. ERR_RANGE: it is longer than cap, a number is too large, or there is no such group; ERR_SYNTAX: a number
 * is none. d (may be NULL) says so. Any thread, nothing is allocated. */
enum err template_text_expand(const struct template_text *t, const struct template_values *v, char *out, size_t cap, size_t *len,
                              struct diag *d);

#define TEMPLATE_SECTIONS 3 /* by enum dns_section */

/* `template CLASS TYPE [ZONES...] { match RE...; answer|additional|authority RR...; rcode CODE; ederror CODE [TEXT]; fallthrough [ZONES...];
 * upstream }` */
struct template_rule {
	uint16_t rclass, type;  /* DNS_CLASS_ANY, DNS_TYPE_ANY: every one */
	struct name_list zones; /* none: those of the block's keys */
	struct regexp **matches;
	unsigned match_count; /* 0: every name matches */
	struct template_text *texts[TEMPLATE_SECTIONS];
	unsigned text_counts[TEMPLATE_SECTIONS];
	uint16_t rcode; /* enum dns_rcode */
	bool has_ede;
	uint16_t ede_code;
	char *ede_text; /* NULL: none */
	bool fallthrough;
	struct name_list fallthrough_zones; /* none: all */
};

/* In their order. */
struct template_options {
	struct template_rule *rules;
	unsigned count;
};
