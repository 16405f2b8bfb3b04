#include "zone/generation.h"
#include "base/hash.h"
#include "label.h"
#include <string.h>

uint64_t generation_name_hash(const uint8_t *name, size_t len)
{
	return hash_bytes(name, len);
}

uint64_t generation_addr_hash(const struct addr *a)
{
	return hash_bytes(a->octets, addr_len(a));
}

/* Most generations are small, and what will be read of one begins on three cache lines: they are on their way while the index is read. */
static void fetch_ahead(const struct generation *g)
{
	__builtin_prefetch(g->text);
	__builtin_prefetch(g->a);
}

const struct node *generation_find(const struct generation *g, const uint8_t *name, size_t len)
{
	if (len == 0)
		return &g->nodes[0];
	fetch_ahead(g);
	for (uint64_t at = generation_name_hash(name, len);; at++) {
		uint32_t cell = g->name_index[at & g->name_mask];
		if (!cell)
			return NULL;
		const struct node *n = &g->nodes[cell - 1];
		if (n->label_len == len && labels_spell(g->text + n->label, name, len))
			return n;
	}
}

static bool cell_has(const struct generation *g, struct addr_cell cell, const struct addr *a)
{
	if (a->family == ADDR_V6)
		return cell.at & ADDR_CELL_V6 && memcmp(g->aaaa + (size_t)(cell.at & ADDR_CELL_AT) * 16, a->octets, 16) == 0;
	return !(cell.at & ADDR_CELL_V6) && memcmp(g->a + (size_t)(cell.at & ADDR_CELL_AT) * 4, a->octets, 4) == 0;
}

const struct addr_cell *generation_find_cell(const struct generation *g, const struct addr *a, uint64_t hash)
{
	fetch_ahead(g);
	for (uint64_t at = hash;; at++) {
		const struct addr_cell *cell = &g->addr_index[at & g->addr_mask];
		if (!cell->node)
			return NULL;
		if (cell_has(g, *cell, a))
			return cell;
	}
}

const struct node *generation_find_addr(const struct generation *g, const struct addr *a, uint64_t hash)
{
	const struct addr_cell *cell = generation_find_cell(g, a, hash);
	return cell ? &g->nodes[cell->node - 1] : NULL;
}

static void cell_addr(const struct generation *g, struct addr_cell cell, struct addr *a)
{
	memset(a, 0, sizeof *a);
	a->family = cell.at & ADDR_CELL_V6 ? ADDR_V6 : ADDR_V4;
	if (a->family == ADDR_V6)
		memcpy(a->octets, g->aaaa + (size_t)(cell.at & ADDR_CELL_AT) * 16, 16);
	else
		memcpy(a->octets, g->a + (size_t)(cell.at & ADDR_CELL_AT) * 4, 4);
}

bool generation_each_addr(const struct generation *g, size_t *cursor, struct addr *a)
{
	while (*cursor <= g->addr_mask) {
		struct addr_cell cell = g->addr_index[(*cursor)++];
		if (cell.node) {
			cell_addr(g, cell, a);
			return true;
		}
	}
	return false;
}
