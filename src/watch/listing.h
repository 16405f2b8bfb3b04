/* listing.h - the list that is under way, until it is whole or given up. What it says of objects that are known is given out as it comes, so that the
 * world is not there twice. What would be new, or gone, is kept until the list is whole, so that one which never is adds nothing and takes nothing
 * away. */
#pragma once
#include "list_progress.h"
#include "object_batch.h"
#include "stream.h"
#include "version.h"

/* Who gets the objects. */
struct listing_outlet {
	struct object_sink sink;

	/* Something is about to be given to the sink. o: the object, or NULL where it is several at once, or where something goes. */
	void (*changing)(void *arg, const struct object *o);
	void *arg;
};

struct listing {
	const struct listing_outlet *outlet;
	enum object_kind kind;
	struct object_batch batch; /* what it would add and take away */
	struct list_progress progress;
	struct stream_counts ended; /* what the responses had that have ended */
	char version[VERSION_MAX];  /* that it is of, as its last page said */
	bool gone;                  /* it takes something away */
	bool marked;                /* something of it was given out */
};

/* None is under way. outlet and pool are borrowed. */
void listing_init(struct listing *l, const struct listing_outlet *outlet, enum object_kind kind, struct intern *pool);

/* One is begun. */
void listing_begin(struct listing *l);

/* It is given up: what was kept of it goes. */
void listing_drop(struct listing *l);

/* It says that an object is there, or gone. Takes o. ERR_NOMEM. */
enum err listing_take(struct listing *l, struct object *o);
enum err listing_take_gone(struct listing *l, const char *ns, const char *name);

/* A response has ended, or the list that it began with has: it had so much of the list. */
void listing_add_counts(struct listing *l, struct stream_counts counts);

/* It is whole, and counted: what was kept is given out, and what it does not have is swept. Where most of it could not be read, *doubtful says so and
 * nothing is swept. Since that adds up, the bounds are checked then. On an error, which d tells, it is as if it were not whole. plural is the
 * resource's name, for a log line. */
enum err listing_finish(struct listing *l, const struct list_bounds *bounds, const char *plural, bool *doubtful, struct diag *d);
