/* reflector.h - keeps a copy of one resource up to date: a list, then a watch from where the list ended, and again where either fails.
 * The semantics are those of client-go's reflector.
 *
 * The list is streamed where the server can do that (KEP-3157), else fetched: first whatever its cache has (resourceVersion=0), later nothing
 * older than what was seen, and only where that version has expired from its store, in pages (request_plan.h). A list that is given up adds nothing
 * and takes nothing away (listing.h).
 *
 * After a watch that did not end as it should, past.h makes sure that the server has reached the version that the next one goes on from. */
#pragma once
#include "api/api.h"
#include "kube/object_sink.h"
#include "list_progress.h"
#include "resource.h"
#include "retry.h"
#include "text/json_arena.h"

struct reflector;

struct reflector_handlers {
	/* Something is about to be given to the sink. o: the object, or NULL where it is several at once, or where something goes. */
	void (*changing)(void *arg, const struct object *o);

	/* A list is whole, and was given out. It was swept, unless most of it could not be read: then nothing of what there was is gone. */
	void (*synced)(void *arg, enum object_kind kind);
	void *arg;
};

/* Milliseconds. */
struct reflector_limits {
	unsigned head;                 /* to wait for a response */
	unsigned list_silence;         /* between octets of a list */
	unsigned watch_silence;        /* the same, of a watch: a bookmark comes each minute */
	struct retry_limits retry;     /* after a failure */
	unsigned watch_min, watch_max; /* how long the server is asked to keep a watch; drawn at random between these */
	unsigned confirm_pause;        /* between two questions whether it has reached a version */
	struct list_bounds list;       /* what lists may take, and how much there may be of a kind */
};

/* All but the list's bounds, which a user chooses. */
extern const struct reflector_limits reflector_default_limits;

struct reflector_counts {
	uint64_t objects, bytes; /* received since the last list began */
	unsigned lists, watches; /* begun, ever */
	unsigned refused_status; /* why there is no list: 401, 403, 404, ... of the last try; 0: another reason, or there is one */
	bool synced;             /* a list was complete once; what it gave is kept up to date, or at least kept */
	bool watching;           /* a watch is under way, and the server is what it was */
	uint64_t heard_ms; /* the loop's time when the world was known to be as it is last: a list's end, an event, a bookmark; 0: never */
	const char *version; /* that the world has; "": none. Borrowed until the loop turns */
};

/* labels: a label selector besides the resource's own; "": none. sink and handlers are copied, everything else is borrowed. Begins at once; sink and handlers are called
 * from the loop. An object that the sink did not take comes again. NULL: out of memory. */
struct reflector *reflector_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *labels, struct intern *pool,
                                struct json_arena *arena, const struct reflector_limits *limits, const struct object_sink *sink,
                                const struct reflector_handlers *handlers);

/* Not in a handler. Memory is freed once libuv has closed the handles. Takes NULL. */
void reflector_free(struct reflector *r);

/* How it is getting on. */
struct reflector_counts reflector_counts(const struct reflector *r);
