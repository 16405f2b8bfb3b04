/* plan.h - what a server block does with a query: its steps in their order. Made by the control thread, then only read. */
#pragma once
#include "failures.h"
#include "server/step.h"

struct step {
	struct server_step step;
	unsigned slot;     /* its state of a worker is that worker's slots[slot] */
	bool of_a_cluster; /* cluster_names_is() */
};

struct plan {
	struct query_policy rest; /* how names are refused that no step has */
	bool counted;             /* as in server_block, */
	const char *const *named; /* and this */
	struct failures *errors;  /* of queries that fail; NULL: nothing is logged */
	bool shown;               /* somebody looks at queries that are done: always, or because of */
	const void *log;          /* as in server_block */
	unsigned count;
	/* The two passes of a batch answer for so many steps at the beginning: first is how many are a cluster's, before all others. Where there are none,
	 * leading is how many end with a cluster's, and have leaves() before that; else it is the same. */
	unsigned first, leading;
	const uint8_t *answerers; /* who answered, in tallies: by the step, and nobody behind the last */
	struct step steps[];
};

struct plan_options {
	const struct server_step *steps;
	unsigned count;
	bool ede, outside_nxdomain; /* query.h */
	unsigned first_slot;
};

/* Takes the steps, also where it fails. NULL: out of memory. */
struct plan *plan_new(const struct plan_options *options);
void plan_free(struct plan *p); /* takes NULL */

/* Before there are queries; else nobody answers. */
void plan_set_answerer(struct plan *p, unsigned step, uint8_t answerer);
