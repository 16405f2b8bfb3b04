#include "answer.h"
#include "zone/svcb.h"
#include <string.h>

#define RECORD_LEN  12 /* of a record before its rdata, the owner being a compression pointer */
#define POINTER_MAX 0x3fff
#define SRV_LEN     6 /* of SRV rdata before the target */

static uint8_t *store_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *store_u32(uint8_t *at, uint32_t v)
{
	return store_u16(store_u16(at, v >> 16), v & 0xffff);
}

static uint8_t *store_pointer(uint8_t *at, size_t offset)
{
	return store_u16(at, 0xc000u | (unsigned)offset);
}

static uint8_t *store_bytes(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *store_head(uint8_t *at, size_t owner, unsigned type, uint32_t ttl, size_t rdata_len)
{
	at = store_pointer(at, owner);
	at = store_u16(at, type);
	at = store_u16(at, DNS_CLASS_IN);
	at = store_u32(at, ttl);
	return store_u16(at, (unsigned)rdata_len);
}

/* Room for a record, begun; the caller stores exactly rdata_len octets. NULL: it does not fit, nothing happened. */
static uint8_t *begin_record(struct answer *a, size_t owner, unsigned type, uint32_t ttl, size_t rdata_len)
{
	uint8_t *at = wire_extend(&a->w, RECORD_LEN + rdata_len);
	if (at)
		return store_head(at, owner, type, ttl, rdata_len);
	a->w.overflow = false;
	return NULL;
}

void answer_begin(struct answer *a, const struct query *q, const struct query_policy *policy, struct query_state *state, uint8_t *out,
                  size_t limit)
{
	a->w = (struct wire_writer){.bytes = out, .limit = limit};
	a->zone = policy->zone;
	a->settings = zone_settings(policy->zone);
	a->state = state;
	a->policy = policy;
	a->outcome = QUERY_ANSWERED;
	a->absence = ABSENCE_NONE;
	a->owner = DNS_HEADER_LEN;
	a->answers = a->authority = a->additional = 0;
	a->truncated = a->dangling = false;
	response_begin(&a->w, &q->request, DNS_AA, DNS_NOERROR);
	if (a->settings->compat & COMPAT_ECHO_CD) /* ours is clear: the bit says nothing in answers of an authority (RFC 4035 3.1.6) */
		response_set_flags(&a->w, q->request.flags & DNS_CD, 0);
}

void answer_take_back(struct answer *a, const struct query *q)
{
	a->w.len = DNS_HEADER_LEN + (size_t)q->request.question_len;
	a->owner = DNS_HEADER_LEN;
	a->answers = a->authority = a->additional = 0;
	a->truncated = false;
}

void answer_set_name(struct answer *a, const struct name *name, const struct zone_spot *spot)
{
	size_t apex = spot->apex < name->labels ? name->offset[spot->apex] : name->len - 1u;
	bool reverse = spot->place == ZONE_REVERSE;
	a->apex = a->owner + apex;
	a->tree = spot->tree;
	a->origin = reverse ? a->settings->origin.wire : a->w.bytes + a->apex;
	a->origin_len = reverse ? a->settings->origin.len : name->len - apex;
}

/* --- addresses --- */

/* Where a set of count records begins. One step of splitmix64. */
static uint32_t draw_start(const struct answer *a, uint32_t count)
{
	if (!a->policy->rotate || count < 2)
		return 0;
	uint64_t x = a->state->rotor += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)((x >> 32) * count >> 32);
}

/* How many of a set of count records are wanted. */
static uint32_t bounded(const struct answer *a, uint32_t count)
{
	uint32_t most = a->policy->max_answers;
	return most && count > most ? most : count;
}

static inline __attribute__((always_inline)) uint8_t *copy_addrs(uint8_t *at, const uint8_t head[RECORD_LEN], const uint8_t *from, size_t n,
                                                                 size_t len)
{
	for (; n > 0; n--, from += len) {
		memcpy(at, head, RECORD_LEN);
		memcpy(at + RECORD_LEN, from, len);
		at += RECORD_LEN + len;
	}
	return at;
}

/* As many records of a run as there is room for, `most` at most, from the start-th on and round; how many. len is a constant: the loop is what
 * an answer costs. */
