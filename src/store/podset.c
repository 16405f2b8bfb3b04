#include "podset.h"
#include <stdlib.h>
#include <string.h>

/* A sorted array, cut into blocks so that an insertion moves at most 2 KiB however large the set is. */
#define BLOCK_MAX 256
#define BLOCK_MIN 4

/* The lowest bit of a slot, free since objects are aligned, says that store_mark() came and the pod was not upserted since. */
#define UNSEEN ((uintptr_t)1)

struct pod_block {
	uint32_t count, cap;
	uintptr_t slots[]; /* struct pod *, and UNSEEN */
};

struct position {
	uint32_t block, at;
	bool found;
};

static struct pod *slot_pod(uintptr_t slot)
{
	return (struct pod *)(slot & ~UNSEEN);
}

static int slot_compare(uintptr_t slot, const char *name)
{
	const char *own = slot_pod(slot)->object.name;
	return own == name ? 0 : strcmp(own, name);
}

/* The last block that begins at or before name; 0 if none does. */
static uint32_t find_block(const struct podset *set, const char *name)
{
	uint32_t low = 0, high = set->block_count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (slot_compare(set->blocks[middle]->slots[0], name) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool is_behind_all(const struct podset *set, const char *name)
{
	const struct pod_block *last = set->blocks[set->block_count - 1];
	return slot_compare(last->slots[last->count - 1], name) < 0;
}

/* Where name is, or where it would be inserted. Lists come in order, so that is looked at first. */
static struct position find(const struct podset *set, const char *name)
{
	struct position p = {0};
	if (!set->block_count)
		return p;
	if (is_behind_all(set, name))
		return (struct position){.block = set->block_count - 1, .at = set->blocks[set->block_count - 1]->count};
	p.block = find_block(set, name);
	const struct pod_block *b = set->blocks[p.block];
	uint32_t high = b->count;
	while (p.at < high) {
		uint32_t middle = p.at + (high - p.at) / 2;
		int order = slot_compare(b->slots[middle], name);
		p.found |= order == 0;
		if (order < 0)
			p.at = middle + 1;
		else
			high = middle;
	}
	return p;
}

void podset_clear(struct podset *set)
{
	for (uint32_t i = 0; i < set->block_count; i++)
		free(set->blocks[i]);
	free(set->blocks);
	*set = (struct podset){0};
}

struct pod *podset_find(const struct podset *set, const char *name)
{
	struct position p = find(set, name);
	return p.found ? slot_pod(set->blocks[p.block]->slots[p.at]) : NULL;
}

static enum err block_resize(struct pod_block **b, uint32_t cap)
{
	struct pod_block *resized = realloc(*b, sizeof(**b) + cap * sizeof((*b)->slots[0]));
	if (!resized)
		return ERR_NOMEM;
	resized->cap = cap;
	*b = resized;
	return OK;
}

/* Puts an empty block before the at-th. */
static enum err add_block(struct podset *set, uint32_t at, uint32_t cap)
{
	struct pod_block **blocks = realloc(set->blocks, (set->block_count + 1) * sizeof(*blocks));
	if (!blocks)
		return ERR_NOMEM;
	set->blocks = blocks;
	struct pod_block *b = NULL;
	if (block_resize(&b, cap))
		return ERR_NOMEM;
	b->count = 0;
	memmove(&blocks[at + 1], &blocks[at], (set->block_count - at) * sizeof(*blocks));
	blocks[at] = b;
	set->block_count++;
	return OK;
}

/* Halves the full block at p. What arrives in order, as lists do, is appended to the last one; that stays full instead. */
static enum err split(struct podset *set, struct position *p)
{
	bool appends = p->at == BLOCK_MAX && p->block + 1 == set->block_count;
	uint32_t keep = appends ? BLOCK_MAX : BLOCK_MAX / 2;
	if (add_block(set, p->block + 1, appends ? BLOCK_MIN : BLOCK_MAX))
		return ERR_NOMEM;
	struct pod_block *low = set->blocks[p->block], *high = set->blocks[p->block + 1];
	high->count = low->count - keep;
	memcpy(high->slots, &low->slots[keep], high->count * sizeof(high->slots[0]));
	low->count = keep;
	if (p->at >= keep) {
		p->block++;
		p->at -= keep;
	}
	return OK;
}

static enum err make_room(struct podset *set, struct position *p)
{
	if (!set->block_count)
		return add_block(set, 0, BLOCK_MIN);
	struct pod_block **b = &set->blocks[p->block];
	if ((*b)->count < (*b)->cap)
		return OK;
	return (*b)->cap < BLOCK_MAX ? block_resize(b, 2 * (*b)->cap) : split(set, p);
}

enum err podset_insert(struct podset *set, struct pod *pod)
{
	struct position p = find(set, pod->object.name);
	if (make_room(set, &p))
		return ERR_NOMEM;
	struct pod_block *b = set->blocks[p.block];
	memmove(&b->slots[p.at + 1], &b->slots[p.at], (b->count - p.at) * sizeof(b->slots[0]));
	b->slots[p.at] = (uintptr_t)pod;
	b->count++;
	set->count++;
	return OK;
}

static void remove_block(struct podset *set, uint32_t at)
{
	free(set->blocks[at]);
	set->block_count--;
	memmove(&set->blocks[at], &set->blocks[at + 1], (set->block_count - at) * sizeof(struct pod_block *));
	if (!set->block_count)
		podset_clear(set);
}

void podset_remove(struct podset *set, const struct pod *pod)
{
	struct position p = find(set, pod->object.name);
	if (!p.found || slot_pod(set->blocks[p.block]->slots[p.at]) != pod)
		return;
	struct pod_block *b = set->blocks[p.block];
	b->count--;
	set->count--;
	memmove(&b->slots[p.at], &b->slots[p.at + 1], (b->count - p.at) * sizeof(b->slots[0]));
	if (!b->count)
		remove_block(set, p.block);
}

/* The slot under the cursor, which moves to the next block where one is through; NULL at the end. */
static uintptr_t *slot_at(const struct podset *set, struct podset_cursor *c)
{
	if (c->block < set->block_count && c->at >= set->blocks[c->block]->count)
		*c = (struct podset_cursor){.block = c->block + 1};
	return c->block < set->block_count ? &set->blocks[c->block]->slots[c->at] : NULL;
}

struct pod *podset_each(const struct podset *set, struct podset_cursor *cursor)
{
	const uintptr_t *slot = slot_at(set, cursor);
	cursor->at++;
	return slot ? slot_pod(*slot) : NULL;
}

void podset_unsee_all(struct podset *set)
{
	struct podset_cursor c = {0};
	for (uintptr_t *slot; (slot = slot_at(set, &c)); c.at++)
		*slot |= UNSEEN;
}

struct pod *podset_see(struct podset *set, const char *name)
{
	struct position p = find(set, name);
	if (!p.found)
		return NULL;
	uintptr_t *slot = &set->blocks[p.block]->slots[p.at];
	*slot &= ~UNSEEN;
	return slot_pod(*slot);
}

struct pod *podset_next_unseen(const struct podset *set, struct podset_cursor *cursor)
{
	for (uintptr_t *slot; (slot = slot_at(set, cursor)); cursor->at++)
		if (*slot & UNSEEN)
			return slot_pod(*slot);
	return NULL;
}
