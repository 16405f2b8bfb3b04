#include "affinity.h"
#include <stddef.h>

static bool is_key(const struct affinity_key *a, const struct affinity_key *b)
{
	return a->port == b->port && a->protocol == b->protocol && addr_equal(&a->client, &b->client) &&
	       addr_equal(&a->service, &b->service);
}

static struct affinity_entry *find(const struct affinity *a, const struct affinity_key *key)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (is_key(&a->entries[i].key, key))
			return (struct affinity_entry *)&a->entries[i];
	}
	return NULL;
}

const struct addr *affinity_find(const struct affinity *a, const struct affinity_key *key, uint64_t now_ms, uint32_t timeout_s)
{
	const struct affinity_entry *e = find(a, key);
	return e && now_ms - e->seen_ms < timeout_s * 1000ULL ? &e->endpoint : NULL;
}

static struct affinity_entry *oldest(struct affinity *a)
{
	struct affinity_entry *o = &a->entries[0];
	for (unsigned i = 1; i < a->count; i++) {
		if (a->entries[i].seen_ms < o->seen_ms)
			o = &a->entries[i];
	}
	return o;
}

void affinity_note(struct affinity *a, const struct affinity_key *key, const struct addr *endpoint, uint64_t now_ms)
{
	struct affinity_entry *e = find(a, key);
	if (!e)
		e = a->count < AFFINITY_MAX ? &a->entries[a->count++] : oldest(a);
	*e = (struct affinity_entry){*key, *endpoint, now_ms};
}
