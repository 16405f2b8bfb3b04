/* regexp.h - regular expressions in the syntax of Go's package regexp (RE2), as Corefiles have them, matched by PCRE2. The pattern is
 * translated: what PCRE2 would read otherwise is written so that it means the same, and what RE2 has not got (look-around, references back)
 * is refused. RE2 needs a time that grows with the text, PCRE2 may try again and again: so each match is bounded, and one that comes
 * to the bound has an outcome of its own. Octets that are no UTF-8 are matched by nothing. A pattern may be used by any number of threads. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

#define REGEXP_PATTERN_MAX 10000  /* octets of a pattern: CoreDNS's bound */
#define REGEXP_GROUPS_MAX  100    /* groups that capture */
#define REGEXP_STEPS_MAX   100000 /* of one match, as PCRE2 counts them: some milliseconds */

struct regexp;

/* Compiles pattern, a C string. ERR_SYNTAX or ERR_RANGE: d says what is wrong with it, ERR_NOMEM; *out is untouched then. */
enum err regexp_new(const char *pattern, struct regexp **out, struct diag *d);
void regexp_free(struct regexp *re);

/* How many groups capture, the whole match not counted. Group n is the one of the n-th such parenthesis, from 1 on. */
unsigned regexp_groups(const struct regexp *re);

/* The name of group n, (?P<name>...) or (?<name>...), borrowed from re. NULL: it has none, or there is no such group. */
const char *regexp_group_name(const struct regexp *re, unsigned n);

/* The group of that name; 0: there is none. */
unsigned regexp_group_number(const struct regexp *re, const char *name);

/* What one match found, and the memory that matching needs. One thread at a time; for any number of patterns, one after the other. */
struct regexp_match;

/* With room for so many groups; what later ones found is not kept, and 0 is enough to see whether there is a match. NULL: out of memory. */
struct regexp_match *regexp_match_new(unsigned groups);
void regexp_match_free(struct regexp_match *m);

enum regexp_outcome {
	REGEXP_NO_MATCH,
	REGEXP_FOUND,
	REGEXP_GAVE_UP, /* REGEXP_STEPS_MAX was reached, or memory ran out: whether it matches is not known */
};

/* Looks for re anywhere in text (len octets, need not end with NUL): the leftmost match, and the first alternative that fits, as in Go. What is found
 * are places in text, which m borrows until the next match. */
enum regexp_outcome regexp_find(const struct regexp *re, const char *text, size_t len, struct regexp_match *m);

/* Group n of what was found last; 0 is the whole match. False: it took no part, there is no such group, or m has no room for it; then *part is "" and *len 0. */
bool regexp_part(const struct regexp_match *m, unsigned n, const char **part, size_t *len);
