/* `header`: flags of a query for those who come after it, and flags of what they answer. What nobody answers stays as it is. */
#include "dns/message.h"
#include "kinds.h"

#define AT_FLAGS 2

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct header_options *o = self;
	struct request *r = &x->query.request;
	(void)state;
	r->flags = (uint16_t)((r->flags | o->query_set) & ~o->query_clear);
	return STEP_PASS;
}

static void answered(const void *self, void *state, struct exchange *x)
{
	const struct header_options *o = self;
	unsigned flags = wire_load_u16(x->reply + AT_FLAGS);
	(void)state;
	if (*exchange_answerer(x))
		wire_store_u16(x->reply + AT_FLAGS, (flags | o->response_set) & ~(unsigned)o->response_clear);
}

const struct step_kind header_step = {.name = "header", .ask = ask, .answered = answered};
