/* past.h - whether an API server's changes go on from those that were seen. A server may have been set back to a backup, or be another one;
 * it takes a watch all the same.
 *
 * After a watch that did not end as it should, the server is asked (confirm.h) for the object that changed last. Where that object differs, it
 * has changed since, or the server has another past. So the server is asked to say that change again: a watch from right before it says it first,
 * if the past is the same. Control thread's loop. */
#pragma once
#include "confirm.h"

struct past;

struct past_handlers {
	/* The server has reached the version: the watch that is under way may go on. */
	void (*same)(void *arg);

	/* A watch is to be begun from that version, in place of the one that is under way. Its versions are to be given to past_replay(). */
	void (*replay)(void *arg, const char *from);

	/* The server has another past. said: how we know, for a log line. */
	void (*broken)(void *arg, const char *said);
	void *arg;
};

/* As confirm_new(). NULL: out of memory. */
struct past *past_new(uv_loop_t *loop, struct api *api, const char *selector, struct intern *pool, struct json_arena *arena,
                      const struct confirm_timing *timing, const struct past_handlers *handlers);

/* Not in a handler. Memory is freed once libuv has closed the handles. Takes NULL. */
void past_free(struct past *p);

/* An object of a list or a watch says this of itself. deleted: it is gone as of that version. While the server is in doubt, what its watch says is
 * not to be given here. */
void past_seen(struct past *p, const char *ns, const char *name, const char *version, bool deleted);

/* A list begins: nothing was seen, and nothing is replayed. */
void past_forget(struct past *p);

/* Asks whether the server has reached version. One of the handlers is called later, unless it is stopped. */
void past_ask(struct past *p, const struct resource *resource, const char *version);
void past_stop(struct past *p);

/* A replay is under way: the first version that its watch says decides. */
bool past_is_replaying(const struct past *p);

/* Gives that version. True: it is the change that was seen last, so the watch goes on from there, and nothing is replayed any more. False: `broken`
 * will be called in the loop's next turn, since a stream can't be ended from within. */
bool past_replay(struct past *p, const char *version);
