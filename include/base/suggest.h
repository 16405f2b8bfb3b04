/* suggest.h - the names somebody may have meant. */
#pragma once
#include <stddef.h>

#define SUGGEST_MAX 3

struct suggest {
	const char *wanted;
	const char *names[SUGGEST_MAX]; /* closest first; borrowed */
	size_t distances[SUGGEST_MAX];
	unsigned count;
};

/* Changes of one octet that make a into b (Levenshtein), counted up to limit + 1. Octets beyond the 64th don't count. */
size_t suggest_distance(const char *a, const char *b, size_t limit);

/* Takes candidate in if it is close enough to be a slip, at most a third of the wanted name's octets and 1 at least. */
void suggest_consider(struct suggest *s, const char *candidate);

/* "web-0, web-1 or web-2", each with prefix before it; "" if there are none. What is longer than cap is cut off. Returns text. */
char *suggest_text(const struct suggest *s, const char *prefix, char *text, size_t cap);
