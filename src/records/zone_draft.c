/* A version of a zone that is being made: owners and records in arrays, each found by a hash table, so that the order in which they come does not matter. At
 * the end they are sorted and laid out. */
#include "base/hash.h"
#include "dns/message.h"
#include "dns/type.h"
#include "dns/wire.h"
#include "zone_inside.h"
#include <stdlib.h>
#include <string.h>

#define LEAST_CELLS 64
#define RDATA_MAX   UINT16_MAX

/* What one of them takes beside its octets, for the bound. */
#define RECORD_WEIGHT (sizeof(struct draft_record) + 2 * sizeof(uint32_t))
#define OWNER_WEIGHT  (sizeof(struct draft_owner) + 2 * sizeof(uint32_t))

struct draft_owner {
	uint64_t hash;
	uint32_t name;    /* in octets: wire format, lower case */
	uint32_t records; /* how many it has */
	uint8_t name_len;
	bool wanted; /* while it is finished: it, or one below it, has records */
};

struct draft_record {
	uint64_t hash;
	uint32_t owner; /* ZONE_NONE: it was removed */
	uint32_t rdata; /* in octets */
	uint32_t ttl_s;
	uint16_t type, rdata_len;
};

/* Indexes of an array by hash, open addressing. */
struct draft_index {
	uint32_t *cells; /* ZONE_NONE: free */
	size_t mask, used;
};

struct zone_draft {
	struct name apex;
	struct buffer octets;
	struct draft_owner *owners;
	struct draft_record *records;
	size_t owner_count, owner_cap, record_count, record_cap;
	size_t live, soas; /* records that were not removed, and those of them that are SOA */
	struct draft_index by_name, by_record;
	uint8_t lowered[RDATA_MAX], other[RDATA_MAX]; /* rdata to be compared */
};

/* --- arrays and their tables --- */

static bool index_init(struct draft_index *x, size_t count)
{
	x->cells = malloc(count * sizeof *x->cells);
	if (!x->cells)
		return false;
	memset(x->cells, 0xff, count * sizeof *x->cells);
	x->mask = count - 1;
	x->used = 0;
	return true;
}

static void index_put(struct draft_index *x, uint64_t hash, size_t number)
{
	size_t i = hash & x->mask;
	while (x->cells[i] != ZONE_NONE)
		i = (i + 1) & x->mask;
	x->cells[i] = (uint32_t)number;
	x->used++;
}

static bool index_is_full(const struct draft_index *x)
{
	return (x->used + 1) * 4 > (x->mask + 1) * 3;
}

static bool grow_names(struct zone_draft *d)
{
	struct draft_index bigger;
	if (!index_is_full(&d->by_name))
		return true;
	if (!index_init(&bigger, (d->by_name.mask + 1) * 2))
		return false;
	for (size_t i = 0; i < d->owner_count; i++)
		index_put(&bigger, d->owners[i].hash, i);
	free(d->by_name.cells);
	d->by_name = bigger;
	return true;
}

static bool grow_records(struct zone_draft *d)
{
	struct draft_index bigger;
	if (!index_is_full(&d->by_record))
		return true;
	if (!index_init(&bigger, (d->by_record.mask + 1) * 2))
		return false;
	for (size_t i = 0; i < d->record_count; i++) {
		if (d->records[i].owner != ZONE_NONE)
			index_put(&bigger, d->records[i].hash, i);
	}
	free(d->by_record.cells);
	d->by_record = bigger;
	return true;
}

/* Room for one more. */
static bool grow_array(void *array, size_t count, size_t *cap, size_t size)
{
	void **at = array;
	void *bigger;
	size_t wanted = *cap ? *cap * 2 : LEAST_CELLS;
	if (count < *cap)
		return true;
	bigger = realloc(*at, wanted * size);
	if (!bigger)
		return false;
	*at = bigger;
	*cap = wanted;
	return true;
}

