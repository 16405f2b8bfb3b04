/* numbering.h - numbers for pointers, in the order in which they are first asked for. All zero is empty. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numbering {
	const void **pointers; /* by number */
	uint32_t *cells;       /* number + 1 by open addressing, 0: free; more than pointers are */
	uint32_t count, cell_count;
	bool failed; /* out of memory; numbers are then 0 */
};

/* *is_new: it was not known before. */
uint32_t numbering_of(struct numbering *n, const void *pointer, bool *is_new);
void numbering_clear(struct numbering *n);
