#include "base/intern.h"
#include "base/hash.h"
#include "base/table.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct intern {
	struct table *entries;
};

/* The header before the octets; 16 octets, so that they are aligned as malloc's. */
struct interned {
	uint32_t refs, len;
	uint64_t hash;
	char bytes[];
};

struct key {
	const void *bytes;
	size_t len;
};

static struct interned *header_of(const void *interned)
{
	return (struct interned *)(uintptr_t)((const char *)interned - offsetof(struct interned, bytes));
}

static bool same_bytes(const void *entry, const void *key)
{
	const struct interned *e = entry;
	const struct key *k = key;
	return e->len == k->len && memcmp(e->bytes, k->bytes, k->len) == 0;
}

struct intern *intern_new(void)
{
	struct intern *pool = calloc(1, sizeof *pool);
	if (!pool)
		return NULL;
	pool->entries = table_new();
	if (!pool->entries) {
		free(pool);
		return NULL;
	}
	return pool;
}

void intern_free(struct intern *pool)
{
	if (!pool)
		return;
	assert(table_count(pool->entries) == 0);
	table_free(pool->entries);
	free(pool);
}

const void *intern_bytes(struct intern *pool, const void *bytes, size_t len)
{
	struct key key = {bytes, len};
	uint64_t hash = hash_bytes(bytes, len);
	struct interned *e = table_find(pool->entries, hash, same_bytes, &key);
	if (e) {
		e->refs++;
		return e->bytes;
	}
	if (len > UINT32_MAX)
		return NULL;
	e = malloc(sizeof *e + len + 1);
	if (!e)
		return NULL;
	e->refs = 1;
	e->len = (uint32_t)len;
	e->hash = hash;
	memcpy(e->bytes, bytes, len);
	e->bytes[len] = '\0';
	if (table_insert(pool->entries, hash, e)) {
		free(e);
		return NULL;
	}
	return e->bytes;
}

const char *intern_str(struct intern *pool, const char *text)
{
	return intern_bytes(pool, text, strlen(text));
}

const void *intern_ref(const void *interned)
{
	if (interned)
		header_of(interned)->refs++;
	return interned;
}

bool intern_unref(struct intern *pool, const void *interned)
{
	struct interned *e;
	if (!interned)
		return false;
	e = header_of(interned);
	if (--e->refs)
		return false;
	table_remove(pool->entries, e->hash, e);
	free(e);
	return true;
}

size_t intern_len(const void *interned)
{
	return header_of(interned)->len;
}

size_t intern_refs(const void *interned)
{
	return header_of(interned)->refs;
}
