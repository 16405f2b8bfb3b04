/* `any`: who asks for records of any type gets one that says that nobody answers that any more (RFC 8482 4.2), whatever there is. */
#include "dns/message.h"
#include "kinds.h"

/* As CoreDNS has it: the question's name, HINFO, IN, TTL 8482, and two texts. */
static const char record[] = "\xc0\x0c\0\x0d\0\1\0\0\x21\x22\0\x1b"
                             "\x0d"
                             "ANY obsoleted"
                             "\x0c"
                             "See RFC 8482";

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct request *r = &x->query.request;
	(void)self;
	(void)state;
	return r->qtype != DNS_TYPE_ANY;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct wire_writer w = {.bytes = x->reply, .limit = x->reply_cap};
	const struct request *r = &x->query.request;
	if (leaves(self, state, x))
		return STEP_PASS;
	response_begin(&w, r, 0, DNS_NOERROR);
	wire_put_bytes(&w, record, sizeof record - 1);
	response_end(&w, r, DNS_NOERROR, 1, 0, 0, NULL);
	x->reply_len = w.len; /* less than 512 octets for any name */
	return STEP_ANSWER;
}

const struct step_kind any_step = {.name = "any", .leaves = leaves, .ask = ask};
