#include "base/hash.h"
#include "dns/message.h"
#include "dns/wire.h"
#include "zone_inside.h"
#include <stdlib.h>
#include <string.h>

/* --- holders --- */

struct zone_data *zone_data_hold(struct zone_data *z)
{
	atomic_fetch_add_explicit(&z->holders, 1, memory_order_relaxed);
	return z;
}

bool zone_data_hold_if_held(struct zone_data *z)
{
	unsigned n = atomic_load_explicit(&z->holders, memory_order_relaxed);
	while (n && !atomic_compare_exchange_weak_explicit(&z->holders, &n, n + 1, memory_order_relaxed, memory_order_relaxed))
		;
	return n;
}

void zone_data_drop(struct zone_data *z)
{
	if (z && atomic_fetch_sub_explicit(&z->holders, 1, memory_order_acq_rel) == 1)
		rcu_free_soon(&z->garbage, z->bytes);
}

/* --- what it says of itself --- */

const struct name *zone_data_apex(const struct zone_data *z)
{
	return &z->apex;
}

uint32_t zone_data_serial(const struct zone_data *z)
{
	return z->serial;
}

struct zone_timers zone_data_timers(const struct zone_data *z)
{
	const uint8_t *n = zone_soa_numbers(z);
	return (struct zone_timers){wire_load_u32(n + 4), wire_load_u32(n + 8), wire_load_u32(n + 12), wire_load_u32(n + 16)};
}

size_t zone_data_records(const struct zone_data *z)
{
	return z->records;
}

size_t zone_data_octets(const struct zone_data *z)
{
	return z->bytes;
}

/* --- order --- */

/* Labels below the apex from right to left, each with an octet behind it that is below all others; what would be mistaken for it is written with
 * another one before it. */
size_t zone_sort_key(const uint8_t *wire, size_t len, size_t apex_len, uint8_t key[ZONE_KEY_MAX])
{
	uint8_t labels[NAME_LABELS_MAX];
	unsigned count = 0;
	size_t used = 0;
	for (size_t at = 0; len - at > apex_len; at += 1u + wire[at])
		labels[count++] = (uint8_t)at;
	while (count-- > 0) {
		const uint8_t *label = wire + labels[count];
		for (unsigned i = 1; i <= *label; i++) {
			if (label[i] <= 1)
				key[used++] = 1;
			key[used++] = label[i];
		}
		key[used++] = 0;
	}
	return used;
}

static int compare_octets(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	const size_t least = a_len < b_len ? a_len : b_len;
	int difference = least ? memcmp(a, b, least) : 0;
	return difference ? difference : (a_len > b_len) - (a_len < b_len);
}

/* Its room is not on the stack of the others. */
static __attribute__((noinline)) int compare_lowered(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t lower_a[UINT16_MAX], lower_b[UINT16_MAX];
	const bool good = record_lower_rdata(type, a, a_len, lower_a) && record_lower_rdata(type, b, b_len, lower_b);
	return good ? compare_octets(lower_a, a_len, lower_b, b_len) : compare_octets(a, a_len, b, b_len);
}

int zone_compare_rdata(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return record_has_names(type) ? compare_lowered(type, a, a_len, b, b_len) : compare_octets(a, a_len, b, b_len);
}

static int compare_names(const struct zone_data *z, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t x[ZONE_KEY_MAX], y[ZONE_KEY_MAX];
	const size_t x_len = zone_sort_key(a, a_len, z->apex.len, x), y_len = zone_sort_key(b, b_len, z->apex.len, y);
	return compare_octets(x, x_len, y, y_len);
}

/* --- looking up --- */

const struct zone_node *zone_data_find(const struct zone_data *z, const uint8_t *wire, size_t len)
{
	const uint64_t hash = hash_bytes(wire, len);
	const uint32_t check = zone_check_of(hash);
	for (size_t i = hash & z->cell_mask; z->cells[i].node != ZONE_NONE; i = (i + 1) & z->cell_mask) {
		const struct zone_node *n = &z->nodes[z->cells[i].node];
		if (z->cells[i].check == check && n->name_len == len && memcmp(z->octets + n->name, wire, len) == 0)
			return n;
	}
	return NULL;
}

const struct zone_node *zone_data_before(const struct zone_data *z, const struct name *n)
{
	uint32_t low = 0, high = z->node_count; /* the apex is before all, or it */
	while (high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;
		const struct zone_node *m = &z->nodes[middle];
		if (compare_names(z, zone_node_wire(z, m), m->name_len, n->wire, n->len) <= 0)
			low = middle;
		else
			high = middle;
	}
	return &z->nodes[low];
}

