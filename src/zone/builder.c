#include "builder.h"
#include "base/hash.h"
#include "label.h"
#include <stdlib.h>
#include <string.h>

/* Which things of an array are known: their number + 1 by open addressing, 0: free. Never more than two thirds full. */
struct set {
	uint32_t *cells;
	size_t mask;
};

struct draft_node {
	uint64_t hash;
	uint32_t label; /* offset in text */
	uint8_t label_len;
	uint8_t absence;
	bool home;
	uint16_t has;
	uint32_t pairs; /* of address and port, over its SRV entries; repeated ones count */
	struct run a, aaaa, srv;
};

struct draft_addr {
	struct addr addr;
	bool first; /* no node before has it */
	uint32_t node;
	uint64_t hash;
};

struct draft_srv {
	uint32_t owner, target;
	uint16_t port;
};

struct builder {
	struct draft_node *nodes;
	struct draft_addr *addrs;
	struct draft_srv *srvs, *sorted;
	uint32_t *starts; /* room for one number per node, and one */
	uint8_t *text;
	struct set names, known, pairs, entries; /* of nodes, of first addresses, of addresses, of SRV entries */
	uint32_t node_count, addr_count, srv_count, first_count, first6_count, addr6_count;
	uint32_t text_len;
	uint8_t service_len, ns_len;
	bool unite, zonal, external, hidden; /* hidden: no PTR leads here */
	uint32_t https;
	enum alpn alpn;
	const struct name *cname;
};

/* Cells for n things: a power of two, so that the rest of a hash is a mask, and at least one stays free, which ends every search. */
static size_t cells_for(size_t n)
{
	size_t cells = 1;
	while (cells * 2 < n * 3 + 2)
		cells *= 2;
	return cells;
}

/* Parts of one block, or, while block is NULL, their sizes. */
struct carver {
	char *block;
	size_t len;
};

static void *carve(struct carver *c, size_t count, size_t size)
{
	size_t at = c->len;
	c->len += (count * size + 7) & ~(size_t)7;
	return c->block ? c->block + at : NULL;
}

static void carve_set(struct carver *c, struct set *s, size_t n)
{
	size_t cells = cells_for(n);
	s->cells = carve(c, cells, sizeof *s->cells);
	s->mask = cells - 1;
}

static void carve_builder(struct carver *c, struct builder *b, const struct builder_bounds *bounds)
{
	size_t nodes = bounds->nodes + 1;
	carve(c, 1, sizeof *b);
	b->nodes = carve(c, nodes, sizeof *b->nodes);
	b->addrs = carve(c, bounds->addrs, sizeof *b->addrs);
	b->srvs = carve(c, bounds->srvs, sizeof *b->srvs);
	b->sorted = carve(c, bounds->srvs, sizeof *b->sorted);
	b->starts = carve(c, nodes + 1, sizeof *b->starts);
	carve_set(c, &b->names, nodes);
	carve_set(c, &b->known, bounds->addrs);
	carve_set(c, &b->pairs, bounds->addrs);
	carve_set(c, &b->entries, bounds->srvs);
	b->text = carve(c, (nodes + 1) * BUILDER_NAME_MAX, 1);
}

static uint8_t put_label(struct builder *b, const char *label)
{
	size_t len = strlen(label);
	b->text[b->text_len] = (uint8_t)len;
	memcpy(b->text + b->text_len + 1, label, len);
	b->text_len += (uint32_t)len + 1;
	return (uint8_t)len;
}

struct builder *builder_new(const struct builder_bounds *bounds, const char *ns, const char *service, enum absence absence)
{
	struct builder sizes;
	struct carver c = {0};
	carve_builder(&c, &sizes, bounds);
	c = (struct carver){.block = calloc(1, c.len)};
	if (!c.block)
		return NULL;
	struct builder *b = (struct builder *)(void *)c.block;
	carve_builder(&c, b, bounds);
	b->service_len = put_label(b, service);
	b->ns_len = put_label(b, ns);
	builder_node(b, (const uint8_t *)"", 0, absence);
	return b;
}

void builder_free(struct builder *b)
{
	free(b);
}

/* The cell where the node of this lower-case name is, or would be. */
static uint32_t *find_name(const struct builder *b, uint64_t hash, const uint8_t *name, size_t len)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *cell = &b->names.cells[at & b->names.mask];
		if (!*cell)
			return cell;
		const struct draft_node *n = &b->nodes[*cell - 1];
		if (n->label_len == len && labels_spell(b->text + n->label, name, len))
			return cell;
	}
}

