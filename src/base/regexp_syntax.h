/* regexp_syntax.h - Go's syntax of regular expressions, written as PCRE2's (PCRE2_UTF, newline LF, no other options). */
#pragma once
#include "base/buffer.h"
#include "base/regexp.h"

struct regexp_translation {
	struct buffer pattern; /* not NUL-terminated */
	unsigned groups;
	char *names[REGEXP_GROUPS_MAX + 1]; /* by number; NULL: none */
};

/* out is all zero. ERR_SYNTAX, ERR_RANGE with d filled, ERR_NOMEM. In any case out is to be cleared. */
enum err regexp_translate(const char *text, size_t len, struct regexp_translation *out, struct diag *d);
void regexp_translation_clear(struct regexp_translation *t);