static inline __attribute__((always_inline)) uint16_t put_run(struct answer *a, size_t owner, unsigned type, const uint8_t *pool,
                                                              struct run run, uint32_t start, uint32_t most, size_t len)
{
	uint8_t head[RECORD_LEN];
	size_t room = (a->w.limit - a->w.len) / (RECORD_LEN + len);
	size_t n = most < room ? most : room;
	size_t tail = run.count - start < n ? run.count - start : n;
	const uint8_t *from = pool + run.first * len;
	store_head(head, owner, type, a->settings->ttl_s, len);
	uint8_t *at = wire_extend(&a->w, n * (RECORD_LEN + len));
	at = copy_addrs(at, head, from + start * len, tail, len);
	copy_addrs(at, head, from, n - tail, len);
	return (uint16_t)n;
}

static uint16_t put_a(struct answer *a, size_t owner, const struct generation *g, struct run run, uint32_t start, uint32_t most)
{
	return put_run(a, owner, DNS_TYPE_A, g->a, run, start, most, 4);
}

static uint16_t put_aaaa(struct answer *a, size_t owner, const struct generation *g, struct run run, uint32_t start, uint32_t most)
{
	return put_run(a, owner, DNS_TYPE_AAAA, g->aaaa, run, start, most, 16);
}

static void put_address_answer(struct answer *a, uint16_t type, const struct zone_found *found)
{
	const struct generation *g = found->generation;
	struct run run = type == DNS_TYPE_A ? found->node->a : found->node->aaaa;
	uint32_t start = draw_start(a, run.count), most = bounded(a, run.count);
	uint16_t n = type == DNS_TYPE_A ? put_a(a, a->owner, g, run, start, most) : put_aaaa(a, a->owner, g, run, start, most);
	a->answers += n;
	a->truncated = n < most;
}

/* All addresses of a run, for which there is room. */
static inline __attribute__((always_inline)) uint16_t put_whole(struct answer *a, size_t owner, unsigned type, const uint8_t *pool,
                                                                struct run run, size_t len)
{
	uint8_t head[RECORD_LEN];
	store_head(head, owner, type, a->settings->ttl_s, len);
	copy_addrs(a->w.bytes + a->w.len, head, pool + run.first * len, run.count, len);
	a->w.len += run.count * (RECORD_LEN + len);
	return (uint16_t)run.count;
}

/* The addresses of a name that stands at owner, into the additional section; false if there is no room for more. A cut set would be
 * taken for the whole (RFC 2181 5). */
static bool put_additional(struct answer *a, size_t owner, const struct generation *g, const struct node *n)
{
	size_t len = n->a.count * (size_t)(RECORD_LEN + 4);
	size_t len6 = n->aaaa.count * (size_t)(RECORD_LEN + 16);
	if (owner > POINTER_MAX || a->w.limit - a->w.len < len)
		return false;
	if (len)
		a->additional += put_whole(a, owner, DNS_TYPE_A, g->a, n->a, 4);
	if (!len6)
		return true;
	if (a->w.limit - a->w.len < len6)
		return false;
	a->additional += put_whole(a, owner, DNS_TYPE_AAAA, g->aaaa, n->aaaa, 16);
	return true;
}

/* --- names that are made up --- */

/* What all names of a generation end in. */
struct suffix {
	size_t len;
	uint8_t wire[2 * (NAME_LABEL_MAX + 1) + 4 + NAME_WIRE_MAX];
};

static size_t suffix_len(const struct answer *a, const struct generation *g)
{
	return (g->service_len ? g->service_len + g->ns_len + 2u + a->settings->svc_len : 0) + a->origin_len;
}

/* <service>.<ns>.svc.<origin>; for the zone's own names just the origin. */
static uint8_t *store_suffix(uint8_t *at, const struct answer *a, const struct generation *g)
{
	if (g->service_len) {
		at = store_bytes(at, g->text, g->service_len + g->ns_len + 2u);
		if (a->settings->svc_len)
			at = store_bytes(at, "\3svc", 4);
	}
	return store_bytes(at, a->origin, a->origin_len);
}

static void make_suffix(const struct answer *a, const struct generation *g, struct suffix *s)
{
	s->len = (size_t)(store_suffix(s->wire, a, g) - s->wire);
}

static uint8_t *store_name(uint8_t *at, const struct generation *g, const struct node *n, const struct suffix *s)
{
	at = store_bytes(at, g->text + n->label, n->label_len);
	return store_bytes(at, s->wire, s->len);
}

/* Octets of a node's whole name; 0: it is too long to be one, which takes a long hostname in a zone with a long name. */
static size_t made_name_len(const struct node *n, size_t end_len)
{
	size_t len = n->label_len + end_len;
	return len <= NAME_WIRE_MAX ? len : 0;
}

