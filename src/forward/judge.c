/* What a response is to the cache, by CoreDNS's rules (its pkg/response, pkg/dnsutil and plugin/cache). */
#include "dns/response.h"
#include "dns/response_copy.h"
#include "forward/cache.h"

#define TTL_UNKNOWN_S 5 /* of what has no TTL that says how long it holds */

/* Places in the rdata of RRSIG, RFC 4034 3.1. */
#define RRSIG_EXPIRATION 8
#define RRSIG_INCEPTION  12

enum nature {
	NATURE_SUCCESS,
	NATURE_DELEGATION,
	NATURE_NO_NAME, /* NXDOMAIN */
	NATURE_NO_DATA,
	NATURE_FAILURE,
	NATURE_OTHER, /* nothing to be kept */
};

/* Times are numbers of a circle, RFC 4034 3.1.5. */
static bool is_valid_at(const uint8_t *rrsig, uint32_t unix_s)
{
	uint32_t left_s = wire_load_u32(rrsig + RRSIG_EXPIRATION) - unix_s, since_s = unix_s - wire_load_u32(rrsig + RRSIG_INCEPTION);
	return left_s <= INT32_MAX && since_s <= INT32_MAX;
}

/* A signature in the section is over, or not yet in force. */
static bool has_invalid_signature(const struct response *r, enum dns_section section, uint32_t unix_s)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		if (record.type == DNS_TYPE_RRSIG && !is_valid_at(r->bytes + record.rdata_at, unix_s))
			return true;
	}
	return false;
}

static bool has_name_servers(const struct response *r)
{
	struct response_cursor c = response_section(r, DNS_AUTHORITY);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		if (record.type == DNS_TYPE_NS)
			return true;
	}
	return false;
}

static bool is_outdated(const struct response *r, uint32_t unix_s)
{
	return has_invalid_signature(r, DNS_ANSWER, unix_s) || has_invalid_signature(r, DNS_AUTHORITY, unix_s) ||
	       has_invalid_signature(r, DNS_ADDITIONAL, unix_s);
}

static enum nature nature_of_noerror(const struct response *r, const struct response_copy *copy)
{
	if (copy->counts[DNS_ANSWER])
		return copy->has_soa && !copy->answered ? NATURE_NO_DATA : NATURE_SUCCESS;
	if (copy->has_soa)
		return NATURE_NO_DATA;
	return has_name_servers(r) ? NATURE_DELEGATION : NATURE_SUCCESS;
}

static enum nature nature_of(const struct cache_key *k, const struct response *r, const struct response_copy *copy, uint32_t unix_s)
{
	if (k->type == DNS_TYPE_AXFR || k->type == DNS_TYPE_IXFR || (k->dnssec_ok && is_outdated(r, unix_s)))
		return NATURE_OTHER;
	switch (r->rcode) {
	case DNS_NOERROR:
		return nature_of_noerror(r, copy);
	case DNS_NXDOMAIN:
		return copy->counts[DNS_ANSWER] ? NATURE_OTHER : NATURE_NO_NAME;
	case DNS_SERVFAIL:
	case DNS_NOTIMP:
		return NATURE_FAILURE;
	default:
		return NATURE_OTHER;
	}
}

static uint32_t bounded(uint32_t ttl_s, const struct cache_bounds *b)
{
	if (ttl_s < b->ttl_min_s)
		ttl_s = b->ttl_min_s;
	return ttl_s < b->ttl_max_s ? ttl_s : b->ttl_max_s;
}

static uint32_t shortest_ttl(const struct response_copy *copy)
{
	return copy->ttl_count ? copy->ttl_min_s : TTL_UNKNOWN_S;
}

/* A chain of CNAMEs that ends in nothing, and no SOA that says how long, is not worth keeping (RFC 2308 5). */
static bool leads_nowhere(const struct response_copy *copy)
{
	return copy->counts[DNS_ANSWER] && !copy->answered;
}

void cache_judge(const struct cache_options *o, const struct cache_key *k, const struct response *r, const struct response_copy *copy,
                 uint32_t unix_s, struct cache_judgement *j)
{
	*j = (struct cache_judgement){.kind = CACHE_SUCCESS, .ttl_s = bounded(TTL_UNKNOWN_S, &o->success)};
	switch (nature_of(k, r, copy, unix_s)) {
	case NATURE_SUCCESS:
		j->refreshes = true;
		j->answering = copy->answered;
		j->keep = !leads_nowhere(copy);
		j->ttl_s = bounded(shortest_ttl(copy), &o->success);
		break;
	case NATURE_DELEGATION:
		j->refreshes = j->keep = true;
		break;
	case NATURE_NO_NAME:
	case NATURE_NO_DATA:
		j->kind = CACHE_DENIAL;
		j->refreshes = true;
		j->keep = copy->has_soa;
		j->ttl_s = bounded(shortest_ttl(copy), &o->denial);
		break;
	case NATURE_FAILURE:
		*j = (struct cache_judgement){.kind = CACHE_FAILURE, .keep = true, .ttl_s = o->servfail_s};
		break;
	case NATURE_OTHER:
		break;
	}
	if (r->flags & DNS_TC)
		j->keep = j->refreshes = false;
	if (o->stale_prefer_positive && !j->answering)
		j->refreshes = false;
}
