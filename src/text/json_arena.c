#include "text/json_arena.h"
#include "base/secret.h"
#include <cjson/cJSON.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define CHUNK_MIN ((size_t)64 << 10)

struct chunk {
	struct chunk *next; /* an earlier, smaller one */
	size_t cap, used;
	alignas(max_align_t) char bytes[];
};

struct json_arena {
	struct chunk *chunks; /* the one being filled first */
};

/* The one that this thread has entered. It is thread-local state because cJSON's hooks pass nothing along. */
static _Thread_local struct json_arena *entered;

static struct chunk *chunk_new(size_t cap, struct chunk *next)
{
	struct chunk *c = malloc(sizeof *c + cap);
	if (c)
		*c = (struct chunk){.next = next, .cap = cap};
	return c;
}

static void *take(struct json_arena *a, size_t size)
{
	struct chunk *c = a->chunks;
	void *block;
	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (size > c->cap - c->used) {
		c = chunk_new(2 * (c->cap > size ? c->cap : size), c);
		if (!c)
			return NULL;
		a->chunks = c;
	}
	block = c->bytes + c->used;
	c->used += size;
	return block;
}

static bool owns(const struct json_arena *a, const void *block)
{
	for (const struct chunk *c = a->chunks; c; c = c->next) {
		if ((uintptr_t)block - (uintptr_t)c->bytes < c->cap)
			return true;
	}
	return false;
}

static void *hook_malloc(size_t size)
{
	return entered ? take(entered, size) : malloc(size);
}

static void hook_free(void *block)
{
	if (!entered || !owns(entered, block))
		secret_free(block);
}

void json_arena_install(void)
{
	cJSON_Hooks hooks = {hook_malloc, hook_free};
	cJSON_InitHooks(&hooks);
}

struct json_arena *json_arena_new(void)
{
	struct json_arena *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->chunks = chunk_new(CHUNK_MIN, NULL);
	if (!a->chunks) {
		free(a);
		return NULL;
	}
	return a;
}

static void free_chunks(struct chunk *c)
{
	while (c) {
		struct chunk *next = c->next;
		free(c);
		c = next;
	}
}

void json_arena_free(struct json_arena *a)
{
	if (!a)
		return;
	free_chunks(a->chunks);
	free(a);
}

void json_arena_enter(struct json_arena *a)
{
	entered = a;
}

/* Keeps the largest chunk that may be kept; the first is, so there always is one. */
void json_arena_leave(struct json_arena *a)
{
	struct chunk *kept = a->chunks;
	entered = NULL;
	while (kept->cap > JSON_ARENA_KEEP_MAX) {
		struct chunk *next = kept->next;
		free(kept);
		kept = next;
	}
	free_chunks(kept->next);
	kept->next = NULL;
	kept->used = 0;
	a->chunks = kept;
}