/* A record whose rdata is the node's name, written where it belongs at once; false if it does not fit. */
static bool put_name_record(struct answer *a, unsigned type, const struct generation *g, const struct node *n)
{
	size_t len = made_name_len(n, suffix_len(a, g));
	if (!len)
		return true;
	uint8_t *at = begin_record(a, a->owner, type, a->settings->ttl_s, len);
	if (!at) {
		a->truncated = true;
		return false;
	}
	at = store_bytes(at, g->text + n->label, n->label_len);
	store_suffix(at, a, g);
	a->answers++;
	return true;
}

static __attribute__((noinline)) void put_other_ptrs(struct answer *a, const struct zone_found *first, const struct zone_spot *spot)
{
	struct zone_found owner = *first;
	struct zone_holders seen;
	uint32_t left = bounded(a, UINT32_MAX);
	zone_holders_begin(&seen);
	while (--left && zone_next_holder(a->zone, spot, &owner, &seen) && put_name_record(a, DNS_TYPE_PTR, owner.generation, owner.node))
		;
}

/* Few addresses have several, and what those need is not on the stack of all others. */
static void put_ptrs(struct answer *a, const struct zone_found *first, const struct zone_spot *spot)
{
	if (put_name_record(a, DNS_TYPE_PTR, first->generation, first->node) && first->first_holder)
		put_other_ptrs(a, first, spot);
}

static void put_name_server(struct answer *a)
{
	const struct generation *g;
	const struct node *n;
	zone_name_server(a->zone, a->tree, &g, &n);
	size_t target = a->w.len + RECORD_LEN;
	if (put_name_record(a, DNS_TYPE_NS, g, n))
		put_additional(a, target, g, n);
}

/* --- SRV --- */

/* A run of SRV entries, of which count are wanted, from the start-th on and round. */
struct srv_set {
	const struct generation *g;
	struct run run;
	uint32_t start, count;
	struct suffix suffix;
};

static const struct srv *srv_at(const struct srv_set *set, uint32_t i)
{
	uint32_t at = set->start + i;
	return &set->g->srv[set->run.first + (at < set->run.count ? at : at - set->run.count)];
}

/* As many records as there is room for; false if these are not all. Works on pointers of its own: with what stands in *a, every octet
 * stored would make the compiler load it anew. */
static bool put_srv_set(struct answer *a, const struct srv_set *set)
{
	uint8_t head[RECORD_LEN + SRV_LEN];
	uint8_t *at = a->w.bytes + a->w.len;
	const uint8_t *end = a->w.bytes + a->w.limit;
	uint32_t i;
	uint16_t n = 0;
	store_u16(store_head(head, a->owner, DNS_TYPE_SRV, a->settings->ttl_s, 0), 0);
	for (i = 0; i < set->count; i++) {
		const struct srv *s = srv_at(set, i);
		const struct node *target = &set->g->nodes[s->target];
		size_t len = made_name_len(target, set->suffix.len);
		if (!len)
			continue;
		if ((size_t)(end - at) < sizeof head + len)
			break;
		memcpy(at, head, sizeof head);
		store_u16(at + RECORD_LEN - 2, (unsigned)(SRV_LEN + len));
		store_u16(at + RECORD_LEN + 2, s->weight);
		store_u16(at + RECORD_LEN + 4, s->port);
		at = store_name(at + sizeof head, set->g, target, &set->suffix); /* never compressed, RFC 2782 */
		n++;
	}
	a->w.len = (size_t)(at - a->w.bytes);
	a->answers += n;
	return i == set->count;
}

/* The addresses of each target once. Entries of one target stand together; only the first ones may come again at the end, where the
 * set began in their middle. at is where the first record stands: each target's place follows from the lengths. */
static void put_srv_additional(struct answer *a, const struct srv_set *set, size_t at)
{
	uint32_t first = srv_at(set, 0)->target, last = UINT32_MAX;
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t number = srv_at(set, i)->target;
		const struct node *target = &set->g->nodes[number];
		size_t len = made_name_len(target, set->suffix.len);
		bool again = number == last || (i && number == first);
		last = number;
		if (!len)
			continue;
		if (!again && !put_additional(a, at + RECORD_LEN + SRV_LEN, set->g, target))
			return;
		at += RECORD_LEN + SRV_LEN + len;
	}
}

static __attribute__((cold)) void make_cname_suffix(const struct generation *g, struct suffix *s)
{
	s->len = g->cname_len;
	memcpy(s->wire, g->cname, g->cname_len);
}

