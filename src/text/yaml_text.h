/* yaml_text.h - a manifest's text cut into YAML documents and written as libyaml takes it. A document ends where the next `---` or its own
 * `...` stands, whatever is in it, so that one that is wrong costs no other. What is written otherwise:
 *   - a byte order mark at the start of a line is left out: files were put together;
 *   - octets that are no UTF-8, and what YAML has no place for (most control characters), become U+FFFD, which no name may hold;
 *   - the surrogates that JSON escapes ("\ud83d\ude00") become one character, a lone one U+FFFD;
 *   - a colon within a word that libyaml would take for more than that ([001:db8::]) becomes YAML_COLON until yaml_text_restore(). */
#pragma once
#include "text/text_reader.h"

#define YAML_COLON      "\xef\xb7\x90" /* U+FDD0, which is no character: what the text has of these becomes U+FFFD */
#define YAML_COLON_LEN  3
#define YAML_TEXT_AHEAD 16 /* octets that are looked at together, at most */
#define YAML_TEXT_STEP  16 /* octets that they become, at most */

struct yaml_text {
	struct text_reader *source; /* borrowed */
	unsigned line;              /* that of the next octet, 1-based */
	bool restore;               /* there are colons to be put back */

	/* private */
	enum err err; /* why source ended */
	struct diag why;
	bool ended;       /* source has no more */
	bool line_begins; /* the next octet is a line's first */
	bool begun;       /* the document has more than comments and directives */
	bool remark;      /* in one of these */
	bool closed;      /* `...` was read */
	bool over;        /* the document's end is here */
	char before;      /* the octet before */
	size_t at, len;   /* in `in` */
	char in[YAML_TEXT_AHEAD + TEXT_PIECE];
};

/* source is borrowed, and read from where it stands. Allocates nothing. */
void yaml_text_init(struct yaml_text *t, struct text_reader *source);

/* The document's next octets, cap at most, which is YAML_TEXT_STEP or more; *len is 0 at its end. Errors as of text_reader_next(), once: then there
 * is no more, in this document or after it. */
enum err yaml_text_read(struct yaml_text *t, char *out, size_t cap, size_t *len, struct diag *d);

/* Goes to the start of the next document, past what is left of this one; *more is false if there is none. Errors as above. */
enum err yaml_text_next(struct yaml_text *t, bool *more, struct diag *d);

/* Puts the colons back into what libyaml made of the text; returns the new length. text[len] is NUL before and after. */
size_t yaml_text_restore(char *text, size_t len);
