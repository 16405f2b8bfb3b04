/* kind.h - what the kinds of objects differ in. */
#pragma once
#include "decode.h"

struct kind {
	const char *api_version, *name;
	bool cluster_scoped;
	enum form form;                                                                /* of metadata.name */
	size_t bytes;                                                                  /* of the struct that begins with struct object */
	void (*decode)(struct decoder *d, const struct field *root, struct object *o); /* NULL: metadata is all */
	void (*clear)(struct object *o, struct intern *pool);                          /* frees what decode gave it */
};

extern const struct kind kinds[OBJECT_KINDS];
