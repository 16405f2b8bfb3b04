/* confirm.h - makes sure that an API server has reached the version that a watch goes on from. One whose store was set back to a backup has
 * not: it takes the watch all the same and says nothing until its versions have passed that one, as if nothing changed.
 *
 * A list of one object at most is asked for that is not older than the version. The server answers it from its memory, so all clients may ask
 * at once when it comes back. Where it can't be asked now it is asked again, for as long as it takes. Control thread's loop. */
#pragma once
#include "api.h"
#include "kube/json_arena.h"
#include "resource.h"

struct confirm;

/* Milliseconds. */
struct confirm_timing {
	unsigned head, silence;        /* to wait for a response, and between octets of it */
	unsigned retry_min, retry_max; /* between tries */
	unsigned pause;                /* from one question to the next, at least */
};

struct confirm_handlers {
	void (*reached)(void *arg);
	/* It has not, or has no such versions. said: how we know, for a log line. */
	void (*behind)(void *arg, const char *said);
	void *arg;
};

/* selector: the start of the query; all is borrowed. NULL: out of memory. */
struct confirm *confirm_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *selector, struct intern *pool,
                            struct json_arena *arena, const struct confirm_timing *timing, const struct confirm_handlers *handlers);

/* Asks nothing more. Memory is freed once libuv has closed the handles. Takes NULL. */
void confirm_free(struct confirm *c);

/* One of the handlers is called later, unless it is stopped. While a question is open another one is not asked: what the server says of the
 * first version is as good. */
void confirm_ask(struct confirm *c, const char *version);
void confirm_stop(struct confirm *c);
