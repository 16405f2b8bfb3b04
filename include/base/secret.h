/* secret.h - memory that may hold a token, a password or a private key: it is cleared before it goes back to the heap, where it would
 * otherwise stay until somebody writes over it. The blocks are malloc's, so that whole libraries can be given these two for their free and realloc.
 * Any thread. */
#pragma once
#include <stddef.h>

/* Frees a block of malloc, calloc, realloc or strdup, all of it overwritten. Takes NULL. */
void secret_free(void *block);

/* realloc that leaves no copy where the block was. NULL: out of memory, and the block stays. */
void *secret_realloc(void *block, size_t size);
