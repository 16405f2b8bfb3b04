#include "chase.h"
#include "cluster_names.h"
#include "dns/response_copy.h"
#include "server_worker.h"
#include "view.h"
#include <string.h>

#define OURS_MAX 4096 /* octets of an answer that is CNAMEs alone: ten of them, and the question */

/* Where the last CNAME of the answer in reply leads to. */
static void read_target(const struct exchange *x, struct name *target)
{
	name_from_wire(target, x->reply + x->query.target, x->reply_len - x->query.target);
	name_lower(target);
}

static bool step_may_have(const struct step *s, const struct name *name)
{
	struct zone_spot spot;
	if (!cluster_names_is(s->step.kind))
		return true;
	zone_locate(cluster_names_policy(s)->zone, name, &spot);
	return spot.place != ZONE_OUTSIDE;
}

/* False where asking would be for nothing: most servers have nobody for names outside. */
static bool anybody_may_have(const struct exchange *x, const struct name *name)
{
	const struct routes *routes = x->hold->served->by_index[x->address];
	const struct server_route *route = view_route(x, routes, name);
	const struct plan *p = route ? route->block : NULL;
	for (unsigned i = 0; p && i < p->count; i++) {
		if (step_may_have(&p->steps[i], name))
			return true;
	}
	return false;
}

/* An answer without what the CNAME leads to is better than none. */
static enum step_verdict answer_without(struct exchange *x)
{
	x->reply_len = query_answer(&x->query, cluster_names_policy(&x->plan->steps[x->at]), &x->worker->state, x->reply, x->reply_cap);
	return STEP_ANSWER;
}

enum step_verdict chase_begin(struct exchange *x)
{
	struct name target;
	enum step_verdict v;
	read_target(x, &target);
	if (!anybody_may_have(x, &target))
		return STEP_ANSWER;
	v = exchange_ask(x, &target, x->query.request.qtype);
	if (v == STEP_ANSWER)
		return answer_without(x);
	return v == STEP_PASS ? STEP_ANSWER : v;
}

static size_t limit(const struct exchange *x)
{
	size_t taken = x->query.request.edns_udp_size;
	return x->query.transport == QUERY_UDP && taken < x->reply_cap ? taken : x->reply_cap;
}

/* Not what another question is answered with: the Service may have changed. */
static bool is_wanted(const struct response *theirs, const struct exchange *x)
{
	struct name target;
	read_target(x, &target);
	return theirs->rcode == DNS_NOERROR && theirs->has_question && name_equal(&theirs->qname, &target) && theirs->counts[DNS_ANSWER];
}

void chase_end(struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct response ours, theirs;
	uint8_t copy[OURS_MAX];
	size_t our_len = x->reply_len, whole;
	if (our_len > sizeof copy || response_parse(&theirs, bytes, len) != RESPONSE_OK || !is_wanted(&theirs, x))
		return;
	memcpy(copy, x->reply, our_len);
	if (response_parse(&ours, copy, our_len) != RESPONSE_OK)
		return;
	whole = response_append(&ours, &theirs, x->reply, limit(x));
	if (whole && !(x->reply[2] & DNS_TC >> 8)) {
		x->reply_len = whole;
		return;
	}
	memcpy(x->reply, copy, our_len); /* cut: the client is to ask over TCP, and gets no more than it had */
	x->reply[2] |= DNS_TC >> 8;
}
