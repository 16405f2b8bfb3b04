#include "slot.h"
#include <string.h>

bool slot_matches(const void *slot, const void *key)
{
	const struct slot *s = slot;
	const struct slot_key *k = key;
	return s->key_len == k->len && s->tree == k->tree && memcmp(s->key, k->wire, k->len) == 0;
}

bool namespace_matches(const void *ns, const void *key)
{
	const struct namespace *n = ns;
	const uint8_t *label = key;
	return n->label[0] == label[0] && memcmp(n->label, label, 1u + label[0]) == 0;
}

/* Texts of labels, which begin with their length. */
static int label_compare(const uint8_t *a, const uint8_t *b)
{
	int difference = memcmp(a + 1, b + 1, a[0] < b[0] ? a[0] : b[0]);
	return difference ? difference : a[0] - b[0];
}

int slot_compare(const struct slot *a, const struct slot *b)
{
	int difference = label_compare(a->key, b->key);
	return difference ? difference : label_compare(a->key + 1 + a->key[0], b->key + 1 + b->key[0]);
}
