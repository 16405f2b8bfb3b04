/* stream.h - the body of one response as objects: the items of a list, or the events of a watch.
 *
 * A list is one only if it says so: with the kind that was asked for, and the resourceVersion that it is of. Members have no order, so what
 * its items are worth is known at its end: without these it is an error. */
#pragma once
#include "base/log.h"
#include "resource.h"
#include "scan.h"
#include "text/json_arena.h"

enum stream_mark {
	STREAM_EVENT,
	STREAM_BOOKMARK,
	STREAM_INITIAL_END, /* a bookmark: the objects that were there at the beginning are complete */
};

/* What is in it, as it comes. Strings are borrowed for the call. An error ends the stream. */
struct stream_handlers {
	enum err (*upsert)(void *arg, struct object *o); /* takes it */
	enum err (*gone)(void *arg, const char *ns, const char *name);

	/* What the metadata of an item or event says, before anything else of an event is given out. deleted: it is gone as of that version. */
	void (*seen)(void *arg, const char *ns, const char *name, const char *version, bool deleted);

	/* The version that the world has after the event just handed over, or after a bookmark. */
	enum err (*version)(void *arg, const char *version, enum stream_mark mark);

	/* A list's own metadata. version: a usable one. continuation: for the next page; "" if this is the last. */
	void (*list)(void *arg, const char *version, const char *continuation);

	/* The server gives up; the stream ends with ERR_DENIED. code: as of HTTP, 410 for an expired version. */
	void (*error)(void *arg, unsigned code, const char *message);
	void *arg;
};

struct stream;

/* pool, arena and lines, for what is said of single objects, are borrowed. NULL: out of memory. */
struct stream *stream_new(const struct resource *resource, enum scan_form form, struct intern *pool, struct json_arena *arena,
                          struct log_series *lines, const struct stream_handlers *handlers);
void stream_free(struct stream *s); /* takes NULL */

struct stream_counts {
	uint64_t objects;    /* items, or events that say that something is there */
	uint64_t unreadable; /* of these, what is left out */
};
/* How much came so far. */
struct stream_counts stream_counts(const struct stream *s);

/* The next octets, and the end. An object that is too large or not well-formed is left out with a warning. ERR_SYNTAX: the stream is broken;
 * ERR_DENIED: see above; ERR_NOMEM. Nothing more can then be read. */
enum err stream_feed(struct stream *s, const char *bytes, size_t len, struct diag *d);
enum err stream_end(const struct stream *s, struct diag *d);
