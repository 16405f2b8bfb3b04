#include "dns/compression.h"

#define POINTER     0xc000u
#define POINTER_MAX 0x3fffu
#define WINDOW      4 /* slots that a name may stand in: a bound on what a peer can make us look at */
#define WHOLE       1u

/* Of each name that n ends in, the whole first. */
struct suffixes {
	uint32_t hash[NAME_LABELS_MAX];
};

static void hash_suffixes(const struct name *n, struct suffixes *s)
{
	uint32_t hash = 0;
	for (unsigned i = n->labels; i-- > 0;) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		hash = (hash ^ (uint32_t)len) * 0x9e3779b1u;
		for (size_t k = 0; k < len; k++)
			hash = (hash ^ name_octet_lower(label[k])) * 0x01000193u;
		s->hash[i] = hash ^ hash >> 15;
	}
}

static unsigned slot_of(uint32_t hash, unsigned step)
{
	return ((hash >> 16) + step) % COMPRESSION_SLOTS;
}

static uint16_t check_of(uint32_t hash)
{
	return (uint16_t)(hash & ~WHOLE);
}

/* The name at `at`, which we wrote, is the uncompressed one. */
static bool is_at(const uint8_t *bytes, size_t at, const uint8_t *wire)
{
	for (;;) {
		while (bytes[at] > NAME_LABEL_MAX)
			at = wire_load_u16(bytes + at) & POINTER_MAX;
		unsigned len = *wire;
		if (bytes[at] != len)
			return false;
		if (!len)
			return true;
		for (unsigned i = 1; i <= len; i++)
			if (name_octet_lower(bytes[at + i]) != name_octet_lower(wire[i]))
				return false;
		at += len + 1;
		wire += len + 1;
	}
}

/* The slot of the i-th suffix of n; COMPRESSION_SLOTS: it has none. */
static unsigned find(const struct compression *c, const uint8_t *bytes, const struct name *n, const struct suffixes *s, unsigned i)
{
	for (unsigned step = 0; step < WINDOW; step++) {
		unsigned slot = slot_of(s->hash[i], step);
		if (c->slots[slot].at && (c->slots[slot].check & ~WHOLE) == check_of(s->hash[i]) &&
		    is_at(bytes, c->slots[slot].at, n->wire + n->offset[i]))
			return slot;
	}
	return COMPRESSION_SLOTS;
}

static void remember_suffix(struct compression *c, uint32_t hash, size_t at, bool whole)
{
	if (at > POINTER_MAX)
		return;
	for (unsigned step = 0; step < WINDOW; step++) {
		unsigned slot = slot_of(hash, step);
		if (c->slots[slot].at)
			continue;
		c->slots[slot].at = (uint16_t)at;
		c->slots[slot].check = (uint16_t)(check_of(hash) | (whole ? WHOLE : 0));
		return;
	}
}

/* How many labels of n stand nowhere yet; *slot has those after them, if there are any. */
static unsigned count_new(const struct compression *c, const uint8_t *bytes, const struct name *n, const struct suffixes *s, unsigned *slot)
{
	unsigned labels = 0;
	*slot = COMPRESSION_SLOTS;
	while (labels < n->labels && (*slot = find(c, bytes, n, s, labels)) == COMPRESSION_SLOTS)
		labels++;
	return labels;
}

/* The name was written at begin, of whose labels so many stood nowhere before. */
static void remember(struct compression *c, const struct name *n, const struct suffixes *s, size_t begin, unsigned labels, unsigned slot)
{
	if (labels == 0 && n->labels)
		c->slots[slot].check |= WHOLE;
	for (unsigned i = 0; i < labels; i++)
		remember_suffix(c, s->hash[i], begin + n->offset[i], i == 0);
}

void compression_put(struct compression *c, struct wire_writer *w, const struct name *n)
{
	struct suffixes s;
	unsigned slot;
	size_t begin = w->len;
	hash_suffixes(n, &s);
	unsigned labels = count_new(c, w->bytes, n, &s, &slot);
	size_t len = labels < n->labels ? n->offset[labels] : n->len;
	uint8_t *at = wire_extend(w, len + (labels < n->labels ? 2 : 0));
	if (!at)
		return;
	memcpy(at, n->wire, len);
	if (labels < n->labels)
		wire_store_u16(at + len, POINTER | c->slots[slot].at);
	remember(c, n, &s, begin, labels, slot);
}

void compression_put_plain(struct compression *c, struct wire_writer *w, const struct name *n)
{
	struct suffixes s;
	unsigned slot;
	size_t begin = w->len;
	hash_suffixes(n, &s);
	unsigned labels = count_new(c, w->bytes, n, &s, &slot);
	wire_put_name(w, n);
	if (!w->overflow)
		remember(c, n, &s, begin, labels, slot);
}

bool compression_has(const struct compression *c, const struct wire_writer *w, const struct name *n)
{
	struct suffixes s;
	if (!n->labels)
		return false;
	hash_suffixes(n, &s);
	unsigned slot = find(c, w->bytes, n, &s, 0);
	return slot < COMPRESSION_SLOTS && (c->slots[slot].check & WHOLE);
}

void compression_cut(struct compression *c, size_t len)
{
	for (unsigned i = 0; i < COMPRESSION_SLOTS; i++)
		if (c->slots[i].at >= len)
			c->slots[i].at = 0;
}
