#include "records/zone_answer.h"
#include "dns/response_copy.h"
#include "dns/wire.h"
#include "dns/writer.h"
#include "zone_inside.h"

#define CNAMES_MAX     10 /* that are followed, as in CoreDNS */
#define TARGETS_MAX    64 /* of one answer, that have their addresses in additional */
#define RCODE_YXDOMAIN 6

/* A response that is being written. */
struct answer {
	const struct zone_data *z;
	const struct zone_question *q;
	struct zone_answer *out;
	struct writer w;
	bool dnssec;
	bool has_answer;
	bool has_proof; /* proof is a name that a wildcard stood for: that it does not exist is to be proved (RFC 4035 3.1.3.3) */
	struct name proof;
	unsigned cnames;
	struct name chain[CNAMES_MAX]; /* names that were looked for before, lower case */
	struct name name;              /* that is looked for, lower case */
	struct name spelt;             /* the same, as it is to be written */
	uint32_t targets[TARGETS_MAX]; /* nodes whose addresses belong in additional */
	unsigned target_count;
};

static const struct zone_node *node_at(const struct answer *a, uint32_t number)
{
	return &a->z->nodes[number];
}

/* --- writing --- */

static bool may_rotate(uint16_t type)
{
	return type == DNS_TYPE_A || type == DNS_TYPE_AAAA || type == DNS_TYPE_MX;
}

/* A name below `above` whose addresses whoever asked will want next. */
static void note_target(struct answer *a, const struct zone_set *s, const uint8_t *rdata, uint16_t len, const struct name *above)
{
	const size_t at = s->type == DNS_TYPE_SRV ? 6 : s->type == DNS_TYPE_NS ? 0 : 2;
	const struct zone_node *n;
	struct name target;
	if (at >= len || a->target_count == TARGETS_MAX || !name_from_wire(&target, rdata + at, len - at))
		return;
	name_lower(&target);
	n = name_in(&target, above) ? zone_data_find(a->z, target.wire, target.len) : NULL;
	if (!n)
		return;
	for (unsigned i = 0; i < a->target_count; i++) {
		if (node_at(a, a->targets[i]) == n)
			return;
	}
	a->targets[a->target_count++] = (uint32_t)(n - a->z->nodes);
}

static bool has_targets(const struct zone_set *s)
{
	return s->type == DNS_TYPE_SRV || s->type == DNS_TYPE_MX || s->type == DNS_TYPE_SVCB || s->type == DNS_TYPE_HTTPS;
}

static void put_range(struct answer *a, enum dns_section section, const struct name *owner, const struct zone_set *s, unsigned from,
                      unsigned to)
{
	struct zone_rdata_cursor c = zone_set_rdata(a->z, s);
	struct rdata rdata;
	for (unsigned i = 0; i < to && zone_next_rdata(&c, &rdata.bytes, &rdata.len); i++) {
		if (i >= from && !writer_put(&a->w, section, owner, s->type, DNS_CLASS_IN, s->ttl_s, &rdata))
			return;
		if (i >= from && section == DNS_ANSWER && has_targets(s))
			note_target(a, s, rdata.bytes, rdata.len, &a->z->apex);
	}
}

static void put_set(struct answer *a, enum dns_section section, const struct name *owner, const struct zone_set *s)
{
	const unsigned first = s->count > 1 && may_rotate(s->type) ? (unsigned)((uint64_t)a->q->dice * s->count >> 32) : 0;
	put_range(a, section, owner, s, first, s->count);
	put_range(a, section, owner, s, 0, first);
	if (a->dnssec && s->signatures != ZONE_NONE) {
		const struct zone_set *sigs = &a->z->sets[s->signatures];
		put_range(a, section, owner, sigs, 0, sigs->count);
	}
}

/* A set of a name of the zone, as it is spelt there. */
static void put_of_node(struct answer *a, enum dns_section section, const struct zone_node *n, const struct zone_set *s)
{
	struct name owner;
	zone_node_name(a->z, n, &owner);
	put_set(a, section, &owner, s);
}

static void put_type(struct answer *a, enum dns_section section, const struct zone_node *n, uint16_t type)
{
	const struct zone_set *s = zone_node_set(a->z, n, type);
	if (s)
		put_of_node(a, section, n, s);
}