const struct zone_set *zone_node_set(const struct zone_data *z, const struct zone_node *n, uint16_t type)
{
	const struct zone_set *s = z->sets + n->sets;
	for (unsigned i = 0; i < n->set_count; i++) {
		if (s[i].type == type)
			return &s[i];
	}
	return NULL;
}

/* --- walking --- */

static void give(const struct zone_data *z, struct zone_cursor *c, const struct zone_set *s, size_t at, struct record *r)
{
	uint16_t len;
	memcpy(&len, z->octets + at, sizeof len);
	*r = (struct record){&c->owner, s->type, s->ttl_s, z->octets + at + sizeof len, len};
	c->at = at + sizeof len + len;
}

/* The set that the cursor is before the next record of; NULL: there is none left. */
static const struct zone_set *next_set(const struct zone_data *z, struct zone_cursor *c)
{
	while (c->node < z->node_count) {
		const struct zone_node *n = &z->nodes[c->node];
		const uint32_t number = n->sets + c->set;
		if (c->set == n->set_count) {
			c->node++;
			c->set = 0;
			continue;
		}
		if (number != z->soa && c->record < z->sets[number].count)
			return &z->sets[number];
		c->set++;
		c->record = 0;
	}
	return NULL;
}

bool zone_data_next(const struct zone_data *z, struct zone_cursor *c, struct record *r)
{
	const struct zone_set *s;
	if (!c->past_soa) {
		c->past_soa = true;
		c->owner = z->apex;
		give(z, c, &z->sets[z->soa], z->sets[z->soa].rdata, r);
		return true;
	}
	s = next_set(z, c);
	if (!s)
		return false;
	if (!c->record) {
		c->at = s->rdata;
		zone_node_name(z, &z->nodes[c->node], &c->owner);
	}
	c->record++;
	give(z, c, s, c->at, r);
	return true;
}

enum err zone_data_walk(const struct zone_data *z, record_take *take, void *arg)
{
	struct zone_cursor c = {0};
	struct record r;
	enum err err = OK;
	while (!err && zone_data_next(z, &c, &r))
		err = take(arg, &r);
	return err;
}

/* --- differences --- */

/* One of the two that are compared. */
struct side {
	const struct zone_data *z;
	struct zone_cursor c;
	struct record r;
	bool has;
};

static void step(struct side *s)
{
	s->has = zone_data_next(s->z, &s->c, &s->r);
}

static void begin(struct side *s, const struct zone_data *z)
{
	memset(s, 0, sizeof *s);
	s->z = z;
	step(s);
}

static bool is_soa(const struct record *r)
{
	return r->type == DNS_TYPE_SOA;
}

static int compare_owners(const struct side *a, const struct side *b)
{
	if (is_soa(&a->r) != is_soa(&b->r))
		return is_soa(&a->r) ? -1 : 1;
	if (a->c.owner.len == b->c.owner.len && memcmp(a->c.owner.wire, b->c.owner.wire, a->c.owner.len) == 0)
		return 0;
	return compare_names(a->z, a->c.owner.wire, a->c.owner.len, b->c.owner.wire, b->c.owner.len);
}

/* A record with another TTL is another one. */
static int compare_sides(const struct side *a, const struct side *b)
{
	int difference;
	if (!a->has || !b->has)
		return a->has ? -1 : 1;
	difference = compare_owners(a, b);
	if (difference)
		return difference;
	if (a->r.type != b->r.type)
		return a->r.type < b->r.type ? -1 : 1;
	if (a->r.rdata_len == b->r.rdata_len && a->r.ttl_s == b->r.ttl_s && memcmp(a->r.rdata, b->r.rdata, a->r.rdata_len) == 0)
		return 0;
	difference = zone_compare_rdata(a->r.type, a->r.rdata, a->r.rdata_len, b->r.rdata, b->r.rdata_len);
	return difference ? difference : (a->r.ttl_s > b->r.ttl_s) - (a->r.ttl_s < b->r.ttl_s);
}

enum err zone_data_diff(const struct zone_data *from, const struct zone_data *to, record_take *removed, record_take *added, void *arg)
{
	struct side a, b;
	enum err err = OK;
	begin(&a, from);
	begin(&b, to);
	while (!err && (a.has || b.has)) {
		const int order = compare_sides(&a, &b);
		if (order < 0)
			err = removed(arg, &a.r);
		else if (order > 0)
			err = added(arg, &b.r);
		if (order <= 0)
			step(&a);
		if (order >= 0)
			step(&b);
	}
	return err;
}
