#include "query/query.h"
#include "answer.h"
#include "decide.h"
#include <string.h>

#define LINKS_MAX 10 /* CNAMEs in one answer */

void query_begin(struct query *q, enum query_transport transport, const uint8_t *bytes, size_t len)
{
	q->transport = transport;
	q->verdict = request_parse(&q->request, bytes, len);
}

void query_locate(struct query *q, const struct query_policy *policy)
{
	q->spot.place = ZONE_OUTSIDE;
	if (q->verdict != REQUEST_OK || !policy->zone)
		return;
	zone_locate(policy->zone, &q->request.qname, &q->spot);
	zone_prefetch(policy->zone, &q->spot);
}

/* Octets that the client takes and we send. */
static size_t size_limit(const struct query *q, size_t cap)
{
	if (q->transport == QUERY_TCP)
		return cap < DNS_TCP_SIZE_MAX ? cap : DNS_TCP_SIZE_MAX;
	size_t limit = q->request.edns_udp_size < DNS_UDP_SIZE_CAP ? q->request.edns_udp_size : DNS_UDP_SIZE_CAP;
	return cap < limit ? cap : limit;
}

/* The target of a generation's CNAME; false if it is in no zone of ours. */
static bool find_target(const struct zone *z, const struct generation *g, struct name *target, struct zone_spot *spot)
{
	name_from_wire(target, g->cname, g->cname_len);
	name_lower(target);
	zone_locate(z, target, spot);
	return spot->place != ZONE_OUTSIDE;
}

static bool is_among(const struct generation *g, const struct generation *const *seen, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (seen[i] == g)
			return true;
	return false;
}

/* True if others may know what we don't. Company networks are looked up backwards too: where a reverse zone falls through, what is no PTR of
 * ours is theirs, whether our addresses make names above it or not. What is beside the name server of an external zone is nobody else's. */
static bool falls_through(const struct answer *a, const struct name *name, const struct zone_spot *spot, uint8_t rcode)
{
	const struct query_policy *policy = a->policy;
	bool reverse = spot->place == ZONE_REVERSE &&
	               (spot->apex || (zone_is_whole_address(spot) && !(a->settings->compat & COMPAT_ADDRESS_IS_OURS)));
	if (!policy->fallthrough || !(rcode == DNS_NXDOMAIN || reverse))
		return false;
	if (!a->settings->svc_len && spot->place == ZONE_OWN)
		return false;
	for (unsigned i = 0; i < policy->fallthrough_count; i++)
		if (name_in(name, &policy->fallthrough_zones[i]))
			return true;
	return !policy->fallthrough_count;
}

/* How many CNAMEs lead to a name: those of the chain, and those that were put before it. */
struct links {
	unsigned chain, before;
};

/* True if the client is to wait for the name. CoreDNS leaves out a chain that leads to nothing, and with it the name to wait for. */
static bool is_awaited(const struct answer *a, const struct name *name, const struct zone_spot *spot, bool chained)
{
	return a->policy->hold_ms && !(chained && a->settings->compat & COMPAT_NO_DANGLING) && zone_awaits(a->zone, name, spot);
}

/* What becomes of a "no", where the policy may have more in mind than to answer it. */
static __attribute__((noinline)) enum query_outcome
outcome_of_no(const struct answer *a, const struct name *name, const struct zone_spot *spot, struct links links, uint8_t rcode, bool exists)
{
	if (rcode == DNS_NXDOMAIN && !exists && is_awaited(a, name, spot, links.chain))
		return QUERY_AWAITED;
	return links.chain + links.before == 0 && falls_through(a, name, spot, rcode) ? QUERY_FALLTHROUGH : a->outcome;
}

