/* cluster_names.h - what the pipeline knows of a cluster's steps, which the two passes of a batch answer. */
#pragma once
#include "plan.h"
#include "server/cluster_step.h"

struct cluster_names {
	struct cluster *cluster; /* borrowed */
	struct query_policy policy;
	struct query_policy at_once; /* the same, but that nobody waits for what is about to exist */
	struct name *search;
};

/* Either kind: its self is a struct cluster_names. */
bool cluster_names_is(const struct step_kind *kind);

/* The cluster of a block; NULL: it has none. */
struct cluster *cluster_names_of(const struct plan *p);

/* s is of one of these kinds. Good while it lives. */
static inline const struct query_policy *cluster_names_policy(const struct step *s)
{
	return &((const struct cluster_names *)s->step.self)->policy;
}

/* After query_answer() with the policy of step x->at, which wrote to x->reply. */
enum step_verdict cluster_names_verdict(struct exchange *x);