static bool has_room(const struct zone_draft *d, size_t more)
{
	return d->octets.len + d->record_count * RECORD_WEIGHT + d->owner_count * OWNER_WEIGHT + more <= ZONE_OCTETS_MAX;
}

/* --- owners --- */

static uint32_t find_owner(const struct zone_draft *d, uint64_t hash, const uint8_t *wire, size_t len)
{
	for (size_t i = hash & d->by_name.mask; d->by_name.cells[i] != ZONE_NONE; i = (i + 1) & d->by_name.mask) {
		const struct draft_owner *o = &d->owners[d->by_name.cells[i]];
		if (o->hash == hash && o->name_len == len && memcmp(d->octets.data + o->name, wire, len) == 0)
			return d->by_name.cells[i];
	}
	return ZONE_NONE;
}

/* wire is not within the draft's octets. ZONE_NONE: out of memory. */
static uint32_t add_owner(struct zone_draft *d, uint64_t hash, const uint8_t *wire, size_t len)
{
	if (!grow_names(d) || !grow_array(&d->owners, d->owner_count, &d->owner_cap, sizeof *d->owners) || !buffer_reserve(&d->octets, len))
		return ZONE_NONE;
	d->owners[d->owner_count] = (struct draft_owner){.hash = hash, .name = (uint32_t)d->octets.len, .name_len = (uint8_t)len};
	buffer_append(&d->octets, wire, len);
	index_put(&d->by_name, hash, d->owner_count);
	return (uint32_t)d->owner_count++;
}

/* --- records --- */

static uint64_t hash_record(uint32_t owner, uint16_t type, const uint8_t *lowered, size_t len)
{
	return hash_mix(hash_mix(owner, type), hash_bytes(lowered, len));
}

static bool is_same_rdata(struct zone_draft *d, const struct draft_record *r, const uint8_t *lowered)
{
	const uint8_t *rdata = (const uint8_t *)d->octets.data + r->rdata;
	if (record_has_names(r->type) && record_lower_rdata(r->type, rdata, r->rdata_len, d->other))
		rdata = d->other;
	return r->rdata_len == 0 || memcmp(rdata, lowered, r->rdata_len) == 0;
}

static struct draft_record *find_record(struct zone_draft *d, uint64_t hash, uint32_t owner, uint16_t type, size_t len)
{
	for (size_t i = hash & d->by_record.mask; d->by_record.cells[i] != ZONE_NONE; i = (i + 1) & d->by_record.mask) {
		struct draft_record *r = &d->records[d->by_record.cells[i]];
		if (r->hash == hash && r->owner == owner && r->type == type && r->rdata_len == len && is_same_rdata(d, r, d->lowered))
			return r;
	}
	return NULL;
}

static enum err add_record(struct zone_draft *d, uint64_t hash, uint32_t owner, const struct record *r)
{
	if (!grow_records(d) || !grow_array(&d->records, d->record_count, &d->record_cap, sizeof *d->records) ||
	    !buffer_reserve(&d->octets, r->rdata_len))
		return ERR_NOMEM;
	d->records[d->record_count] = (struct draft_record){
	        .hash = hash,
	        .owner = owner,
	        .rdata = (uint32_t)d->octets.len,
	        .ttl_s = r->ttl_s,
	        .type = r->type,
	        .rdata_len = (uint16_t)r->rdata_len,
	};
	buffer_append(&d->octets, r->rdata, r->rdata_len);
	index_put(&d->by_record, hash, d->record_count++);
	d->owners[owner].records++;
	d->live++;
	d->soas += r->type == DNS_TYPE_SOA;
	return OK;
}

/* --- adding and removing --- */

static enum err say(const struct record *r, enum err err, const char *what, struct diag *diag)
{
	char name[NAME_TEXT_MAX], type[TYPE_TEXT_MAX];
	name_to_text(r->owner, name);
	type_to_text(r->type, type);
	return diag_set(diag, err, "%s %s: %s", name, type, what);
}

