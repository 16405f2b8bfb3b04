#include "object_batch.h"
#include <stdlib.h>

struct batch_item {
	struct object *object;
	bool gone; /* only kind, namespace and name of it count */
};

static enum err append(struct object_batch *b, struct object *o, bool gone)
{
	if (b->count == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 64;
		struct batch_item *items = realloc(b->items, cap * sizeof *items);
		if (!items) {
			object_free(o, b->pool);
			return ERR_NOMEM;
		}
		b->items = items;
		b->cap = cap;
	}
	b->items[b->count++] = (struct batch_item){o, gone};
	return OK;
}

enum err object_batch_add(struct object_batch *b, struct object *o)
{
	uint32_t octets = o->octets;
	enum err err = append(b, o, false);
	if (err)
		return err;
	b->amount.objects++;
	b->amount.octets += octets;
	return OK;
}

enum err object_batch_add_gone(struct object_batch *b, enum object_kind kind, const char *ns, const char *name)
{
	struct object *o = object_new(kind);
	if (!o)
		return ERR_NOMEM;
	o->ns = intern_str(b->pool, ns);
	o->name = intern_str(b->pool, name);
	if (o->ns && o->name)
		return append(b, o, true);
	object_free(o, b->pool);
	return ERR_NOMEM;
}

static enum err give_one(const struct object_batch *b, const struct object_sink *sink, const struct batch_item *item)
{
	struct object *o = item->object;
	if (!item->gone)
		return sink->upsert(sink->arg, o);
	sink->gone(sink->arg, o->kind, o->ns, o->name);
	object_free(o, b->pool);
	return OK;
}

static void empty(struct object_batch *b)
{
	free(b->items);
	*b = (struct object_batch){.pool = b->pool};
}

enum err object_batch_give(struct object_batch *b, const struct object_sink *sink)
{
	enum err err = OK;
	for (size_t i = 0; i < b->count; i++) {
		if (err)
			object_free(b->items[i].object, b->pool);
		else
			err = give_one(b, sink, &b->items[i]);
	}
	empty(b);
	return err;
}

void object_batch_clear(struct object_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		object_free(b->items[i].object, b->pool);
	empty(b);
}