/* What the targets of SRV records end in: of a generation that is a CNAME, the name that it leads to, of which "" is nothing left. */
static inline __attribute__((always_inline)) void make_target_suffix(const struct answer *a, const struct generation *g, struct suffix *s)
{
	if (g->cname_len)
		make_cname_suffix(g, s);
	else
		make_suffix(a, g, s);
}

static void put_srvs(struct answer *a, const struct zone_found *found)
{
	struct srv_set set;
	set.g = found->generation;
	set.run = found->node->srv;
	set.start = draw_start(a, set.run.count);
	set.count = bounded(a, set.run.count);
	make_target_suffix(a, set.g, &set.suffix);
	size_t begin = a->w.len;
	if (put_srv_set(a, &set))
		put_srv_additional(a, &set, begin);
	else
		a->truncated = true;
}

/* One for each SRV record of the port, in service mode; false if it does not fit. "." is the owner itself (RFC 9460 2.5.2). */
static bool put_svcb(struct answer *a, uint16_t type, const struct srv_set *set, const struct srv *s)
{
	const struct generation *g = set->g;
	const struct node *target = &g->nodes[s->target];
	uint8_t params[SVCB_PARAMS_MAX];
	bool https = type == DNS_TYPE_HTTPS, tls = https || set->run.first == g->nodes[g->https].srv.first;
	bool self = https && s->target == 0;
	size_t name_len = self ? 1 : made_name_len(target, set->suffix.len);
	size_t params_len = svcb_params(tls ? (enum alpn)g->alpn : ALPN_DEFAULT, s->port, https ? 443 : 0, params);
	if (!name_len)
		return true;
	uint8_t *at = begin_record(a, a->owner, type, a->settings->ttl_s, 2 + name_len + params_len);
	if (!at)
		return false;
	at = store_u16(at, 1);
	at = self ? store_bytes(at, "", 1) : store_name(at, g, target, &set->suffix);
	store_bytes(at, params, params_len);
	a->answers++;
	return true;
}

static void put_svcbs(struct answer *a, uint16_t type, const struct zone_found *found)
{
	const struct generation *g = found->generation;
	struct srv_set set = {.g = g, .run = type == DNS_TYPE_HTTPS ? g->nodes[g->https].srv : found->node->srv};
	set.start = draw_start(a, set.run.count);
	set.count = bounded(a, set.run.count);
	make_suffix(a, g, &set.suffix);
	for (uint32_t i = 0; i < set.count && !a->truncated; i++)
		a->truncated = !put_svcb(a, type, &set, srv_at(&set, i));
	if (type == DNS_TYPE_HTTPS && !g->headless && !a->truncated)
		put_additional(a, a->owner, g, found->node);
}

/* --- records that are one of a kind --- */

static inline __attribute__((always_inline)) void store_soa_numbers(const struct answer *a, uint8_t *at)
{
	at = store_u32(at, zone_serial(a->zone));
	at = store_u32(at, ZONE_SOA_REFRESH_S);
	at = store_u32(at, ZONE_SOA_RETRY_S);
	at = store_u32(at, ZONE_SOA_EXPIRE_S);
	store_u32(at, a->settings->minimum_s);
}

/* Of an external zone: the primary is ns1 below the zone's label for it, the mailbox hostmaster. */
static __attribute__((noinline)) bool put_external_soa(struct answer *a, uint32_t ttl)
{
	const uint8_t *label = a->settings->external;
	size_t label_len = 1u + label[0];
	size_t mname = a->w.len + RECORD_LEN;
	uint8_t *at = begin_record(a, a->apex, DNS_TYPE_SOA, ttl, 4 + label_len + a->origin_len + 11 + 2 + 20);
	if (!at)
		return false;
	at = store_bytes(at, "\3ns1", 4);
	at = store_bytes(at, label, label_len);
	at = store_bytes(at, a->origin, a->origin_len);
	at = store_bytes(at, "\12hostmaster", 11);
	at = store_pointer(at, mname + 4);
	store_soa_numbers(a, at);
	return true;
}

/* The primary is ns.dns.<origin> in reverse zones too: there is no name server below these. Its name and the mailbox end in the first spelling
 * of the origin in the response. */
