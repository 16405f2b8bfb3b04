/* object_batch.h - what a list has brought so far, in order: kept until the list is whole, so that one which never is leaves no trace. */
#pragma once
#include "kube/object_sink.h"

struct batch_item;

/* All zero but the pool: empty. */
struct object_batch {
	struct intern *pool;
	struct batch_item *items;
	size_t count, cap;
	struct object_amount amount; /* of the objects; one that came twice counts twice */
};

/* Both take the next item. ERR_NOMEM: the object is freed. */
enum err object_batch_add(struct object_batch *b, struct object *o);
enum err object_batch_add_gone(struct object_batch *b, enum object_kind kind, const char *ns,
                               const char *name); /* a streamed list may say so */

/* Gives all to the sink, by upsert and gone; the batch is empty then. On an error of upsert the rest is freed. */
enum err object_batch_give(struct object_batch *b, const struct object_sink *sink);

/* Empties it. */
void object_batch_clear(struct object_batch *b);