static bool is_data(uint16_t type)
{
	return type && type != DNS_TYPE_OPT && (type < DNS_TYPE_TSIG - 1 || type > DNS_TYPE_ANY);
}

/* Also puts its rdata into d->lowered. */
static enum err check(struct zone_draft *d, const struct record *r, struct diag *diag)
{
	if (!name_in(r->owner, &d->apex))
		return say(r, ERR_RANGE, "it is outside of the zone", diag);
	if (!is_data(r->type))
		return say(r, ERR_SYNTAX, "there are no records of this type", diag);
	if (r->type == DNS_TYPE_NSEC3 || r->type == DNS_TYPE_NSEC3PARAM)
		return say(r, ERR_SYNTAX, "zones with NSEC3 are not served; sign with NSEC", diag);
	if (r->type == DNS_TYPE_SOA && r->owner->labels != d->apex.labels)
		return say(r, ERR_SYNTAX, "a SOA stands at the apex of its zone", diag);
	if (r->rdata_len > RDATA_MAX || !record_lower_rdata(r->type, r->rdata, r->rdata_len, d->lowered))
		return say(r, ERR_SYNTAX, "its data is not as its type has it", diag);
	return OK;
}

enum err zone_draft_add(struct zone_draft *d, const struct record *r, struct diag *diag)
{
	struct name owner = *r->owner;
	struct draft_record *there;
	uint64_t hash;
	uint32_t at;
	enum err err = check(d, r, diag);
	if (err)
		return err;
	if (!has_room(d, r->rdata_len + owner.len + RECORD_WEIGHT + OWNER_WEIGHT))
		return diag_set(diag, ERR_RANGE, "the zone is too large: more than %zu MiB", ZONE_OCTETS_MAX >> 20);
	name_lower(&owner);
	hash = hash_bytes(owner.wire, owner.len);
	at = find_owner(d, hash, owner.wire, owner.len);
	if (at == ZONE_NONE)
		at = add_owner(d, hash, owner.wire, owner.len);
	if (at == ZONE_NONE)
		return diag_no_memory(diag);
	hash = hash_record(at, r->type, d->lowered, r->rdata_len);
	there = find_record(d, hash, at, r->type, r->rdata_len);
	if (!there)
		return add_record(d, hash, at, r) ? diag_no_memory(diag) : OK;
	if (r->ttl_s < there->ttl_s)
		there->ttl_s = r->ttl_s;
	return OK;
}

enum err zone_draft_remove(struct zone_draft *d, const struct record *r, struct diag *diag)
{
	struct name owner = *r->owner;
	struct draft_record *there = NULL;
	uint32_t at;
	enum err err = check(d, r, diag);
	if (err)
		return err;
	name_lower(&owner);
	at = find_owner(d, hash_bytes(owner.wire, owner.len), owner.wire, owner.len);
	if (at != ZONE_NONE)
		there = find_record(d, hash_record(at, r->type, d->lowered, r->rdata_len), at, r->type, r->rdata_len);
	if (!there)
		return say(r, ERR_MISSING, "it is not there", diag);
	there->owner = ZONE_NONE;
	d->owners[at].records--;
	d->live--;
	d->soas -= r->type == DNS_TYPE_SOA;
	return OK;
}

/* --- life --- */

struct zone_draft *zone_draft_new(const struct name *apex)
{
	struct zone_draft *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->apex = *apex;
	name_lower(&d->apex);
	if (index_init(&d->by_name, LEAST_CELLS) && index_init(&d->by_record, LEAST_CELLS) &&
	    add_owner(d, hash_bytes(d->apex.wire, d->apex.len), d->apex.wire, d->apex.len) != ZONE_NONE)
		return d;
	zone_draft_free(d);
	return NULL;
}

void zone_draft_free(struct zone_draft *d)
{
	if (!d)
		return;
	buffer_free(&d->octets);
	free(d->owners);
	free(d->records);
	free(d->by_name.cells);
	free(d->by_record.cells);
	free(d);
}

