/* `bufsize SIZE`: for what follows, a client takes no more over UDP than this. One without EDNS takes 512 anyway. */
#include "kinds.h"

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct bufsize_options *o = self;
	(void)state;
	return x->query.request.edns_udp_size <= o->max;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct bufsize_options *o = self;
	struct request *r = &x->query.request;
	(void)state;
	if (r->edns_udp_size > o->max)
		r->edns_udp_size = (uint16_t)o->max;
	return STEP_PASS;
}

const struct step_kind bufsize_step = {.name = "bufsize", .leaves = leaves, .ask = ask};
