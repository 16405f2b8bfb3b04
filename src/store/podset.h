/* podset.h - pods of one namespace in the order of their names: all of them, or those that a Service selects. Eight octets a pod,
 * and order for nothing, which is why this is no hash table. Borrows the pods; a pod's name must not change while it is in a set.
 * All zero is the empty set. */
#pragma once
#include "base/err.h"
#include "kube/object.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pod_block;

struct podset {
	struct pod_block **blocks; /* sorted; none is empty */
	uint32_t block_count;
	uint32_t count; /* pods */
};

struct podset_cursor {
	uint32_t block, at;
};

/* Forgets the pods; the set is empty and usable. */
void podset_clear(struct podset *set);

/* NULL: not in it. */
struct pod *podset_find(const struct podset *set, const char *name);

/* The set has no pod of this name yet. ERR_NOMEM leaves it as it was. */
enum err podset_insert(struct podset *set, struct pod *pod);

/* Nothing happens if that very pod is not in it. */
void podset_remove(struct podset *set, const struct pod *pod);

/* In order: start with {0, 0}, until NULL. The set must not change meanwhile. */
struct pod *podset_each(const struct podset *set, struct podset_cursor *cursor);

/* Mark and sweep: all are unseen; one is seen (and returned, as by podset_find); what is unseen still. Of the last, start with
 * {0, 0}, and remove each pod before asking for the next. */
void podset_unsee_all(struct podset *set);
struct pod *podset_see(struct podset *set, const char *name);
struct pod *podset_next_unseen(const struct podset *set, struct podset_cursor *cursor);
