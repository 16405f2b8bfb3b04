#include "base/secret.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Not inlined: where the compiler knows what the caller asked malloc for, FORTIFY takes the octets beyond, which malloc gave, for an overrun. */
__attribute__((noinline)) void secret_free(void *block)
{
	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

__attribute__((noinline)) void *secret_realloc(void *block, size_t size)
{
	size_t old = block ? malloc_usable_size(block) : 0;
	void *moved = malloc(size);
	if (!moved)
		return NULL;
	if (old)
		memcpy(moved, block, old < size ? old : size);
	secret_free(block);
	return moved;
}
