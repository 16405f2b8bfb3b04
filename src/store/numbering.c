#include "numbering.h"
#include "base/hash.h"
#include <stdlib.h>
#include <string.h>

#define CELLS_MIN 64

static uint32_t *find_cell(const struct numbering *n, const void *pointer)
{
	for (uint64_t at = hash_bytes(&pointer, sizeof pointer);; at++) {
		uint32_t *cell = &n->cells[at & (n->cell_count - 1)];
		if (!*cell || n->pointers[*cell - 1] == pointer)
			return cell;
	}
}

/* Twice the cells; half of them may be pointers. */
static bool grow(struct numbering *n)
{
	uint32_t count = n->cell_count ? 2 * n->cell_count : CELLS_MIN;
	uint32_t *cells = calloc(count, sizeof *cells);
	const void **pointers = cells ? realloc(n->pointers, count / 2 * sizeof *pointers) : NULL;
	if (!pointers) {
		free(cells);
		return false;
	}
	free(n->cells);
	n->cells = cells;
	n->pointers = pointers;
	n->cell_count = count;
	for (uint32_t i = 0; i < n->count; i++)
		*find_cell(n, n->pointers[i]) = i + 1;
	return true;
}

uint32_t numbering_of(struct numbering *n, const void *pointer, bool *is_new)
{
	uint32_t *cell;
	*is_new = false;
	if (n->failed || (n->count == n->cell_count / 2 && !grow(n))) {
		n->failed = true;
		return 0;
	}
	cell = find_cell(n, pointer);
	if (!*cell) {
		n->pointers[n->count++] = pointer;
		*cell = n->count;
		*is_new = true;
	}
	return *cell - 1;
}

void numbering_clear(struct numbering *n)
{
	free(n->pointers);
	free(n->cells);
	*n = (struct numbering){0};
}