/* --- what proves that something is not there --- */

/* The name before n that has an NSEC; NULL: there is none. Names below a cut have none. */
static const struct zone_node *find_nsec(const struct answer *a, const struct name *n)
{
	const struct zone_node *at = zone_data_before(a->z, n);
	while (!(at->flags & ZONE_NODE_NSEC)) {
		if (at == a->z->nodes)
			return NULL;
		at = at->cover != ZONE_NONE ? node_at(a, at->cover) : at - 1;
	}
	return at;
}

static const struct zone_node *put_nsec(struct answer *a, const struct name *n, const struct zone_node *but)
{
	const struct zone_node *at = a->dnssec ? find_nsec(a, n) : NULL;
	if (at && at != but)
		put_type(a, DNS_AUTHORITY, at, DNS_TYPE_NSEC);
	return at;
}

static void put_proof(struct answer *a)
{
	if (a->has_proof)
		put_nsec(a, &a->proof, NULL);
}

/* --- ends of answers --- */

static void put_ns(struct answer *a)
{
	if (a->z->ns != ZONE_NONE)
		put_of_node(a, DNS_AUTHORITY, a->z->nodes, &a->z->sets[a->z->ns]);
	put_proof(a);
}

static void put_soa(struct answer *a)
{
	put_of_node(a, DNS_AUTHORITY, a->z->nodes, &a->z->sets[a->z->soa]);
	put_proof(a);
}

static void put_targets(struct answer *a)
{
	for (unsigned i = 0; i < a->target_count; i++) {
		put_type(a, DNS_ADDITIONAL, node_at(a, a->targets[i]), DNS_TYPE_A);
		put_type(a, DNS_ADDITIONAL, node_at(a, a->targets[i]), DNS_TYPE_AAAA);
	}
}

/* Those below the zone that they are of, as in CoreDNS: others can be found without. */
static void note_name_servers(struct answer *a, const struct zone_node *n, const struct zone_set *s)
{
	struct name above;
	struct zone_rdata_cursor c = zone_set_rdata(a->z, s);
	const uint8_t *bytes;
	uint16_t len;
	zone_node_name(a->z, n, &above);
	while (zone_next_rdata(&c, &bytes, &len))
		note_target(a, s, bytes, len, &above);
}

/* RFC 1034 4.2.1, 4035 3.1.4 */
static void refer(struct answer *a, const struct zone_node *cut)
{
	const struct zone_set *ns = zone_node_set(a->z, cut, DNS_TYPE_NS);
	const struct zone_set *ds = zone_node_set(a->z, cut, DNS_TYPE_DS);
	put_of_node(a, DNS_AUTHORITY, cut, ns);
	if (a->dnssec && ds)
		put_of_node(a, DNS_AUTHORITY, cut, ds);
	else if (a->dnssec)
		put_type(a, DNS_AUTHORITY, cut, DNS_TYPE_NSEC);
	note_name_servers(a, cut, ns);
	put_targets(a);
	if (!a->has_answer)
		a->w.w.bytes[2] &= (uint8_t) ~(DNS_AA >> 8);
}

/* The name exists, and the type does not; star: it is a wildcard that stands for it. */
static void put_no_data(struct answer *a, const struct zone_node *n, bool star)
{
	put_soa(a);
	if (!a->dnssec)
		return;
	if (n->flags & ZONE_NODE_NSEC)
		put_type(a, DNS_AUTHORITY, n, DNS_TYPE_NSEC);
	if (star || !(n->flags & ZONE_NODE_NSEC))
		put_nsec(a, &a->name, n);
}

static void put_no_name(struct answer *a, const struct zone_node *encloser)
{
	const struct zone_node *nsec;
	struct name star;
	put_soa(a);
	a->out->rcode = DNS_NXDOMAIN;
	if (!a->cnames)
		a->out->outcome = ZONE_NO_NAME;
	nsec = put_nsec(a, &a->name, NULL);
	zone_node_name(a->z, encloser, &star);
	if (nsec && name_prepend(&star, "*", 1) == OK)
		put_nsec(a, &star, nsec);
}

/* --- CNAMEs --- */

