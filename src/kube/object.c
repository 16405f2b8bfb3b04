#include "kind.h"
#include <stdlib.h>
#include <string.h>

const char *object_kind_name(enum object_kind kind)
{
	return kinds[kind].name;
}

bool object_is_workload(const struct object *o)
{
	return kinds[o->kind].decode == workload_decode;
}

enum object_kind workload_kind(const char *name)
{
	enum object_kind kind = 0;
	while (kind < OBJECT_KINDS && (kinds[kind].decode != workload_decode || strcmp(kinds[kind].name, name) != 0))
		kind++;
	return kind;
}

const char *object_kind_api_version(enum object_kind kind)
{
	return kinds[kind].api_version;
}

struct object *object_new(enum object_kind kind)
{
	struct object *o = calloc(1, kinds[kind].bytes);
	if (o)
		o->kind = kind;
	return o;
}

void object_free(struct object *o, struct intern *pool)
{
	if (!o)
		return;
	if (kinds[o->kind].clear)
		kinds[o->kind].clear(o, pool);
	intern_unref(pool, o->ns);
	intern_unref(pool, o->name);
	label_set_unref(pool, o->labels);
	free(o);
}
