/* text_pool.h - texts that live and end together: what a Corefile's tokens are made of. */
#pragma once
#include <stddef.h>

/* All zero is an empty one. */
struct text_pool {
	char **texts;
	size_t count, cap;
};

/* A copy, with a NUL behind it. NULL: out of memory. */
char *text_pool_add(struct text_pool *p, const char *bytes, size_t len);

/* Frees its texts; it is empty then. */
void text_pool_free(struct text_pool *p);