/* What a name of another zone has, or that nobody knows. */
static void put_theirs(struct answer *a)
{
	const struct response *theirs = a->q->theirs;
	if (theirs && theirs->has_question && !name_equal(&theirs->qname, &a->name))
		theirs = NULL;
	if (theirs)
		response_put_answers(theirs, &a->w);
	if (a->q->unknown || (theirs && theirs->rcode == DNS_SERVFAIL))
		a->out->rcode = DNS_SERVFAIL;
	else if (theirs && theirs->rcode == DNS_NXDOMAIN)
		a->out->rcode = DNS_NXDOMAIN;
	if (a->out->rcode == DNS_NXDOMAIN || (theirs && theirs->rcode == DNS_NOERROR && !theirs->counts[DNS_ANSWER]))
		put_soa(a);
	else
		put_ns(a);
	put_targets(a);
	a->out->outcome = ZONE_ELSEWHERE;
	a->out->target = a->name;
}

/* Goes on with another name. False: there is no going on, and the answer is what it is. */
static bool follow(struct answer *a, const struct name *target)
{
	a->chain[a->cnames++] = a->name;
	a->has_answer = true;
	a->spelt = a->name = *target;
	name_lower(&a->name);
	for (unsigned i = 0; i < a->cnames; i++) {
		if (name_equal(&a->chain[i], &a->name)) {
			a->out->outcome = ZONE_FAILED;
			return false;
		}
	}
	if (!name_in(&a->name, &a->z->apex)) {
		put_theirs(a);
		return false;
	}
	if (a->cnames < CNAMES_MAX)
		return true;
	put_ns(a);
	put_targets(a);
	return false;
}

/* Every set has one. */
static struct rdata first_rdata(const struct answer *a, const struct zone_set *s)
{
	const uint8_t *at = a->z->octets + s->rdata;
	struct rdata first = {.bytes = at + sizeof first.len};
	memcpy(&first.len, at, sizeof first.len);
	return first;
}

static bool follow_cname(struct answer *a, const struct zone_set *s)
{
	const struct rdata rdata = first_rdata(a, s);
	struct name target;
	put_set(a, DNS_ANSWER, &a->spelt, s);
	name_from_wire(&target, rdata.bytes, rdata.len);
	return follow(a, &target);
}

/* RFC 6672 2.2: what stands before the owner goes before the target. */
static bool substitute(const struct answer *a, const struct zone_node *n, const struct zone_set *s, struct name *target)
{
	const size_t before = (size_t)a->spelt.len - n->name_len;
	const struct rdata rdata = first_rdata(a, s);
	uint8_t wire[2 * NAME_WIRE_MAX];
	memcpy(wire, a->spelt.wire, before);
	memcpy(wire + before, rdata.bytes, rdata.len);
	return name_from_wire(target, wire, before + rdata.len);
}

static bool follow_dname(struct answer *a, const struct zone_node *n)
{
	const struct zone_set *s = zone_node_set(a->z, n, DNS_TYPE_DNAME);
	struct name target;
	put_of_node(a, DNS_ANSWER, n, s);
	a->has_answer = true;
	if (!substitute(a, n, s, &target)) {
		a->out->rcode = RCODE_YXDOMAIN;
		return false;
	}
	writer_put(&a->w, DNS_ANSWER, &a->spelt, DNS_TYPE_CNAME, DNS_CLASS_IN, s->ttl_s, &(struct rdata){target.wire, target.len});
	if (a->q->request->qtype != DNS_TYPE_CNAME)
		return follow(a, &target);
	put_ns(a);
	return false;
}

/* --- looking up --- */

/* Signatures are one set for each type that they cover. */
static bool put_all_of_type(struct answer *a, const struct zone_node *n, uint16_t type)
{
	bool found = false;
	for (uint32_t i = n->sets; i < n->sets + n->set_count; i++) {
		if (a->z->sets[i].type != type)
			continue;
		put_set(a, DNS_ANSWER, &a->spelt, &a->z->sets[i]);
		found = true;
	}
	return found;
}

static void note_proof(struct answer *a, bool star)
{
	if (!star || a->has_proof)
		return;
	a->has_proof = true;
	a->proof = a->name;
}