static enum err add_again(void *arg, const struct record *r)
{
	return zone_draft_add(arg, r, NULL);
}

struct zone_draft *zone_draft_of(const struct zone_data *base)
{
	struct zone_draft *d = zone_draft_new(&base->apex);
	if (d && !zone_data_walk(base, add_again, d))
		return d;
	zone_draft_free(d);
	return NULL;
}

/* --- finishing: the order --- */

/* Names above one that has records exist, too (RFC 4592 2.2.2). */
static enum err want_above(struct zone_draft *d, uint32_t at)
{
	uint8_t wire[NAME_WIRE_MAX];
	size_t len = d->owners[at].name_len, skip;
	memcpy(wire, d->octets.data + d->owners[at].name, len);
	d->owners[at].wanted = true;
	for (size_t from = 0; len - from > d->apex.len;) {
		uint64_t hash;
		uint32_t above;
		skip = 1u + wire[from];
		from += skip;
		hash = hash_bytes(wire + from, len - from);
		above = find_owner(d, hash, wire + from, len - from);
		if (above == ZONE_NONE)
			above = add_owner(d, hash, wire + from, len - from);
		if (above == ZONE_NONE)
			return ERR_NOMEM;
		if (d->owners[above].wanted)
			break;
		d->owners[above].wanted = true;
	}
	return OK;
}

static enum err want_owners(struct zone_draft *d, size_t *count)
{
	const size_t named = d->owner_count;
	enum err err = OK;
	*count = 0;
	d->owners[0].wanted = true;
	for (size_t i = 0; i < named && !err; i++) {
		if (d->owners[i].records)
			err = want_above(d, (uint32_t)i);
	}
	for (size_t i = 0; i < d->owner_count; i++)
		*count += d->owners[i].wanted;
	return err;
}

/* An owner's place in the order. */
struct draft_key {
	size_t at; /* in the keys' octets */
	uint32_t owner;
	uint16_t len;
};

static int compare_keys(const void *a, const void *b, void *octets)
{
	const struct draft_key *x = a, *y = b;
	const char *keys = octets;
	int difference = memcmp(keys + x->at, keys + y->at, x->len < y->len ? x->len : y->len);
	return difference ? difference : x->len - y->len;
}

static enum err sort_owners(const struct zone_draft *d, size_t count, struct draft_key **out)
{
	struct draft_key *keys = calloc(count + 1, sizeof *keys);
	struct buffer octets = {0};
	size_t n = 0;
	*out = keys;
	if (!keys)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->owner_count; i++) {
		const struct draft_owner *o = &d->owners[i];
		uint8_t key[ZONE_KEY_MAX];
		size_t len;
		if (!o->wanted)
			continue;
		len = zone_sort_key((const uint8_t *)d->octets.data + o->name, o->name_len, d->apex.len, key);
		keys[n++] = (struct draft_key){octets.len, (uint32_t)i, (uint16_t)len};
		buffer_append(&octets, key, len);
	}
	if (!octets.failed && octets.len)
		qsort_r(keys, count, sizeof *keys, compare_keys, octets.data);
	n = octets.failed;
	buffer_free(&octets);
	return n ? ERR_NOMEM : OK;
}

static int compare_records(const void *a, const void *b, void *draft)
{
	const struct zone_draft *d = draft;
	const struct draft_record *x = &d->records[*(const uint32_t *)a], *y = &d->records[*(const uint32_t *)b];
	const uint8_t *octets = (const uint8_t *)d->octets.data;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return zone_compare_rdata(x->type, octets + x->rdata, x->rdata_len, octets + y->rdata, y->rdata_len);
}

