/* list_progress.h - whether a list comes to its end: so long without an object, so long altogether, so many objects and octets. A server that
 * is broken or lies may send objects, or white space, for ever. Times are of one clock that does not go back, in milliseconds. */
#pragma once
#include "kube/object.h"

struct list_bounds {
	unsigned quiet_ms;       /* from one object to the next */
	unsigned whole_ms;       /* from the first response to the end */
	uint64_t objects, bytes; /* also of all that there may be of a kind */
};

/* All zero: no response has begun. */
struct list_progress {
	bool begun;
	uint64_t begun_ms, object_ms; /* when the first response began, and when the last object came */
	uint64_t objects, bytes;      /* so far */
};

/* A response has begun. */
void list_progress_begin(struct list_progress *p, uint64_t now_ms);

/* The list has so much by now. ERR_RANGE: that is too much, and diag says of what. */
enum err list_progress_add(struct list_progress *p, const struct list_bounds *b, uint64_t objects, uint64_t bytes, uint64_t now_ms,
                           struct diag *d);

/* ERR_RANGE: there is more of a kind than a list may have, and diag says of what. */
enum err list_bounds_check(const struct list_bounds *b, struct object_amount amount, struct diag *d);

/* In how many milliseconds a list that has just been asked for is to be checked first. */
uint64_t list_first_check_ms(const struct list_bounds *b);

/* ERR_RANGE: it takes too long, and diag says how. Else *again_ms is when to look again. */
enum err list_progress_check(const struct list_progress *p, const struct list_bounds *b, uint64_t now_ms, uint64_t *again_ms,
                             struct diag *d);