/* Answers with what stands at the name; *cname is whose CNAME that is, which is then not put yet; NULL: it is none. */
static enum dns_rcode answer_at(struct answer *a, uint16_t qtype, const struct name *name, const struct zone_spot *spot, struct links links,
                                const struct generation **cname)
{
	struct zone_found found;
	zone_find(a->zone, name, spot, &found);
	struct decision d = decide(&found, spot, qtype, a->settings);
	answer_set_name(a, name, spot);
	a->dangling = !d.type && links.chain;
	if (!d.type && (a->policy->fallthrough || a->policy->hold_ms))
		a->outcome = outcome_of_no(a, name, spot, links, d.rcode, found.exists);
	if (!d.type)
		answer_put_negative(a, d.absence, d.soa_ttl);
	else if (d.type != DNS_TYPE_CNAME)
		answer_put(a, d.type, &found, spot);
	*cname = d.type == DNS_TYPE_CNAME ? found.generation : NULL;
	return d.rcode;
}

/* Puts the generation's CNAME and answers for what it leads to. The rcode is the last name's (RFC 6604). A chain that is too long or comes back to itself
 * ends in a CNAME, and nothing is said of what it leads to. Not inlined: most answers have no use for a name of their own on the stack. */
static __attribute__((noinline)) enum dns_rcode follow(struct answer *a, uint16_t qtype, const struct generation *g, unsigned before)
{
	const struct generation *seen[LINKS_MAX];
	struct name target;
	struct zone_spot spot;
	for (struct links links = {0, before};;) {
		a->dangling = links.chain + before == LINKS_MAX || is_among(g, seen, links.chain);
		if (a->dangling)
			return DNS_NOERROR;
		seen[links.chain++] = g;
		answer_put_cname(a, g->cname, g->cname_len);
		if (qtype == DNS_TYPE_CNAME || a->truncated)
			return DNS_NOERROR;
		if (!find_target(a->zone, g, &target, &spot)) {
			a->outcome = QUERY_CHASE;
			return DNS_NOERROR;
		}
		enum dns_rcode rcode = answer_at(a, qtype, &target, &spot, links, &g);
		if (!g)
			return rcode;
	}
}

/* Answers for name from here on; `before` CNAMEs have been put already. */
static enum dns_rcode answer_from(struct answer *a, uint16_t qtype, const struct name *name, const struct zone_spot *spot, unsigned before)
{
	const struct generation *cname;
	enum dns_rcode rcode = answer_at(a, qtype, name, spot, (struct links){0, before}, &cname);
	return cname ? follow(a, qtype, cname, before) : rcode;
}

/* CoreDNS leaves out a chain that leads to nothing: the name then has no record of the type. */
static enum dns_rcode forget_chain(struct answer *a, const struct query *q)
{
	static const struct zone_found nothing = {.exists = true};
	const struct request *r = &q->request;
	struct decision d = decide(&nothing, &q->spot, r->qtype, a->settings);
	answer_take_back(a, q);
	answer_set_name(a, &r->qname, &q->spot);
	answer_put_negative(a, d.absence, d.soa_ttl);
	return d.rcode;
}

static enum dns_rcode answer_name(struct answer *a, const struct query *q)
{
	enum dns_rcode rcode = answer_from(a, q->request.qtype, &q->request.qname, &q->spot, 0);
	return a->dangling && a->settings->compat & COMPAT_NO_DANGLING ? forget_chain(a, q) : rcode;
}

/* The name below a suffix of the search list, and the same in the spelling of the client and the list; false if there is nothing. */
static bool find_searched(const struct query *q, const struct query_policy *policy, const struct name *suffix, struct name *found,
                          struct name *spelt, struct zone_spot *spot)
{
	struct zone_found what;
	name_from_wire(spelt, q->request.bytes + DNS_HEADER_LEN, q->request.qname.len);
	if (name_append_name(spelt, suffix))
		return false;
	*found = *spelt;
	name_lower(found);
	zone_locate(policy->zone, found, spot);
	zone_find(policy->zone, found, spot, &what);
	return what.exists;
}

static size_t refuse(struct query *q, const struct query_policy *policy, uint8_t *out, size_t cap, enum dns_rcode rcode,
                     const struct ede *why)
{
	q->outcome = QUERY_ANSWERED;
	q->rcode = (uint8_t)rcode;
	q->absence = ABSENCE_NONE;
	return response_error(out, cap, &q->request, rcode, policy->ede ? why : NULL);
}

