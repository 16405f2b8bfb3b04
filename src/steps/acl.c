/* `acl`: who may ask what. The first policy that fits decides, of the first rule that has one; where none fits, everybody may. */
#include "base/sockaddr.h"
#include "dns/message.h"
#include "kinds.h"

static const struct ede blocked = EDE_SAYING(DNS_EDE_BLOCKED, "the query is blocked by this server's acl");
static const struct ede filtered = EDE_SAYING(DNS_EDE_FILTERED, "the answer is left out by this server's acl");

static bool is_of_type(const struct acl_policy *p, uint16_t type)
{
	for (unsigned i = 0; i < p->type_count; i++) {
		if (p->types[i] == type)
			return true;
	}
	return !p->type_count;
}

static bool is_from(const struct acl_policy *p, const struct addr *a)
{
	for (unsigned i = 0; i < p->net_count; i++) {
		if (cidr_has(&p->nets[i], a))
			return true;
	}
	return !p->net_count;
}

/* Without zones it is about those of the block, and so about all that comes here. */
static bool is_about(const struct acl_rule *rule, const struct name *qname)
{
	for (unsigned i = 0; i < rule->zones.count; i++) {
		if (name_in(qname, &rule->zones.names[i]))
			return true;
	}
	return !rule->zones.count;
}

static const struct acl_policy *find_policy(const struct acl_options *o, const struct request *r, const struct addr *a)
{
	for (unsigned i = 0; i < o->rule_count; i++) {
		const struct acl_rule *rule = &o->rules[i];
		for (unsigned k = 0; k < rule->policy_count && is_about(rule, &r->qname); k++) {
			if (is_of_type(&rule->policies[k], r->qtype) && is_from(&rule->policies[k], a))
				return &rule->policies[k];
		}
	}
	return NULL;
}

static const struct acl_policy *policy_for(const struct acl_options *o, const struct exchange *x)
{
	const struct addr a = sockaddr_addr(&x->peer->sa); /* interfaces of link-local ones don't count, as in CoreDNS */
	return find_policy(o, &x->query.request, &a);
}

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct acl_policy *p = policy_for(self, x);
	(void)state;
	if (p && p->action != ACL_ALLOW)
		return false;
	exchange_count(x, TALLY_ACL_ALLOWED);
	return true;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct acl_policy *p = policy_for(self, x);
	(void)state;
	switch (p ? p->action : ACL_ALLOW) {
	case ACL_ALLOW:
		exchange_count(x, TALLY_ACL_ALLOWED);
		break;
	case ACL_BLOCK:
		exchange_count(x, TALLY_ACL_BLOCKED);
		return exchange_error(x, DNS_REFUSED, &blocked);
	case ACL_FILTER:
		exchange_count(x, TALLY_ACL_FILTERED);
		return exchange_error(x, DNS_NOERROR, &filtered);
	case ACL_DROP:
		exchange_count(x, TALLY_ACL_DROPPED);
		return STEP_DROP;
	}
	return STEP_PASS;
}

const struct step_kind acl_step = {.name = "acl", .leaves = leaves, .ask = ask};
