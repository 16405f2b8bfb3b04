/* zone_step.h - private to steps: what `file` and `secondary` have in common, answering from zones of records. The functions are as those of struct
 * step_kind. */
#pragma once
#include "config/list.h"
#include "records/zone_slot.h"
#include "server/step.h"

/* All is borrowed. */
struct zone_step {
	const char *directive;
	const char *missing;   /* what is with a zone that has no version: "could not be read yet" */
	const struct ede *why; /* the same for clients */
	struct zone_slot *const *slots;
	unsigned count;
	const struct name_list *fallthrough_zones; /* none: every name */
	bool fallthrough, rotate, explain;
};

/* Answers from the slot with the longest zone that the name is in; state: of zone_step_begin(). STEP_PASS: none has it. */
enum step_verdict zone_step_ask(const struct zone_step *step, void *state, struct exchange *x);
/* What a CNAME of an answer leads to has come: the answer is made anew, and that put behind it. */
enum step_verdict zone_step_heard(const struct zone_step *step, void *state, struct exchange *x, const uint8_t *bytes, size_t len);

/* The state of a worker, to be freed with free(). NULL: out of memory. */
void *zone_step_begin(unsigned worker);