static void add_node(struct builder *b, uint64_t hash, const uint8_t *name, size_t len, enum absence absence)
{
	struct draft_node *n = &b->nodes[b->node_count++];
	n->hash = hash;
	n->label = b->text_len;
	n->label_len = (uint8_t)len;
	n->absence = (uint8_t)absence;
	memcpy(b->text + b->text_len, name, len);
	b->text_len += (uint32_t)len;
}

uint32_t builder_node(struct builder *b, const uint8_t *name, size_t len, enum absence absence)
{
	uint8_t lower[BUILDER_NAME_MAX];
	labels_lower(lower, name, len);
	uint64_t hash = generation_name_hash(lower, len);
	uint32_t *cell = find_name(b, hash, lower, len);
	if (!*cell) {
		add_node(b, hash, name, len, absence);
		*cell = b->node_count;
	}
	struct draft_node *n = &b->nodes[*cell - 1];
	if (absence < n->absence)
		n->absence = (uint8_t)absence;
	return *cell - 1;
}

/* The cell of the first draft of this address, or where it would be. */
static uint32_t *find_addr(const struct builder *b, uint64_t hash, const struct addr *addr)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *cell = &b->known.cells[at & b->known.mask];
		if (!*cell || addr_equal(&b->addrs[*cell - 1].addr, addr))
			return cell;
	}
}

/* The cell of this address of this node, or where it would be. */
static uint32_t *find_pair(const struct builder *b, uint64_t hash, uint32_t node, const struct addr *addr)
{
	for (uint64_t at = hash_mix(hash, node);; at++) {
		uint32_t *cell = &b->pairs.cells[at & b->pairs.mask];
		if (!*cell)
			return cell;
		const struct draft_addr *d = &b->addrs[*cell - 1];
		if (d->node == node && addr_equal(&d->addr, addr))
			return cell;
	}
}

void builder_addr(struct builder *b, uint32_t node, const struct addr *addr)
{
	uint64_t hash = generation_addr_hash(addr);
	uint32_t *pair = find_pair(b, hash, node, addr);
	uint32_t *known = find_addr(b, hash, addr);
	bool v6 = addr->family == ADDR_V6;
	if (*pair)
		return;
	b->addrs[b->addr_count++] = (struct draft_addr){.addr = *addr, .first = !*known, .node = node, .hash = hash};
	*pair = b->addr_count;
	b->addr6_count += v6;
	if (!*known) {
		*known = b->addr_count;
		b->first_count++;
		b->first6_count += v6;
	}
	struct run *run = v6 ? &b->nodes[node].aaaa : &b->nodes[node].a;
	run->count++;
}

void builder_home(struct builder *b, uint32_t node)
{
	b->nodes[node].home = true;
}

static uint32_t *find_srv(const struct builder *b, const struct draft_srv *key)
{
	for (uint64_t at = hash_mix((uint64_t)key->owner << 32 | key->target, key->port);; at++) {
		uint32_t *cell = &b->entries.cells[at & b->entries.mask];
		if (!*cell)
			return cell;
		const struct draft_srv *s = &b->srvs[*cell - 1];
		if (s->owner == key->owner && s->target == key->target && s->port == key->port)
			return cell;
	}
}

void builder_srv(struct builder *b, uint32_t node, uint32_t target, uint16_t port, unsigned n)
{
	struct draft_srv s = {.owner = node, .target = target, .port = port};
	uint32_t *cell = find_srv(b, &s);
	b->nodes[node].pairs += n;
	if (*cell)
		return;
	b->srvs[b->srv_count++] = s;
	*cell = b->srv_count;
	b->nodes[node].srv.count++;
}

void builder_pairs(struct builder *b, uint32_t node, unsigned n)
{
	b->nodes[node].pairs += n;
}

void builder_has(struct builder *b, uint32_t node, unsigned has)
{
	b->nodes[node].has |= (uint16_t)has;
}

void builder_zonal(struct builder *b)
{
	b->zonal = true;
}

void builder_https(struct builder *b, uint32_t node, enum alpn alpn)
{
	b->https = node;
	b->alpn = alpn;
	builder_has(b, 0, HAS_HTTPS);
}

void builder_external(struct builder *b, bool reverse)
{
	b->external = true;
	b->hidden = !reverse;
}

void builder_cname(struct builder *b, const struct name *target)
{
	b->cname = target;
	builder_has(b, 0, HAS_CNAME);
}

void builder_unite(struct builder *b)
{
	b->unite = true;
}

/* A generation's parts in its block; sizes only while c->block is NULL. */
struct layout {
	struct generation *g;
	struct node *nodes;
	struct srv *srv;
	struct addr_cell *addr_index;
	uint32_t *name_index;
	uint8_t *a, *aaaa, *text, *cname;
	size_t name_cells, addr_cells;
	uint32_t shared, shared6; /* addresses before the copies that "" has of them; all of them if there are none */
};