/* Those of each owner together, in the order in which the owners come first; first[i]: where those of owner i begin. */
static enum err sort_records(struct zone_draft *d, uint32_t **first, uint32_t **order)
{
	uint32_t sum = 0;
	*first = calloc(d->owner_count + 1, sizeof **first);
	*order = calloc(d->live + 1, sizeof **order);
	if (!*first || !*order)
		return ERR_NOMEM;
	for (size_t i = 0; i < d->owner_count; i++) {
		(*first)[i] = sum;
		sum += d->owners[i].records;
	}
	for (size_t i = 0; i < d->record_count; i++) {
		if (d->records[i].owner != ZONE_NONE)
			(*order)[(*first)[d->records[i].owner]++] = (uint32_t)i;
	}
	for (size_t i = 0; i < d->owner_count; i++) { /* each stands behind its last one now */
		(*first)[i] -= d->owners[i].records;
		if (d->owners[i].records > 1)
			qsort_r(*order + (*first)[i], d->owners[i].records, sizeof **order, compare_records, d);
	}
	return OK;
}

/* --- finishing: the layout --- */

struct layout {
	struct zone_draft *d;
	struct draft_key *keys;
	uint32_t *first, *order;
	size_t owners, sets, octets;
	struct zone_data *z;
	/* the same arrays as in z, to be written */
	struct zone_node *nodes;
	struct zone_set *set;
	struct zone_cell *cells;
	uint8_t *bytes;
	size_t sets_used, octets_used;
	uint32_t above[NAME_LABELS_MAX + 1]; /* the last node with so many labels */
	struct diag *diag;
};

static uint16_t covered_by(const struct zone_draft *d, const struct draft_record *r)
{
	return r->type == DNS_TYPE_RRSIG && r->rdata_len >= 2 ? wire_load_u16((const uint8_t *)d->octets.data + r->rdata) : 0;
}

static bool is_same_set(const struct zone_draft *d, const struct draft_record *a, const struct draft_record *b)
{
	return a->type == b->type && covered_by(d, a) == covered_by(d, b);
}

/* How many of those from `from` on, before `to`, are one set. */
static size_t set_len(const struct layout *l, size_t from, size_t to)
{
	const struct draft_record *records = l->d->records, *first = &records[l->order[from]];
	size_t n = 1;
	while (from + n < to && is_same_set(l->d, first, &records[l->order[from + n]]))
		n++;
	return n;
}

static enum err complain(const struct layout *l, uint32_t owner, enum err err, const char *what)
{
	const struct draft_owner *o = &l->d->owners[owner];
	char text[NAME_TEXT_MAX];
	struct name n;
	name_from_wire(&n, (const uint8_t *)l->d->octets.data + o->name, o->name_len);
	name_to_text(&n, text);
	return diag_set(l->diag, err, "%s: %s", text, what);
}

static bool may_stand_by_cname(uint16_t type)
{
	return type == DNS_TYPE_CNAME || type == DNS_TYPE_RRSIG || type == DNS_TYPE_NSEC;
}

/* What the records of one name may not be; counts them. */
static enum err measure_owner(struct layout *l, uint32_t owner)
{
	const struct draft_record *records = l->d->records;
	const size_t from = l->first[owner], to = from + l->d->owners[owner].records;
	bool has_cname = false, has_others = false;
	for (size_t at = from, n; at < to; at += n) {
		const struct draft_record *r = &records[l->order[at]];
		n = set_len(l, at, to);
		if (n > ZONE_SET_MAX)
			return complain(l, owner, ERR_RANGE, "it has more than 65535 records of one type");
		if (n > 1 && (r->type == DNS_TYPE_CNAME || r->type == DNS_TYPE_DNAME))
			return complain(l, owner, ERR_SYNTAX, "it has more than one CNAME or DNAME");
		has_cname |= r->type == DNS_TYPE_CNAME;
		has_others |= !may_stand_by_cname(r->type);
		l->sets++;
		for (size_t i = at; i < at + n; i++)
			l->octets += sizeof(uint16_t) + records[l->order[i]].rdata_len;
	}
	return has_cname && has_others ? complain(l, owner, ERR_SYNTAX, "it has a CNAME and other records (RFC 1034 3.6.2)") : OK;
}

