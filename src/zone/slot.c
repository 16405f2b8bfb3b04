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

int slot_compare(const struct slot *a, const struct slot *b)
{
	int difference = memcmp(a->key, b->key, a->key_len < b->key_len ? a->key_len : b->key_len);
	return difference ? difference : a->key_len - b->key_len;
}
