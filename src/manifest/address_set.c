#include "address_set.h"
#include "base/hash.h"
#include "name_hash.h"
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct address_set *s, const struct addr *a)
{
	size_t at = hash_bytes(a, sizeof *a) & (s->cap - 1);
	while (s->slots[at].family != ADDR_NONE && !addr_equal(&s->slots[at], a))
		at = (at + 1) & (s->cap - 1);
	return at;
}

static enum err grow(struct address_set *s)
{
	struct address_set larger = {.count = s->count, .cap = s->cap ? 2 * s->cap : 64};
	larger.slots = calloc(larger.cap, sizeof *larger.slots);
	if (!larger.slots)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->cap; i++) {
		if (s->slots[i].family != ADDR_NONE)
			larger.slots[slot_of(&larger, &s->slots[i])] = s->slots[i];
	}
	free(s->slots);
	*s = larger;
	return OK;
}

enum err address_set_add(struct address_set *s, const struct addr *a)
{
	size_t at;
	if (2 * (s->count + 1) > s->cap && grow(s))
		return ERR_NOMEM;
	at = slot_of(s, a);
	s->count += s->slots[at].family == ADDR_NONE;
	s->slots[at] = *a;
	return OK;
}

bool address_set_has(const struct address_set *s, const struct addr *a)
{
	return s->cap && s->slots[slot_of(s, a)].family != ADDR_NONE;
}

void address_set_free(struct address_set *s)
{
	free(s->slots);
	*s = (struct address_set){0};
}

/* Addresses of a range that may be given: n from first, as cidr_nth counts them. */
struct span {
	uint64_t first, n;
};

static struct span usable(const struct cidr *range)
{
	uint64_t size = cidr_size(range);
	bool broadcast = range->base.family == ADDR_V4;
	if (size <= 2) /* RFC 3021, and single addresses */
		return (struct span){0, size};
	return (struct span){1, size - 1 - broadcast};
}

/* The first free one of span from its start-th on, and round. At most as many as the set holds can be taken. */
static bool probe(const struct address_set *s, const struct cidr *range, struct span span, uint64_t start, struct addr *out)
{
	for (uint64_t i = 0; i < span.n && i <= s->count; i++) {
		uint64_t n = span.first + (start + i) % span.n;
		if (cidr_nth(range, n, out) && !address_set_has(s, out))
			return true;
	}
	return false;
}

enum err address_set_pick(struct address_set *s, const struct cidr *range, uint64_t reserved, const char *ns, const char *name,
                          struct addr *out)
{
	struct span all = usable(range), low, high;
	uint64_t hash = name_hash(ns, name, 0);
	if (reserved >= all.n)
		reserved = 0;
	low = (struct span){all.first, reserved};
	high = (struct span){all.first + reserved, all.n - reserved};
	if (!(high.n && probe(s, range, high, hash % high.n, out)) && !(low.n && probe(s, range, low, hash % low.n, out)))
		return ERR_RANGE;
	return address_set_add(s, out);
}