static enum err measure(struct layout *l)
{
	enum err err = OK;
	for (size_t i = 0; i < l->owners && !err; i++) {
		l->octets += l->d->owners[l->keys[i].owner].name_len;
		err = measure_owner(l, l->keys[i].owner);
	}
	return err;
}

static size_t cells_for(size_t nodes)
{
	size_t count = LEAST_CELLS;
	while (count < nodes * 2)
		count *= 2;
	return count;
}

static enum err allocate(struct layout *l)
{
	const size_t cells = cells_for(l->owners);
	const size_t nodes_at = (sizeof *l->z + 63) / 64 * 64, cells_at = nodes_at + l->owners * sizeof *l->nodes;
	const size_t sets_at = cells_at + cells * sizeof *l->cells, octets_at = sets_at + l->sets * sizeof *l->set;
	const size_t bytes = octets_at + l->octets;
	uint8_t *block = malloc(bytes);
	if (!block) {
		diag_no_memory(l->diag);
		return ERR_NOMEM;
	}
	l->z = (struct zone_data *)block;
	l->nodes = (struct zone_node *)(block + nodes_at);
	l->cells = (struct zone_cell *)(block + cells_at);
	l->set = (struct zone_set *)(block + sets_at);
	l->bytes = block + octets_at;
	memset(l->cells, 0xff, cells * sizeof *l->cells);
	*l->z = (struct zone_data){
	        .holders = 1,
	        .node_count = (uint32_t)l->owners,
	        .cell_mask = (uint32_t)(cells - 1),
	        .ns = ZONE_NONE,
	        .records = l->d->live,
	        .bytes = bytes,
	        .nodes = l->nodes,
	        .sets = l->set,
	        .cells = l->cells,
	        .octets = l->bytes,
	        .apex = l->d->apex,
	};
	return OK;
}

static uint32_t put_octets(struct layout *l, const void *bytes, size_t len)
{
	const size_t at = l->octets_used;
	if (len)
		memcpy(l->bytes + at, bytes, len);
	l->octets_used += len;
	return (uint32_t)at;
}

static void put_set(struct layout *l, size_t from, size_t count)
{
	const struct draft_record *records = l->d->records, *first = &records[l->order[from]];
	struct zone_set *s = &l->set[l->sets_used++];
	*s = (struct zone_set){
	        .rdata = (uint32_t)l->octets_used,
	        .ttl_s = first->ttl_s,
	        .signatures = ZONE_NONE,
	        .type = first->type,
	        .covered = covered_by(l->d, first),
	        .count = (uint16_t)count,
	};
	for (size_t i = 0; i < count; i++) {
		const struct draft_record *r = &records[l->order[from + i]];
		put_octets(l, &r->rdata_len, sizeof r->rdata_len);
		put_octets(l, l->d->octets.data + r->rdata, r->rdata_len);
		if (r->ttl_s < s->ttl_s)
			s->ttl_s = r->ttl_s;
	}
}

static void join_signatures(struct layout *l, const struct zone_node *n)
{
	struct zone_set *sets = l->set + n->sets;
	for (unsigned i = 0; i < n->set_count; i++) {
		for (unsigned k = 0; k < n->set_count && sets[i].type == DNS_TYPE_RRSIG; k++) {
			if (sets[k].type == sets[i].covered && sets[k].type != DNS_TYPE_RRSIG)
				sets[k].signatures = n->sets + i;
		}
	}
}

