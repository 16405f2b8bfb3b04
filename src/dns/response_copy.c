#include "dns/response_copy.h"
#include "dns/writer.h"
#include "rdata.h"

#define TTL_MAX_S  0x7fffffffu /* RFC 2181 8 */
#define PASSES_MAX 3           /* over the answer section, for chains whose links stand in any order: a bound on the work */

/* --- which records belong to the question --- */

/* The names that the question leads to, itself the first. */
struct chain {
	struct name names[RESPONSE_CHAIN_MAX + 1];
	bool has_cname[RESPONSE_CHAIN_MAX + 1]; /* the copy has a CNAME there */
	unsigned len;
};

/* Its number; c->len: it is not in there. */
static unsigned chain_find(const struct chain *c, const struct name *n)
{
	unsigned i = 0;
	while (i < c->len && !name_equal(&c->names[i], n))
		i++;
	return i;
}

static bool is_above_chain(const struct chain *c, const struct name *n)
{
	for (unsigned i = 0; i < c->len; i++)
		if (name_in(&c->names[i], n))
			return true;
	return false;
}

/* The name that a DNAME at owner makes of n, which is below it; false: it would be too long (RFC 6672 2.2). */
static bool substitute(const struct name *n, const struct name *owner, const struct name *target, struct name *out)
{
	name_root(out);
	for (unsigned i = 0; i + owner->labels < n->labels; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		if (name_append(out, label, len))
			return false;
	}
	return name_append_name(out, target) == OK;
}

/* Where a record leads to from the last name of the chain; false: nowhere. */
static bool leads_on(const struct response *r, const struct response_record *record, const struct name *last, struct name *next)
{
	struct name owner, target;
	if (record->type != DNS_TYPE_CNAME && record->type != DNS_TYPE_DNAME)
		return false;
	response_owner(r, record, &owner);
	if (record->type == DNS_TYPE_CNAME) {
		response_rdata_name(r, record, 0, next);
		return name_equal(&owner, last);
	}
	if (owner.labels >= last->labels || !name_in(last, &owner))
		return false;
	response_rdata_name(r, record, 0, &target);
	return substitute(last, &owner, &target, next);
}

/* Adds what the answer section leads to from the last name on, in the order of its records; false: nothing new. */
static bool chain_extend(struct chain *chain, const struct response *r)
{
	struct response_cursor c = response_section(r, DNS_ANSWER);
	struct response_record record;
	unsigned before = chain->len;
	while (chain->len <= RESPONSE_CHAIN_MAX && response_next(r, &c, &record)) {
		struct name *next = &chain->names[chain->len];
		if (record.rclass != r->qclass || !leads_on(r, &record, &chain->names[chain->len - 1], next))
			continue;
		if (chain_find(chain, next) == chain->len)
			chain->len++;
	}
	return chain->len > before;
}

static void chain_make(struct chain *chain, const struct response *r)
{
	bool follow = r->qtype != DNS_TYPE_CNAME && r->qtype != DNS_TYPE_ANY;
	chain->names[0] = r->qname;
	chain->len = 1;
	for (unsigned pass = 0; follow && pass < PASSES_MAX && chain_extend(chain, r); pass++)
		;
	memset(chain->has_cname, 0, sizeof chain->has_cname);
}

/* --- copying them --- */

struct copying {
	const struct response *r;
	struct response_copy *copy;
	struct writer w;
	struct chain chain;
	struct name last_owner; /* of the addresses that copy->addresses counts */
	uint16_t last_type;
};

/* The type whose rules hold for a record: for a signature those of what it signs. */
static uint16_t ruling_type(const struct response *r, const struct response_record *record)
{
	return record->type == DNS_TYPE_RRSIG ? wire_load_u16(r->bytes + record->rdata_at) : record->type;
}

static bool belongs_to_answer(struct chain *chain, uint16_t type, uint16_t rule, const struct name *owner)
{
	unsigned i = chain_find(chain, owner);
	if (i == chain->len)
		return rule == DNS_TYPE_DNAME && is_above_chain(chain, owner);
	if (type != DNS_TYPE_CNAME)
		return true;
	bool first = !chain->has_cname[i];
	chain->has_cname[i] = true;
	return first;
}

static bool belongs_to_authority(const struct chain *chain, uint16_t rule, const struct name *owner)
{
	switch (rule) {
	case DNS_TYPE_SOA:
	case DNS_TYPE_NS:
	case DNS_TYPE_DS:
		return is_above_chain(chain, owner);
	case DNS_TYPE_NSEC:
	case DNS_TYPE_NSEC3:
		return true;
	default:
		return false;
	}
}

