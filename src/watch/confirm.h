/* confirm.h - makes sure that an API server's store is the one that a watch goes on from. One that was set back to a backup takes the watch all
 * the same: until its versions have passed that of the watch it says nothing, and then not what was undone.
 *
 * It is asked for the object that changed last, by its name and as it is now: one key of the store behind the server, which says at once what
 * version that store has, and whether it came there on the same way. (What is asked for as "not older than" a version, from the server's
 * memory, a server that is behind refuses only after 3 s.) If there was no object, a list of one at most says whether there still is none.
 * So all clients may ask at once when a server comes back. Where it can't be asked now it is asked again, for as long as it takes. Control
 * thread's loop. */
#pragma once
#include "api/api.h"
#include "resource.h"
#include "text/json_arena.h"
#include "version.h"

struct confirm;

/* Milliseconds. */
struct confirm_timing {
	unsigned head, silence;        /* to wait for a response, and between octets of it */
	unsigned retry_min, retry_max; /* between tries */
	unsigned pause;                /* from one question to the next, at least */
};

/* The object that changed last, as far as is known. */
struct confirm_object {
	char ns[64], name[256];    /* name "": it was deleted by that change */
	char version[VERSION_MAX]; /* "": there is no object at all */
};

struct confirm_handlers {
	void (*reached)(void *arg);
	/* It was reached, but that object is not as it was: it has changed since, or the store is another one. */
	void (*differs)(void *arg);
	/* It has not, or has no such versions. said: how we know, for a log line. */
	void (*behind)(void *arg, const char *said);
	void *arg;
};

/* selector: the start of the query; all is borrowed. NULL: out of memory. */
struct confirm *confirm_new(uv_loop_t *loop, struct api *api, const char *selector, struct intern *pool, struct json_arena *arena,
                            const struct confirm_timing *timing, const struct confirm_handlers *handlers);

/* Asks nothing more. Memory is freed once libuv has closed the handles. Takes NULL. */
void confirm_free(struct confirm *c);

/* last is copied. One of the handlers is called later, unless it is stopped. While a question is open another one is not asked: what the server
 * says of the first version is as good. */
void confirm_ask(struct confirm *c, const struct resource *resource, const char *version, const struct confirm_object *last);
void confirm_stop(struct confirm *c);
