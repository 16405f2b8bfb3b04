/* leaves.h - a step is asked, and what it says before of whether it leaves the query as it is holds. */
#pragma once
#include "server/step.h"
#include "unit.h"
#include <string.h>

static inline bool same_question(const struct request *a, const struct request *b)
{
	return a->bytes == b->bytes && a->qtype == b->qtype && a->qclass == b->qclass && a->flags == b->flags &&
	       a->edns_udp_size == b->edns_udp_size && name_equal(&a->qname, &b->qname);
}

/* exactly: it says so of all that it leaves; else it may be unsure. */
static inline enum step_verdict ask_step(const struct step_kind *kind, const void *self, void *state, struct exchange *x, bool exactly)
{
	const struct request before = x->query.request;
	bool leaves = kind->leaves(self, state, x), left;
	enum step_verdict v;
	assert_true(same_question(&before, &x->query.request));
	v = kind->ask(self, state, x);
	left = v == STEP_PASS && same_question(&before, &x->query.request);
	assert_true(left || !leaves);
	assert_true(leaves || !left || !exactly);
	return v;
}
