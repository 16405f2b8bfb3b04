/* room.h - a thread in network, mount and UTS namespaces of its own, while the rest of the process stays in those outside: what it opens,
 * mounts or forks is inside, and what others do with the descriptors it opened is too. For the control thread. */
#pragma once
#include "base/diag.h"
#include "sandbox.h"
#include <uv.h>

struct room;

/* What is done in there. */
typedef enum err room_work(void *arg, struct diag *d);

/* ERR_DENIED: diag names what forbids it. */
enum err room_open(struct room **out, const struct sandbox *s, struct diag *d);

/* Has the work done in there, and waits for it; returns what it returned. */
enum err room_call(struct room *r, room_work *work, void *arg, struct diag *d);

/* Ends the thread; the namespaces live on while anybody is in them. Takes NULL. */
void room_close(struct room *r);
