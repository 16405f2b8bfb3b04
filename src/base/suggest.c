#include "base/suggest.h"
#include <stdio.h>
#include <string.h>

#define LEN_MAX 64

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b, size_t limit)
{
	size_t a_len = strnlen(a, LEN_MAX), b_len = strnlen(b, LEN_MAX);
	size_t row[LEN_MAX + 1];
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];
			row[j] = min(min(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return min(row[b_len], limit + 1);
}

void suggest_consider(struct suggest *s, const char *candidate)
{
	size_t limit = strlen(s->wanted) / 3;
	size_t distance, at;
	if (!limit)
		limit = 1;
	distance = suggest_distance(s->wanted, candidate, limit);
	if (distance > limit)
		return;
	for (at = s->count; at > 0 && s->distances[at - 1] > distance; at--)
		;
	if (at == SUGGEST_MAX)
		return;
	if (s->count < SUGGEST_MAX)
		s->count++;
	memmove(&s->names[at + 1], &s->names[at], (s->count - 1 - at) * sizeof *s->names);
	memmove(&s->distances[at + 1], &s->distances[at], (s->count - 1 - at) * sizeof *s->distances);
	s->names[at] = candidate;
	s->distances[at] = distance;
}

char *suggest_text(const struct suggest *s, const char *prefix, char *text, size_t cap)
{
	size_t len = 0;
	text[0] = 0;
	for (unsigned i = 0; i < s->count && len < cap; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%s%s", !i ? "" : i + 1 < s->count ? ", " : " or ", prefix, s->names[i]);
	return text;
}