static bool put_soa(struct answer *a, uint32_t ttl)
{
	bool reverse = a->origin != a->w.bytes + a->apex && !(a->settings->compat & COMPAT_SOA_IN_REVERSE);
	size_t origin_len = reverse ? a->origin_len : 2;
	size_t len = 7 + origin_len + 13 + 20;
	size_t mname = a->w.len + RECORD_LEN;
	if (!a->settings->svc_len)
		return put_external_soa(a, ttl);
	uint8_t *at = begin_record(a, a->apex, DNS_TYPE_SOA, ttl, len);
	if (!at)
		return false;
	at = store_bytes(at, "\2ns\3dns", 7);
	at = reverse ? store_bytes(at, a->origin, origin_len) : store_pointer(at, a->apex);
	at = store_bytes(at, "\12hostmaster", 11);
	at = store_pointer(at, reverse ? mname + 7 : a->apex);
	store_soa_numbers(a, at);
	return true;
}

static void put_apex_soa(struct answer *a)
{
	uint32_t ttl = a->settings->ttl_s;
	if (put_soa(a, ttl < ZONE_SOA_TTL_MAX_S ? ttl : ZONE_SOA_TTL_MAX_S))
		a->answers++;
	else
		a->truncated = true;
}

void answer_put_negative(struct answer *a, enum absence reason, uint32_t ttl)
{
	a->absence = reason;
	if (put_soa(a, ttl))
		a->authority++;
	else
		a->truncated = true;
}

static void put_literal(struct answer *a, unsigned type, uint32_t ttl, const void *rdata, size_t len)
{
	uint8_t *at = begin_record(a, a->owner, type, ttl, len);
	if (!at) {
		a->truncated = true;
		return;
	}
	store_bytes(at, rdata, len);
	a->answers++;
}

void answer_put_cname(struct answer *a, const uint8_t *target, size_t len)
{
	size_t rdata = a->w.len + RECORD_LEN;
	put_literal(a, DNS_TYPE_CNAME, a->settings->ttl_s, target, len);
	a->owner = rdata;
}

void answer_put(struct answer *a, uint16_t type, const struct zone_found *found, const struct zone_spot *spot)
{
	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (spot->place == ZONE_POD)
			put_literal(a, type, a->settings->ttl_s, spot->addr.octets, addr_len(&spot->addr));
		else
			put_address_answer(a, type, found);
		break;
	case DNS_TYPE_SRV:
		put_srvs(a, found);
		break;
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		put_svcbs(a, type, found);
		break;
	case DNS_TYPE_PTR:
		put_ptrs(a, found, spot);
		break;
	case DNS_TYPE_SOA:
		put_apex_soa(a);
		break;
	case DNS_TYPE_NS:
		put_name_server(a);
		break;
	case DNS_TYPE_TXT:
		put_literal(a, DNS_TYPE_TXT, a->settings->version_ttl_s, ZONE_VERSION_RDATA, sizeof ZONE_VERSION_RDATA - 1);
		break;
	case DNS_TYPE_HINFO:
		put_literal(a, DNS_TYPE_HINFO, a->settings->ttl_s, "\7RFC8482", 9);
		break;
	default:
		break;
	}
}

/* Who asks over UDP without EDNS is asked back over TCP, and gets nothing else: the part that would fit makes the reply worth more to somebody
 * who forges the sender's address than to the sender (RFC 5358). CoreDNS sends it. */
static bool sends_part(const struct answer *a, const struct query *q)
{
	return q->request.edns || q->transport == QUERY_TCP || a->settings->compat & COMPAT_CUT_WITHOUT_EDNS;
}

static inline size_t end(struct answer *a, struct query *q, enum dns_rcode rcode, const struct ede *why)
{
	if (rcode)
		response_set_rcode(&a->w, rcode);
	q->outcome = a->outcome;
	q->rcode = (uint8_t)rcode;
	q->absence = (uint8_t)a->absence;
	q->target = (uint16_t)a->owner;
	response_end(&a->w, &q->request, rcode, a->answers, a->authority, a->additional, why);
	return a->w.len;
}

/* A cut reply must not look like NXDOMAIN: what proves it may be what was cut. */
static __attribute__((noinline)) size_t end_cut(struct answer *a, struct query *q)
{
	response_set_flags(&a->w, DNS_TC, 0);
	if (!sends_part(a, q))
		answer_take_back(a, q);
	return end(a, q, DNS_NOERROR, NULL);
}

size_t answer_end(struct answer *a, struct query *q, enum dns_rcode rcode)
{
	if (a->truncated)
		return end_cut(a, q);
	return end(a, q, rcode, a->policy->ede && a->absence ? absence_ede(a->absence) : NULL);
}
