#include "listing.h"
#include "base/log.h"

void listing_init(struct listing *l, const struct listing_outlet *outlet, enum object_kind kind, struct intern *pool)
{
	*l = (struct listing){.outlet = outlet, .kind = kind, .batch = {.pool = pool}};
}

void listing_begin(struct listing *l)
{
	struct intern *pool = l->batch.pool;
	listing_drop(l);
	listing_init(l, l->outlet, l->kind, pool);
}

void listing_drop(struct listing *l)
{
	object_batch_clear(&l->batch);
}

/* Before the first object that is given out. */
static void mark(struct listing *l)
{
	if (!l->marked)
		l->outlet->sink.mark(l->outlet->sink.arg, l->kind);
	l->marked = true;
}

/* Where the list itself has said that something is gone, order counts: then all is kept. */
enum err listing_take(struct listing *l, struct object *o)
{
	const struct object_sink *sink = &l->outlet->sink;
	if (l->gone || !sink->knows(sink->arg, o))
		return object_batch_add(&l->batch, o);
	mark(l);
	l->outlet->changing(l->outlet->arg, o);
	return sink->upsert(sink->arg, o);
}

enum err listing_take_gone(struct listing *l, const char *ns, const char *name)
{
	l->gone = true;
	return object_batch_add_gone(&l->batch, l->kind, ns, name);
}

void listing_add_counts(struct listing *l, struct stream_counts counts)
{
	l->ended.objects += counts.objects;
	l->ended.unreadable += counts.unreadable;
}

/* A list like that says little about what is gone. */
static bool is_doubtful(const struct listing *l, const char *plural)
{
	if (l->ended.unreadable * 2 <= l->ended.objects)
		return false;
	log_line(LOG_WARNING, "%s: of the list's %llu objects %llu can't be read: what was known before stays", plural,
	         (unsigned long long)l->ended.objects, (unsigned long long)l->ended.unreadable);
	return true;
}

static enum err check_room(const struct listing *l, const struct list_bounds *bounds, struct diag *d)
{
	struct object_amount all = l->outlet->sink.amount(l->outlet->sink.arg, l->kind);
	all.objects += l->batch.amount.objects;
	all.octets += l->batch.amount.octets;
	return list_bounds_check(bounds, all, d);
}

static enum err give_out(struct listing *l, struct diag *d)
{
	enum err err;
	mark(l);
	l->outlet->changing(l->outlet->arg, NULL);
	err = object_batch_give(&l->batch, &l->outlet->sink);
	return err ? diag_set(d, err, "the list's objects could not be taken: %s", err_str(err)) : OK;
}

enum err listing_finish(struct listing *l, const struct list_bounds *bounds, const char *plural, bool *doubtful, struct diag *d)
{
	enum err err;
	*doubtful = is_doubtful(l, plural);
	err = *doubtful ? check_room(l, bounds, d) : OK;
	if (!err)
		err = give_out(l, d);
	if (!err && !*doubtful)
		l->outlet->sink.sweep(l->outlet->sink.arg, l->kind);
	return err;
}