static bool belongs(struct copying *k, enum dns_section section, const struct response_record *record, const struct name *owner)
{
	uint16_t rule = ruling_type(k->r, record);
	if (record->rclass != k->r->qclass && k->r->qclass != DNS_CLASS_ANY)
		return false;
	switch (section) {
	case DNS_ANSWER:
		return belongs_to_answer(&k->chain, record->type, rule, owner);
	case DNS_AUTHORITY:
		return belongs_to_authority(&k->chain, rule, owner);
	case DNS_ADDITIONAL:
		return compression_has(&k->w.names, &k->w.w, owner);
	}
	return false;
}

/* The address record just put goes on with the run, or begins one where there is none of two. */
static void note_address(struct copying *k, const struct response_record *record, const struct name *owner)
{
	struct response_copy *c = k->copy;
	bool next = c->first_address + c->addresses + 1u == c->ttl_count;
	if (c->addresses && next && k->last_type == record->type && name_equal(&k->last_owner, owner)) {
		c->addresses++;
		return;
	}
	if (c->addresses > 1)
		return;
	c->first_address = (uint16_t)(c->ttl_count - 1);
	c->addresses = 1;
	k->last_type = record->type;
	k->last_owner = *owner;
}

static void note_soa(struct response_copy *c, const struct response *r, const struct response_record *record, uint32_t ttl_s)
{
	if (c->has_soa)
		return;
	c->has_soa = true;
	c->soa_ttl_s = ttl_s;
	c->soa_minimum_s = wire_load_u32(r->bytes + record->rdata_at + record->rdata_len - 4);
}

static void note(struct copying *k, enum dns_section section, const struct response_record *record, const struct name *owner,
                 uint32_t ttl_s)
{
	const struct response *r = k->r;
	bool asked = r->qtype == DNS_TYPE_ANY || record->type == r->qtype;
	bool address = record->rclass == DNS_CLASS_IN && (record->type == DNS_TYPE_A || record->type == DNS_TYPE_AAAA);
	if (ttl_s < k->copy->ttl_min_s)
		k->copy->ttl_min_s = ttl_s;
	if (section == DNS_ANSWER && asked && name_equal(owner, &k->chain.names[k->chain.len - 1]))
		k->copy->answered = true;
	if (section == DNS_ANSWER && address)
		note_address(k, record, owner);
	if (section == DNS_AUTHORITY && record->type == DNS_TYPE_SOA)
		note_soa(k->copy, r, record, ttl_s);
}

