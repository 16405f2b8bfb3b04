/* loop.h - `loop`: whether what upstreams are asked comes back to us. Each is asked for a name that nobody else can know; where that name arrives in the
 * same server block, the upstream is named in an error line and asked no more. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include "steps/forwarding.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The names of one block's upstreams. Workers read it and mark upstreams; all else is the control thread's. */
struct loop;

/* A name below zone for each upstream of f, or below the zone of its `forward` line where that is inside. f gets another user. ERR_NOMEM; ERR_SYS: the
 * system has no random numbers. */
enum err loop_new(struct forwarding *f, const struct name *zone, struct loop **out);
void loop_free(struct loop *l); /* takes NULL */

/* Sends a question over the nonblocking UDP sockets, one a family (-1: there is none), to each upstream that has not answered and is not known to lead
 * back. True: there was one. What can't be sent now is sent the next time. */
bool loop_ask(struct loop *l, int v4, int v6);

/* What came in over such a socket. An answer, also that there is no such name, is one; a failure is not. */
void loop_hear(struct loop *l, const struct sockaddr *from, const uint8_t *bytes, size_t len);
