/* `minimal`: an answer that has what was asked for loses its authority and additional sections, but for OPT. */
#include "dns/response.h"
#include "kinds.h"
#include <string.h>

#define OPT_HEADER_LEN 11 /* root, type, size, rcode and flags, length (RFC 6891 6.1.2) */
#define AT_NSCOUNT     8

/* Neither delegations nor answers that there is nothing of the type. Signed ones stay as they were signed. */
static bool is_minimized(const struct response *r)
{
	return r->rcode == DNS_NOERROR && r->counts[DNS_ANSWER] && !r->tsig_at &&
	       (r->counts[DNS_AUTHORITY] || r->counts[DNS_ADDITIONAL] > r->edns);
}

static void answered(const void *self, void *state, struct exchange *x)
{
	struct response r;
	size_t end, opt_len = 0;
	(void)self;
	(void)state;
	if (response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK || !is_minimized(&r))
		return;
	end = r.starts[DNS_AUTHORITY];
	if (r.edns) {
		opt_len = OPT_HEADER_LEN + r.options.len;
		memmove(x->reply + end, r.options.bytes - OPT_HEADER_LEN, opt_len);
	}
	wire_store_u16(x->reply + AT_NSCOUNT, 0);
	wire_store_u16(x->reply + AT_NSCOUNT + 2, r.edns);
	x->reply_len = end + opt_len;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	(void)x;
	return STEP_PASS;
}

const struct step_kind minimal_step = {.name = "minimal", .ask = ask, .answered = answered};
