/* template.h - `template`: rules, and texts with fields, each of which becomes the line of a record when a query comes. Of Go's text/template there
 * is what Corefiles have: literal text, comments, trimming ({{- and -}}), and one value in an action:
 *
 *     .Name  .Zone  .Class  .Type  .Remote  .Group.NAME  .Question.Name  .Question.Qtype  .Question.Qclass  .Meta "LABEL"
 *     index .Match N     index .Group "NAME"     parseInt VALUE BASE BITS     "text"
 *
 * A text is cut into pieces when it is read, so that a query costs one pass over them, and allocates nothing. */
#pragma once
#include "base/diag.h"
#include "base/regexp.h"
#include "config/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum template_source {
	TEMPLATE_LITERAL,
	TEMPLATE_NAME,
	TEMPLATE_ZONE,
	TEMPLATE_CLASS,
	TEMPLATE_TYPE,
	TEMPLATE_REMOTE,
	TEMPLATE_QUESTION_NAME,
	TEMPLATE_QUESTION_TYPE,
	TEMPLATE_QUESTION_CLASS,
	TEMPLATE_MATCH,       /* a group by its number */
	TEMPLATE_GROUP,       /* by its name, or its number in digits; "<no value>" where there is none, as Go prints it */
	TEMPLATE_GROUP_INDEX, /* the same; where there is none, nothing */
	TEMPLATE_NOTHING,     /* labels of metadata */
};

struct template_piece {
	enum template_source source;
	char *text;      /* the literal, or the group's name; else NULL */
	unsigned number; /* of TEMPLATE_MATCH */
	unsigned base,
	        bits; /* parseInt: read as a number in this base, of so many bits, and written in decimal; base 0: written as it is */
};

/* Owns its pieces. All zero is the empty one. */
struct template_text {
	struct template_piece *pieces;
	unsigned count;
};

/* ERR_SYNTAX, ERR_RANGE: d says what is wrong, or what there is; ERR_NOMEM. *out is empty then. Any thread. */
enum err template_text_new(const char *text, struct template_text *out, struct diag *d);
void template_text_clear(struct template_text *t);

/* What fields stand for in one query; C strings. */
struct template_values {
	const char *name; /* lower case, with its last dot, as match sees it */
	const char *question_name, *zone, *rclass, *type, *remote;
	uint16_t qtype, qclass;
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