/* False: there is no room. */
static bool copy_record(struct copying *k, enum dns_section section, const struct response_record *record, const struct name *owner)
{
	struct response_copy *c = k->copy;
	struct rdata_cursor rdata;
	uint32_t ttl_s = record->ttl_s > TTL_MAX_S ? 0 : record->ttl_s;
	struct writer_mark mark = writer_begin_record(&k->w, section, owner, record->type, record->rclass, ttl_s);
	rdata_begin(&rdata, k->r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	rdata_put(&rdata, &k->w.w, &k->w.names, NULL, NULL);
	if (!writer_end_record(&k->w, &mark) || c->ttl_count == c->ttl_cap)
		return false;
	c->ttl_at[c->ttl_count++] = k->w.ttl_at;
	note(k, section, record, owner, ttl_s);
	return true;
}

static bool copy_section(struct copying *k, enum dns_section section)
{
	struct response_cursor cursor = response_section(k->r, section);
	struct response_record record;
	while (response_next(k->r, &cursor, &record)) {
		struct name owner;
		response_owner(k->r, &record, &owner);
		if (belongs(k, section, &record, &owner) && !copy_record(k, section, &record, &owner))
			return false;
	}
	return true;
}

static void reset(struct response_copy *c)
{
	*c = (struct response_copy){.bytes = c->bytes, .cap = c->cap, .ttl_at = c->ttl_at, .ttl_cap = c->ttl_cap, .ttl_min_s = UINT32_MAX};
}

enum err response_rewrite(const struct response *r, struct response_copy *c)
{
	struct copying k;
	k.r = r;
	k.copy = c;
	reset(c);
	if (c->cap < DNS_HEADER_LEN)
		return ERR_RANGE;
	chain_make(&k.chain, r);
	writer_begin(&k.w, c->bytes, c->cap < DNS_TCP_SIZE_MAX ? c->cap : DNS_TCP_SIZE_MAX, 0, r->flags);
	if (!writer_put_question(&k.w, &r->qname, r->qtype, r->qclass))
		return ERR_RANGE;
	for (unsigned s = 0; s < DNS_SECTIONS; s++)
		if (!copy_section(&k, (enum dns_section)s))
			return ERR_RANGE;
	c->len = (uint16_t)writer_end(&k.w, NULL);
	memcpy(c->counts, k.w.counts, sizeof c->counts);
	if (c->addresses < 2)
		c->addresses = 0;
	return OK;
}

/* --- mapping of names --- */

struct mapping {
	response_map *map;
	void *arg;
	struct response_place place;
};

static void map_name(void *arg, struct name *n)
{
	const struct mapping *m = arg;
	m->map(m->arg, &m->place, n);
}

static void map_record(const struct response *r, struct mapping *m, struct writer *w, const struct response_record *record)
{
	struct name owner;
	struct rdata_cursor rdata;
	m->place.type = record->type;
	m->place.rdata = false;
	response_owner(r, record, &owner);
	map_name(m, &owner);
	m->place.rdata = true;
	struct writer_mark mark = writer_begin_record(w, m->place.section, &owner, record->type, record->rclass, record->ttl_s);
	rdata_begin(&rdata, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	rdata_put(&rdata, &w->w, &w->names, map_name, m);
	writer_end_record(w, &mark);
}

static bool map_question(const struct response *r, struct mapping *m, struct writer *w)
{
	struct name qname = r->qname;
	if (!r->has_question)
		return true;
	m->place.question = true;
	map_name(m, &qname);
	m->place.question = false;
	return writer_put_question(w, &qname, r->qtype, r->qclass);
}

static struct opt opt_of(const struct response *r)
{
	return (struct opt){.udp_size = r->edns_udp_size,
	                    .dnssec_ok = r->edns_do,
	                    .rcode = r->rcode,
	                    .version = r->edns_version,
	                    .data = r->options.bytes,
	                    .len = (uint16_t)r->options.len};
}

size_t response_map_names(const struct response *r, response_map *map, void *arg, uint8_t *bytes, size_t cap)
{
	struct mapping m = {.map = map, .arg = arg};
	struct writer w;
	const struct opt opt = opt_of(r);
	if (cap < DNS_HEADER_LEN)
		return 0;
	writer_begin(&w, bytes, cap < DNS_TCP_SIZE_MAX ? cap : DNS_TCP_SIZE_MAX, r->id, r->flags);
	if (!map_question(r, &m, &w) || (r->edns && !writer_reserve_opt(&w, opt.len)))
		return 0;
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor cursor = response_section(r, m.place.section = (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &cursor, &record))
			map_record(r, &m, &w, &record);
	}
	return writer_end(&w, r->edns ? &opt : NULL);
}

/* --- two in one --- */

void response_put_record(const struct response *r, const struct response_record *record, enum dns_section section, struct writer *w)
{
	struct name owner;
	struct rdata_cursor rdata;
	response_owner(r, record, &owner);
	struct writer_mark mark = writer_begin_record(w, section, &owner, record->type, record->rclass, record->ttl_s);
	rdata_begin(&rdata, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	rdata_put(&rdata, &w->w, &w->names, NULL, NULL);
	writer_end_record(w, &mark);
}

void response_put_answers(const struct response *r, struct writer *w)
{
	struct response_cursor cursor = response_section(r, DNS_ANSWER);
	struct response_record record;
	while (response_next(r, &cursor, &record))
		response_put_record(r, &record, DNS_ANSWER, w);
}

size_t response_append(const struct response *r, const struct response *more, uint8_t *bytes, size_t cap)
{
	struct writer w;
	const struct opt opt = opt_of(r);
	if (cap < DNS_HEADER_LEN)
		return 0;
	writer_begin(&w, bytes, cap < DNS_TCP_SIZE_MAX ? cap : DNS_TCP_SIZE_MAX, r->id, r->flags);
	if (!writer_put_question(&w, &r->qname, r->qtype, r->qclass) || (r->edns && !writer_reserve_opt(&w, opt.len)))
		return 0;
	response_put_answers(r, &w);
	response_put_answers(more, &w);
	return writer_end(&w, r->edns ? &opt : NULL);
}