/* Not inlined, as follow(). */
__attribute__((noinline)) size_t query_answer_searched(struct query *q, const struct query_policy *policy, struct query_state *state,
                                                       uint8_t *out, size_t cap)
{
	struct name found, spelt;
	struct zone_spot spot;
	for (unsigned i = 0; i < policy->search_count && q->request.qname.labels; i++) {
		if (!find_searched(q, policy, &policy->search[i], &found, &spelt, &spot))
			continue;
		struct answer a;
		answer_begin(&a, q, policy, state, out, size_limit(q, cap));
		answer_put_cname(&a, spelt.wire, spelt.len);
		bool follow = q->request.qtype != DNS_TYPE_CNAME && !a.truncated;
		return answer_end(&a, q, follow ? answer_from(&a, q->request.qtype, &found, &spot, 1) : DNS_NOERROR);
	}
	return 0;
}

/* A name of no zone of ours. */
static __attribute__((noinline)) size_t answer_outside(struct query *q, const struct query_policy *policy, struct query_state *state,
                                                       uint8_t *out, size_t cap)
{
	static const struct ede outside = EDE_SAYING(DNS_EDE_NOT_AUTHORITATIVE, "the name is in no zone that is served here");
	size_t len = query_answer_searched(q, policy, state, out, cap);
	if (len)
		return len;
	if (policy->outside_nxdomain)
		len = refuse(q, policy, out, cap, DNS_NXDOMAIN, NULL);
	else
		len = refuse(q, policy, out, cap, DNS_REFUSED, &outside);
	q->outcome = QUERY_OUTSIDE;
	return len;
}

/* A well-formed request. */
static size_t answer_question(struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out, size_t cap)
{
	static const struct ede unsupported =
	        EDE_SAYING(DNS_EDE_NOT_SUPPORTED, "neither other classes than IN nor zone transfers are served here");
	static const struct ede unknown = EDE_SAYING(DNS_EDE_NOT_READY, "the cluster has not been read yet");
	const struct request *r = &q->request;
	if (r->qclass != DNS_CLASS_IN || r->qtype == DNS_TYPE_AXFR || r->qtype == DNS_TYPE_IXFR)
		return refuse(q, policy, out, cap, DNS_REFUSED, &unsupported);
	if (q->spot.place == ZONE_OUTSIDE)
		return answer_outside(q, policy, state, out, cap);
	if (policy->known && !atomic_load_explicit(policy->known, memory_order_acquire))
		return refuse(q, policy, out, cap, DNS_SERVFAIL, &unknown);
	struct answer a;
	answer_begin(&a, q, policy, state, out, size_limit(q, cap));
	return answer_end(&a, q, answer_name(&a, q));
}

/* Not a well-formed one. */
static size_t reject(struct query *q, uint8_t *out, size_t cap, enum dns_rcode rcode)
{
	q->outcome = QUERY_ANSWERED;
	q->rcode = (uint8_t)rcode;
	q->absence = ABSENCE_NONE;
	return response_error(out, cap, &q->request, rcode, NULL);
}

size_t query_answer(struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out, size_t cap)
{
	switch (q->verdict) {
	case REQUEST_OK:
		return answer_question(q, policy, state, out, cap);
	case REQUEST_FORMERR:
		return reject(q, out, cap, DNS_FORMERR);
	case REQUEST_NOTIMP:
	case REQUEST_NOTIFY: /* nobody takes it yet */
		return reject(q, out, cap, DNS_NOTIMP);
	case REQUEST_BADVERS:
		return reject(q, out, cap, DNS_BADVERS);
	case REQUEST_SILENCE:
		break;
	}
	q->outcome = QUERY_ANSWERED;
	q->rcode = QUERY_SILENT;
	q->absence = ABSENCE_NONE;
	return 0;
}
