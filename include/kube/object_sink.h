/* object_sink.h - what takes objects as a source gives them, one by one: the store, or a test. Control thread. */
#pragma once
#include "kube/object.h"

struct object_sink {
	/* Adds or replaces the object of that kind, namespace and name, and takes it (also on error: it is then freed, and nothing has changed). */
	enum err (*upsert)(void *arg, struct object *o);

	/* It is gone. ns is "" for cluster-scoped kinds. The strings are good during the call. */
	void (*gone)(void *arg, enum object_kind kind, const char *ns, const char *name);

	/* A list of this kind begins: what is not upserted between mark and sweep is gone at the sweep. A mark without a sweep changes nothing. A
	 * second mark before the sweep begins anew. */
	void (*mark)(void *arg, enum object_kind kind);
	void (*sweep)(void *arg, enum object_kind kind);

	/* There is an object of o's kind, namespace and name: one was upserted, and is not gone. */
	bool (*knows)(void *arg, const struct object *o);

	/* How much there is of this kind. */
	struct object_amount (*amount)(void *arg, enum object_kind kind);
	void *arg;
};