/* What stands at a name, or at the wildcard in its place. True: it is a CNAME, and leads on. */
static bool put_what_stands(struct answer *a, const struct zone_node *n, bool star)
{
	const uint16_t qtype = a->q->request->qtype;
	const struct zone_set *cname = qtype != DNS_TYPE_CNAME ? zone_node_set(a->z, n, DNS_TYPE_CNAME) : NULL;
	if (cname) {
		note_proof(a, star);
		return follow_cname(a, cname);
	}
	if (!put_all_of_type(a, n, qtype)) {
		if (!a->cnames && !n->set_count && !star)
			a->out->outcome = ZONE_NO_NAME;
		put_no_data(a, n, star);
		return false;
	}
	a->has_answer = true;
	note_proof(a, star);
	if (n == a->z->nodes && qtype == DNS_TYPE_NS)
		note_name_servers(a, n, &a->z->sets[a->z->ns]);
	else
		put_ns(a);
	put_targets(a);
	return false;
}

/* Below a cut or a DNAME. */
static bool put_from_above(struct answer *a, const struct zone_node *above)
{
	if (above->flags & ZONE_NODE_DNAME)
		return follow_dname(a, above);
	refer(a, above);
	return false;
}

/* The nearest name above that exists; at least the apex does. */
static const struct zone_node *find_encloser(const struct answer *a)
{
	const struct name *n = &a->name;
	for (unsigned i = 1;; i++) {
		const size_t at = i < n->labels ? n->offset[i] : n->len - 1u;
		const struct zone_node *found = zone_data_find(a->z, n->wire + at, n->len - at);
		if (found)
			return found;
	}
}

static bool look_up_missing(struct answer *a)
{
	const struct zone_node *encloser = find_encloser(a);
	if (encloser->cover != ZONE_NONE)
		return put_from_above(a, node_at(a, encloser->cover));
	if (encloser->flags & (ZONE_NODE_CUT | ZONE_NODE_DNAME))
		return put_from_above(a, encloser);
	if (encloser->wildcard != ZONE_NONE)
		return put_what_stands(a, node_at(a, encloser->wildcard), true);
	put_no_name(a, encloser);
	return false;
}

/* True: it goes on with a->name, which is another one. */
static bool look_up(struct answer *a)
{
	const struct zone_node *n = zone_data_find(a->z, a->name.wire, a->name.len);
	if (!n)
		return look_up_missing(a);
	if (n->cover != ZONE_NONE)
		return put_from_above(a, node_at(a, n->cover));
	if (n->flags & ZONE_NODE_CUT && a->q->request->qtype != DNS_TYPE_DS) {
		refer(a, n);
		return false;
	}
	return put_what_stands(a, n, false);
}

/* --- the message --- */

static void begin(struct answer *a, uint8_t *bytes, size_t cap)
{
	const struct request *r = a->q->request;
	name_from_wire(&a->spelt, r->bytes + DNS_HEADER_LEN, r->question_len);
	a->name = r->qname;
	a->dnssec = r->edns && r->edns_do;
	a->has_answer = a->has_proof = false;
	a->cnames = a->target_count = 0;
	a->out->outcome = ZONE_ANSWERED;
	a->out->rcode = DNS_NOERROR;
	writer_begin(&a->w, bytes, cap, r->id, (uint16_t)(DNS_QR | DNS_AA | (r->flags & DNS_RD)));
	writer_put_question(&a->w, &a->spelt, r->qtype, r->qclass); /* fits in the least there is */
	if (r->edns)
		writer_reserve_opt(&a->w, 0);
}

void zone_answer(const struct zone_data *z, const struct zone_question *q, uint8_t *bytes, size_t cap, struct zone_answer *out)
{
	const struct request *r = q->request;
	struct answer a;
	a.z = z;
	a.q = q;
	a.out = out;
	begin(&a, bytes, cap);
	while (look_up(&a))
		;
	const struct opt opt = {.udp_size = DNS_UDP_SIZE_CAP, .dnssec_ok = r->edns_do, .rcode = out->rcode};
	bytes[3] = (uint8_t)((bytes[3] & 0xf0) | (out->rcode & 15));
	out->len = writer_end(&a.w, r->edns ? &opt : NULL);
}
