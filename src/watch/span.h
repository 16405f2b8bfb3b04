/* span.h - finds where a JSON value ends, at memory speed: only quotes, escapes and brackets are looked at, 64 octets at a time. What
 * lies between is not checked; a ']' counts as a '}'. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint32_t depth; /* open brackets; 0: the value is a string */
	bool in_string; /* at the octet that comes next */
	bool escaped;   /* a backslash stands before it */
	bool ended;
};

/* After the value's first octet: '"', or '{' or '['. */
struct span span_string(void);
struct span span_brackets(void);

/* Takes the octets that still belong to the value, and says how many these are: all, unless it has ended. */
size_t span_feed(struct span *s, const char *bytes, size_t len);

/* The same of whole blocks of 64 octets alone, by instructions that every processor has: what is left of the piece is not taken. span_feed
 * uses better ones where this processor has them. */
size_t span_feed_blocks(struct span *s, const char *bytes, size_t len);
