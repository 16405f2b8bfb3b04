#include "text_pool.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

char *text_pool_add(struct text_pool *p, const char *bytes, size_t len)
{
	char *copy;
	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : FIRST_CAP;
		char **more = realloc(p->texts, cap * sizeof *more);
		if (!more)
			return NULL;
		p->texts = more;
		p->cap = cap;
	}
	copy = malloc(len + 1);
	if (!copy)
		return NULL;
	memcpy(copy, bytes, len);
	copy[len] = 0;
	p->texts[p->count++] = copy;
	return copy;
}

void text_pool_free(struct text_pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->texts[i]);
	free(p->texts);
	*p = (struct text_pool){0};
}