static void carve_layout(struct carver *c, struct layout *l, const struct builder *b)
{
	uint32_t v6 = b->addr6_count, v4 = b->addr_count - v6;
	uint32_t first6 = b->first6_count, first = b->first_count - first6;
	l->shared = v4;
	l->shared6 = v6;
	if (b->unite && first < v4)
		v4 += first;
	if (b->unite && first6 < v6)
		v6 += first6;
	l->g = carve(c, 1, sizeof *l->g);
	l->nodes = carve(c, b->node_count, sizeof *l->nodes);
	l->srv = carve(c, b->srv_count, sizeof *l->srv);
	l->addr_cells = cells_for(b->first_count);
	l->addr_index = carve(c, l->addr_cells, sizeof *l->addr_index);
	l->name_cells = cells_for(b->node_count - 1);
	l->name_index = carve(c, l->name_cells, sizeof *l->name_index);
	l->a = carve(c, v4, 4);
	l->aaaa = carve(c, v6, 16);
	l->text = carve(c, b->text_len, 1);
	l->cname = carve(c, b->cname ? b->cname->len : 0, 1);
}

/* Gives each node its part of the address pools, in the order of the nodes. */
static void place_addrs(struct builder *b)
{
	uint32_t a = 0, aaaa = 0;
	for (uint32_t i = 0; i < b->node_count; i++) {
		struct draft_node *n = &b->nodes[i];
		n->a.first = a;
		n->aaaa.first = aaaa;
		a += n->a.count;
		aaaa += n->aaaa.count;
	}
}

static void index_addr(const struct builder *b, const struct layout *l, const struct draft_addr *d, uint32_t at)
{
	uint64_t cell = d->hash;
	while (l->addr_index[cell & (l->addr_cells - 1)].node)
		cell++;
	at |= d->addr.family == ADDR_V6 ? ADDR_CELL_V6 : 0;
	at |= b->nodes[d->node].home ? ADDR_CELL_HOME : 0;
	l->addr_index[cell & (l->addr_cells - 1)] = (struct addr_cell){.node = d->node + 1, .at = at};
}

/* Fills the pools; the first of each address goes into the index. */
static void put_addrs(const struct builder *b, const struct layout *l)
{
	uint32_t *used = b->starts; /* by each node, of the family under way */
	for (int family = ADDR_V4; family <= ADDR_V6; family += ADDR_V6 - ADDR_V4) {
		memset(used, 0, b->node_count * sizeof *used);
		for (uint32_t i = 0; i < b->addr_count; i++) {
			const struct draft_addr *d = &b->addrs[i];
			if (d->addr.family != family)
				continue;
			bool v6 = family == ADDR_V6;
			uint32_t at = used[d->node]++ + (v6 ? b->nodes[d->node].aaaa.first : b->nodes[d->node].a.first);
			memcpy(v6 ? l->aaaa + (size_t)at * 16 : l->a + (size_t)at * 4, d->addr.octets, v6 ? 16 : 4);
			if (d->first && !b->hidden)
				index_addr(b, l, d, at);
		}
	}
}

/* Addresses for "": the whole pool, or, where some stand in it twice, copies of the first ones behind it. */
static void unite(struct builder *b, const struct layout *l)
{
	struct draft_node *root = &b->nodes[0];
	uint32_t v4 = b->first_count - b->first6_count, v6 = b->first6_count;
	root->a = (struct run){.first = v4 < l->shared ? l->shared : 0, .count = v4};
	root->aaaa = (struct run){.first = v6 < l->shared6 ? l->shared6 : 0, .count = v6};
	uint32_t at = root->a.first, at6 = root->aaaa.first;
	for (uint32_t i = 0; i < b->addr_count; i++) {
		const struct draft_addr *d = &b->addrs[i];
		if (d->first && d->addr.family == ADDR_V4 && root->a.first)
			memcpy(l->a + (size_t)at++ * 4, d->addr.octets, 4);
		if (d->first && d->addr.family == ADDR_V6 && root->aaaa.first)
			memcpy(l->aaaa + (size_t)at6++ * 16, d->addr.octets, 16);
	}
}

/* One pass of a radix sort, stable: by target, or by owner. */
static void sort_srvs(struct builder *b, const struct draft_srv *from, struct draft_srv *to, bool by_owner)
{
	uint32_t *starts = b->starts;
	memset(starts, 0, (b->node_count + 1) * sizeof *starts);
	for (uint32_t i = 0; i < b->srv_count; i++)
		starts[(by_owner ? from[i].owner : from[i].target) + 1]++;
	for (uint32_t i = 0; i < b->node_count; i++)
		starts[i + 1] += starts[i];
	for (uint32_t i = 0; i < b->srv_count; i++)
		to[starts[by_owner ? from[i].owner : from[i].target]++] = from[i];
}