static void put_sets(struct layout *l, struct zone_node *n, uint32_t owner)
{
	const size_t from = l->first[owner], to = from + l->d->owners[owner].records;
	n->sets = (uint32_t)l->sets_used;
	for (size_t at = from, len; at < to; at += len) {
		const uint16_t type = l->d->records[l->order[at]].type;
		len = set_len(l, at, to);
		n->flags |= (uint8_t)(type == DNS_TYPE_NS ? ZONE_NODE_CUT : type == DNS_TYPE_DNAME ? ZONE_NODE_DNAME : 0);
		n->flags |= (uint8_t)(type == DNS_TYPE_NSEC ? ZONE_NODE_NSEC : 0);
		put_set(l, at, len);
	}
	n->set_count = (uint16_t)(l->sets_used - n->sets);
	join_signatures(l, n);
}

static void put_cell(struct layout *l, uint64_t hash, uint32_t node)
{
	size_t i = hash & l->z->cell_mask;
	while (l->cells[i].node != ZONE_NONE)
		i = (i + 1) & l->z->cell_mask;
	l->cells[i] = (struct zone_cell){zone_check_of(hash), node};
}

/* Those above it were put before. */
static void join_above(struct layout *l, uint32_t number, const struct name *name)
{
	struct zone_node *n = &l->nodes[number];
	l->above[name->labels] = number;
	if (!number) {
		n->flags &= (uint8_t)~ZONE_NODE_CUT;
		return;
	}
	n->above = l->above[name->labels - 1];
	struct zone_node *above = &l->nodes[n->above];
	n->cover = above->cover != ZONE_NONE ? above->cover : above->flags & (ZONE_NODE_CUT | ZONE_NODE_DNAME) ? n->above : ZONE_NONE;
	if (name->wire[0] == 1 && name->wire[1] == '*')
		above->wildcard = number;
}

static void put_node(struct layout *l, uint32_t number)
{
	const uint32_t owner = l->keys[number].owner;
	const struct draft_owner *o = &l->d->owners[owner];
	struct zone_node *n = &l->nodes[number];
	struct name name;
	*n = (struct zone_node){
	        .name = put_octets(l, l->d->octets.data + o->name, o->name_len),
	        .cover = ZONE_NONE,
	        .wildcard = ZONE_NONE,
	        .name_len = o->name_len,
	};
	name_from_wire(&name, l->bytes + n->name, n->name_len);
	put_sets(l, n, owner);
	join_above(l, number, &name);
	put_cell(l, o->hash, number);
}

/* What is often asked for. */
static void find_apex_sets(struct layout *l)
{
	const struct zone_node *apex = &l->nodes[0];
	for (uint32_t i = apex->sets; i < apex->sets + apex->set_count; i++) {
		if (l->set[i].type == DNS_TYPE_SOA)
			l->z->soa = i;
		if (l->set[i].type == DNS_TYPE_NS)
			l->z->ns = i;
	}
	l->z->serial = wire_load_u32(zone_soa_numbers(l->z));
}

static enum err lay_out(struct layout *l)
{
	enum err err = measure(l);
	if (!err && l->octets > UINT32_MAX)
		err = diag_set(l->diag, ERR_RANGE, "the zone is too large");
	if (!err)
		err = allocate(l);
	if (err)
		return err;
	for (uint32_t i = 0; i < l->owners; i++)
		put_node(l, i);
	find_apex_sets(l);
	return OK;
}

enum err zone_draft_finish(struct zone_draft *d, struct zone_data **out, struct diag *diag)
{
	struct layout l = {.d = d, .diag = diag};
	enum err err = OK;
	*out = NULL;
	if (d->soas != 1)
		err = complain(&l, 0, ERR_SYNTAX, d->soas ? "it has more than one SOA" : "it has no SOA");
	if (!err && (want_owners(d, &l.owners) || sort_owners(d, l.owners, &l.keys) || sort_records(d, &l.first, &l.order))) {
		diag_no_memory(diag);
		err = ERR_NOMEM;
	}
	if (!err)
		err = lay_out(&l);
	if (!err)
		*out = l.z;
	free(l.keys);
	free(l.first);
	free(l.order);
	zone_draft_free(d);
	return err;
}
