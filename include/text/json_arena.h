/* json_arena.h - the memory of one JSON tree at a time, as a block that is filled from its start and emptied in one step: cJSON makes
 * an allocation for each item and each string, which is most of what parsing costs.
 *
 * cJSON's hooks are one set for the whole process, so the arena stands behind them and counts only between enter and leave on the thread
 * that entered; elsewhere it is the heap's, and cleared as it is freed (base/secret.h): kubeconfigs and what credential plugins print
 * become such trees. Those of arenas come from lists and watches, which hold no secrets. */
#pragma once
#include <stddef.h>

struct json_arena;

/* Sets cJSON's hooks. Once, before other threads use cJSON. */
void json_arena_install(void);

struct json_arena *json_arena_new(void);    /* NULL: out of memory */
void json_arena_free(struct json_arena *a); /* not while it is entered; takes NULL */

/* From here to leave, what cJSON allocates on this thread is the arena's. Sections don't nest. */
void json_arena_enter(struct json_arena *a);

/* All that was allocated since enter is gone, freed or not. What was there before may be freed inside the section too. The arena keeps
 * room for the largest tree so far, but at most these octets. */
void json_arena_leave(struct json_arena *a);
#define JSON_ARENA_KEEP_MAX ((size_t)1 << 20)