/* RFC 2782 weights as they are customary in cluster DNS: equal parts of 100, never 0, which would be "hardly ever". */
static uint16_t weight(uint32_t pairs)
{
	uint32_t part = 100 / pairs;
	return (uint16_t)(part ? part : 1);
}

static bool same_srvs(const struct draft_srv *a, const struct draft_srv *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (a[i].target != b[i].target || a[i].port != b[i].port)
			return false;
	return true;
}

/* Gives each node its part of the SRV pool. Who has the same records as "" shares its part: the one port of a Service with one port. */
static void place_srvs(struct builder *b)
{
	const struct draft_node *root = &b->nodes[0];
	uint32_t kept = 0, at = 0;
	sort_srvs(b, b->srvs, b->sorted, false);
	sort_srvs(b, b->sorted, b->srvs, true);
	for (uint32_t i = 0; i < b->node_count; i++) {
		struct draft_node *n = &b->nodes[i];
		const struct draft_srv *own = &b->srvs[at];
		at += n->srv.count;
		if (i && n->srv.count == root->srv.count && n->pairs == root->pairs && same_srvs(own, b->srvs, n->srv.count))
			continue;
		memmove(&b->srvs[kept], own, n->srv.count * sizeof *own);
		n->srv.first = kept;
		kept += n->srv.count;
	}
	b->srv_count = kept;
}

static void put_srvs(const struct builder *b, const struct layout *l)
{
	for (uint32_t i = 0; i < b->srv_count; i++) {
		const struct draft_srv *s = &b->srvs[i];
		l->srv[i] = (struct srv){.weight = weight(b->nodes[s->owner].pairs), .port = s->port, .target = s->target};
	}
}

static void index_node(const struct layout *l, uint64_t hash, uint32_t number)
{
	while (l->name_index[hash & (l->name_cells - 1)])
		hash++;
	l->name_index[hash & (l->name_cells - 1)] = number + 1;
}

static void put_node(const struct layout *l, uint32_t number, const struct draft_node *n)
{
	unsigned has = n->has;
	has |= n->a.count ? HAS_A : 0;
	has |= n->aaaa.count ? HAS_AAAA : 0;
	has |= n->srv.count ? HAS_SRV : 0;
	if (n->absence != ABSENCE_NONE)
		has = 0; /* an absent name may still be where PTR records lead */
	l->nodes[number] = (struct node){
	        .label = n->label,
	        .label_len = n->label_len,
	        .absence = n->absence,
	        .has = (uint16_t)has,
	        .a = n->a,
	        .aaaa = n->aaaa,
	        .srv = n->srv,
	};
	l->g->names += n->absence == ABSENCE_NONE;
	if (number)
		index_node(l, n->hash, number);
}

static void put_header(const struct builder *b, const struct layout *l, size_t bytes)
{
	struct generation *g = l->g;
	g->nodes = l->nodes;
	g->name_index = l->name_index;
	g->addr_index = l->addr_index;
	g->name_mask = (uint32_t)l->name_cells - 1;
	g->addr_mask = (uint32_t)l->addr_cells - 1;
	g->a = l->a;
	g->aaaa = l->aaaa;
	g->srv = l->srv;
	g->text = l->text;
	g->cname = l->cname;
	g->service_len = b->service_len;
	g->ns_len = b->ns_len;
	g->cname_len = b->cname ? b->cname->len : 0;
	g->headless = b->unite;
	g->zonal = b->zonal;
	g->external = b->external;
	g->https = b->https;
	g->alpn = (uint8_t)b->alpn;
	g->node_count = b->node_count;
	g->bytes = bytes;
}

struct generation *builder_finish(struct builder *b)
{
	struct layout l;
	struct carver c = {0};
	place_addrs(b);
	place_srvs(b);
	carve_layout(&c, &l, b);
	c = (struct carver){.block = calloc(1, c.len)};
	if (!c.block)
		return NULL;
	carve_layout(&c, &l, b);
	put_addrs(b, &l);
	put_srvs(b, &l);
	if (b->unite)
		unite(b, &l);
	memcpy(l.text, b->text, b->text_len);
	if (b->cname)
		memcpy(l.cname, b->cname->wire, b->cname->len);
	put_header(b, &l, c.len);
	for (uint32_t i = 0; i < b->node_count; i++)
		put_node(&l, i, &b->nodes[i]);
	return l.g;
}
