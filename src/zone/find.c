#include "base/hash.h"
#include "inside.h"
#include <string.h>

/* Where the i-th label stands; the root, which has no offset of its own, is the label after the last. */
static size_t label_at(const struct name *n, unsigned i)
{
	return i < n->labels ? n->offset[i] : n->len - 1u;
}

/* True if n is origin or below; *left is then the number of labels before it. Both are lower case. */
static bool is_in(const struct name *n, const struct name *origin, uint8_t *left)
{
	if (n->labels < origin->labels)
		return false;
	*left = (uint8_t)(n->labels - origin->labels);
	size_t at = label_at(n, *left);
	return n->len - at == origin->len && memcmp(n->wire + at, origin->wire, origin->len) == 0;
}

/* An address as endpoints and pods are named by it: a-b-c-d, or with each ':' a '-'. */
static void read_dashed(const uint8_t *label, size_t len, struct zone_spot *spot)
{
	char text[NAME_LABEL_MAX], canonical[ADDR_TEXT_MAX], separator = ':';
	unsigned dashes = 0, doubles = 0;
	spot->addr.family = ADDR_NONE;
	for (size_t i = 0; i < len; i++) {
		dashes += label[i] == '-';
		doubles += i && label[i] == '-' && label[i - 1] == '-';
	}
	if (dashes == 3 && !doubles)
		separator = '.';
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)label[i];
		if (text[i] == '-')
			text[i] = separator;
	}
	if (addr_parse(text, len, &spot->addr))
		return;
	addr_format(&spot->addr, canonical);
	spot->exact = strlen(canonical) == len && memcmp(canonical, text, len) == 0;
}

static void locate_pod(const struct name *n, struct zone_spot *spot)
{
	unsigned left = spot->apex;
	size_t ns = n->offset[left - 2], len;
	spot->place = left < 3 ? ZONE_POD_NAMESPACE : ZONE_POD;
	spot->hash = hash_bytes(n->wire + ns, n->offset[left - 1] - ns);
	if (left < 3)
		return;
	const uint8_t *label = name_label(n, left - 3, &len);
	read_dashed(label, len, spot);
}

static void locate_forward(const struct name *n, struct zone_spot *spot)
{
	unsigned left = spot->apex;
	if (left < 2) {
		spot->place = ZONE_OWN;
		return;
	}
	size_t end = n->offset[left - 1];
	if (memcmp(n->wire + end, "\3svc", 4) != 0) {
		spot->place = ZONE_OWN;
		if (memcmp(n->wire + end, "\3pod", 4) == 0)
			locate_pod(n, spot);
		return;
	}
	size_t key = n->offset[left < 3 ? 0 : left - 3];
	spot->place = left < 3 ? ZONE_NAMESPACE : ZONE_SERVICE;
	spot->hash = hash_bytes(n->wire + key, end - key);
	if (spot->place == ZONE_SERVICE)
		spot->hash = slot_hash(spot->hash, spot->tree);
}

/* The same in an external zone, where a namespace stands left of the apex, beside the label that the name server is below. */
static __attribute__((noinline)) void locate_external(const uint8_t *label, const struct name *n, struct zone_spot *spot)
{
	unsigned left = spot->apex;
	const uint8_t *ns = left ? n->wire + n->offset[left - 1] : label;
	spot->place = ZONE_OWN;
	if (ns[0] == label[0] && memcmp(ns, label, 1u + label[0]) == 0)
		return;
	size_t key = n->offset[left < 2 ? 0 : left - 2], end = label_at(n, left);
	spot->place = left < 2 ? ZONE_NAMESPACE : ZONE_EXTERNAL;
	spot->hash = hash_bytes(n->wire + key, end - key);
	if (spot->place == ZONE_EXTERNAL)
		spot->hash = slot_hash(spot->hash, spot->tree);
}

/* A decimal octet as inet_ntoa would write it. */
static bool read_octet(const uint8_t *label, size_t len, uint8_t *octet)
{
	unsigned value = 0;
	if (len > 3 || (len > 1 && label[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (label[i] < '0' || label[i] > '9')
			return false;
		value = value * 10 + (unsigned)(label[i] - '0');
	}
	*octet = (uint8_t)value;
	return value <= 255;
}

static bool read_nibble(const uint8_t *label, size_t len, uint8_t *nibble)
{
	uint8_t c = label[0];
	if (len != 1 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
		return false;
	*nibble = (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	return true;
}

/* Takes the i-th label from the apex leftwards into the address. */
static bool read_label(struct addr *a, unsigned i, const uint8_t *label, size_t len)
{
	if (a->family == ADDR_V4)
		return i < 4 && read_octet(label, len, &a->octets[i]);
	uint8_t nibble;
	if (i >= 32 || !read_nibble(label, len, &nibble))
		return false;
	a->octets[i / 2] |= (uint8_t)(i % 2 ? nibble : nibble << 4);
	return true;
}

/* The address is said by the labels left of in-addr.arpa or ip6.arpa, also where the apex is further down. */
static void locate_reverse(const struct name *n, uint8_t family, struct zone_spot *spot)
{
	unsigned labels = n->labels - 2u;
	spot->place = ZONE_REVERSE;
	spot->addr = (struct addr){.family = family};
	spot->bits = (uint8_t)(labels > 32 ? REVERSE_NO_ADDR : labels * (family == ADDR_V4 ? 8 : 4));
	for (unsigned i = 0; i < labels && spot->bits != REVERSE_NO_ADDR; i++) {
		size_t len;
		const uint8_t *label = name_label(n, labels - 1u - i, &len);
		if (!read_label(&spot->addr, i, label, len))
			spot->bits = REVERSE_NO_ADDR;
	}
	spot->hash = generation_addr_hash(&spot->addr);
}

void zone_locate(const struct zone *z, const struct name *name, struct zone_spot *spot)
{
	const struct origin *o = z->origins, *end = o + z->origin_count;
	while (o < end && !is_in(name, &o->name, &spot->apex))
		o++;
	if (o == end) {
		spot->place = ZONE_OUTSIDE;
		return;
	}
	spot->tree = o->tree;
	if (!o->sort)
		locate_forward(name, spot);
	else if (o->sort == ORIGIN_EXTERNAL)
		locate_external(z->settings.external, name, spot);
	else
		locate_reverse(name, o->sort, spot);
}

void zone_prefetch(const struct zone *z, const struct zone_spot *spot)
{
	if (spot->place == ZONE_SERVICE)
		table_prefetch(z->slots, spot->hash);
	else if (spot->place == ZONE_REVERSE)
		table_prefetch(z->reverse.slots, spot->hash);
}

static void found_node(struct zone_found *found, const struct generation *g, const struct node *n)
{
	found->exists = true;
	found->absence = ABSENCE_NONE;
	found->has = n->has;
	found->generation = g;
	found->node = n;
}

static void find_own(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	const struct generation *g = atomic_load_explicit(&z->own, memory_order_acquire);
	const struct node *n = generation_find(g, name->wire, label_at(name, spot->apex));
	if (!n || n->absence != ABSENCE_NONE)
		return;
	found_node(found, g, n);
	if (n != &g->nodes[OWN_NAME_SERVER])
		return;
	zone_name_server(z, spot->tree, &found->generation, &found->node);
	found->has = found->node->has & (HAS_A | HAS_AAAA);
}

/* The namespace if it exists, or NULL. label: wire form, lower case. */
static const struct namespace *namespace_at(const struct zone *z, const uint8_t *label, uint64_t hash)
{
	const struct namespace *ns = table_find(z->namespaces, hash, namespace_matches, label);
	return ns && atomic_load_explicit(&ns->exists, memory_order_acquire) ? ns : NULL;
}

/* An empty non-terminal (RFC 8020): it exists as long as the namespace does. */
static void find_namespace(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	found->exists = namespace_at(z, name->wire, spot->hash);
	found->absence = found->exists ? ABSENCE_NONE : ABSENCE_NO_NAMESPACE;
}

/* Why there is no pod of that address in the namespace, which is that of the spot; NONE: there is one. */
static enum absence absence_of_pod(const struct zone *z, const struct namespace *ns, const struct zone_spot *spot)
{
	if (!ns)
		return ABSENCE_NO_NAMESPACE;
	if (spot->apex > (z->settings.compat & COMPAT_DEEP_PODS ? 5 : 3)) /* it passes over one or two labels */
		return ABSENCE_NO_NAME;
	if (spot->addr.family == ADDR_NONE)
		return ABSENCE_NO_POD;
	if (z->settings.pods == ZONE_PODS_VERIFIED && !(spot->exact && pod_addresses_have(z->pod_addresses, ns->number, &spot->addr)))
		return ABSENCE_NO_POD;
	return ABSENCE_NONE;
}

static void find_pod(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	const struct namespace *ns = namespace_at(z, name->wire + name->offset[spot->apex - 2], spot->hash);
	found->absence = (uint8_t)absence_of_pod(z, ns, spot);
	found->exists = !found->absence;
	if (found->exists)
		found->has = spot->addr.family == ADDR_V6 ? HAS_AAAA : HAS_A;
}

/* Why there is no Service: key is its label and the namespace's. */
static enum absence absence_of_service(const struct zone *z, const struct slot_key *key)
{
	size_t service_len = 1u + key->wire[0];
	const uint8_t *ns = key->wire + service_len;
	return namespace_at(z, ns, hash_bytes(ns, key->len - service_len)) ? ABSENCE_NO_SERVICE : ABSENCE_NO_NAMESPACE;
}

/* Why a Service that is there has nothing of this name below it, which has so many labels. */
static enum absence absence_below(const uint8_t *name, unsigned labels)
{
	bool port = name[1] == '_';
	if (labels == 1)
		return port ? ABSENCE_NO_PORT : ABSENCE_NO_ENDPOINT;
	return labels == 2 && port ? ABSENCE_NO_PORT : ABSENCE_NO_NAME;
}

/* In a cluster set two labels without any are an endpoint of a cluster. */
static bool has_underscore(const struct name *name)
{
	return name->wire[name->offset[0] + 1] == '_' || name->wire[name->offset[1] + 1] == '_';
}

/* The port that the first two labels are, be they with an underscore or without. */
static const struct node *find_port(const struct generation *g, const struct name *name)
{
	uint8_t wire[2 * (1 + NAME_LABEL_MAX + 1)];
	size_t at = 0;
	for (unsigned i = 0; i < 2; i++) {
		size_t len;
		const uint8_t *label = name_label(name, i, &len);
		bool missing = label[0] != '_';
		wire[at++] = (uint8_t)(len + missing);
		if (missing)
			wire[at++] = '_';
		memcpy(wire + at, label, len);
		at += len;
	}
	return generation_find(g, wire, at);
}

/* What stands at <zone>.pin._zone and <zone>.prefer._zone, before start: the endpoints of the zone; where there are none, nothing or all. NULL:
 * it is no such name. */
static const struct node *find_zone(const struct generation *g, const struct name *name, size_t start)
{
	static const uint8_t pin[] = "\3pin\5_zone", prefer[] = "\6prefer\5_zone";
	const size_t pin_len = sizeof pin - 1, prefer_len = sizeof prefer - 1;
	uint8_t wire[NAME_WIRE_MAX + sizeof pin];
	bool preferred = start > prefer_len && memcmp(name->wire + start - prefer_len, prefer, prefer_len) == 0;
	size_t zone_len = start - (preferred ? prefer_len : pin_len);
	if (!preferred && (start <= pin_len || memcmp(name->wire + zone_len, pin, pin_len) != 0))
		return NULL;
	memcpy(wire, name->wire, zone_len);
	memcpy(wire + zone_len, pin, pin_len);
	const struct node *n = generation_find(g, wire, zone_len + pin_len);
	if (n)
		return n;
	return preferred && g->nodes[0].absence == ABSENCE_NONE ? &g->nodes[0] : generation_find(g, pin, pin_len);
}

/* The Service's label and the namespace's are from start to end; below labels stand left of them. */
static inline __attribute__((always_inline)) void find_at(const struct zone *z, const struct name *name, const struct zone_spot *spot,
                                                          size_t start, size_t end, unsigned below, struct zone_found *found)
{
	struct slot_key key = {.wire = name->wire + start, .len = end - start, .tree = spot->tree};
	const struct slot *slot = table_find(z->slots, spot->hash, slot_matches, &key);
	const struct generation *g = slot && atomic_load_explicit(&slot->ns->exists, memory_order_acquire) ? slot_generation(slot) : NULL;
	if (!g) {
		found->absence = (uint8_t)absence_of_service(z, &key);
		return;
	}
	bool loose = below == 2 && z->settings.compat & COMPAT_LOOSE_PORTS && (spot->tree == ZONE_CLUSTER || has_underscore(name));
	const struct node *n = loose ? find_port(g, name) : generation_find(g, name->wire, start);
	if (!n && g->zonal)
		n = find_zone(g, name, start);
	if (n && n->absence == ABSENCE_NONE)
		found_node(found, g, n);
	else if (n || g->nodes[0].absence) /* what is not known below a name that is absent is absent for the same reason */
		found->absence = n ? n->absence : g->nodes[0].absence;
	else
		found->absence = (uint8_t)absence_below(name->wire, below);
}

static void find_service(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	find_at(z, name, spot, name->offset[spot->apex - 3], name->offset[spot->apex - 1], spot->apex - 3u, found);
}

static void find_external(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	find_at(z, name, spot, name->offset[spot->apex - 2], label_at(name, spot->apex), spot->apex - 2u, found);
}

/* That of its pod's subdomain before others. */
static bool is_before(const struct holder *a, const struct holder *b)
{
	return a->home != b->home ? a->home : slot_compare(a->slot, b->slot) < 0;
}

/* The Service whose ClusterIP it is, alone; else the first of those that have the address, whose slot then is in first_holder. */
static void find_ptr(const struct zone *z, const struct zone_spot *spot, struct zone_found *found)
{
	struct holder_walk w = reverse_begin(&z->reverse, &spot->addr, spot->hash);
	struct holder o, first = {0};
	bool several = false, cluster_ip = false;
	while (!cluster_ip && reverse_next_holder(&w, &o)) {
		cluster_ip = o.node == &o.generation->nodes[0] && !o.generation->external;
		several = first.slot && !cluster_ip;
		if (cluster_ip || !first.slot || is_before(&o, &first))
			first = o;
	}
	if (!first.slot) {
		found->absence = ABSENCE_NO_ADDRESS;
		return;
	}
	found_node(found, first.generation, first.node);
	found->has = HAS_PTR;
	found->first_holder = several ? first.slot : NULL;
}

/* Where there is no room, the last one by name gives way. */
static void insert_holder(struct zone_holders *seen, const struct holder *o)
{
	unsigned at = seen->count;
	while (at && slot_compare(o->slot, seen->next[at - 1].slot) < 0)
		at--;
	seen->complete &= seen->count < ZONE_HOLDERS;
	if (at == ZONE_HOLDERS)
		return;
	seen->count += seen->count < ZONE_HOLDERS;
	memmove(&seen->next[at + 1], &seen->next[at], (seen->count - at - 1) * sizeof seen->next[0]);
	seen->next[at].slot = o->slot;
	seen->next[at].generation = o->generation;
	seen->next[at].node = o->node;
}

/* The next ones by name. Thousands may have one address, and there is no room here to sort them all: so it takes them in parts. */
static void gather_holders(const struct zone *z, const struct zone_spot *spot, const struct slot *first, struct zone_holders *seen)
{
	struct holder_walk w = reverse_begin(&z->reverse, &spot->addr, spot->hash);
	seen->count = seen->at = 0;
	seen->complete = true;
	for (struct holder o; reverse_next_holder(&w, &o);)
		if (o.slot != first && (!seen->last || slot_compare(o.slot, seen->last) > 0))
			insert_holder(seen, &o);
}

bool zone_next_holder(const struct zone *z, const struct zone_spot *spot, struct zone_found *found, struct zone_holders *seen)
{
	if (!found->first_holder)
		return false;
	if (seen->at == seen->count && !seen->complete)
		gather_holders(z, spot, found->first_holder, seen);
	if (seen->at == seen->count)
		return false;
	found_node(found, seen->next[seen->at].generation, seen->next[seen->at].node);
	seen->last = seen->next[seen->at++].slot;
	return true;
}

/* An incomplete reverse name exists as long as a PTR stands below it. */
static void find_above_ptr(const struct zone *z, const struct zone_spot *spot, struct zone_found *found)
{
	found->exists = reverse_has_below(&z->reverse, &spot->addr, spot->bits);
	if (found->exists)
		found->absence = ABSENCE_NONE;
}

/* The apex of a zone that may be of one address alone: it then has that one's PTR too. */
static void find_reverse(const struct zone *z, const struct zone_spot *spot, struct zone_found *found)
{
	if (zone_is_whole_address(spot))
		find_ptr(z, spot, found);
	else if (spot->apex && spot->bits != REVERSE_NO_ADDR)
		find_above_ptr(z, spot, found);
	if (spot->apex)
		return;
	found->exists = true;
	found->absence = ABSENCE_NONE;
	found->has |= HAS_SOA | HAS_NS;
}

void zone_find(const struct zone *z, const struct name *name, const struct zone_spot *spot, struct zone_found *found)
{
	*found = (struct zone_found){.absence = ABSENCE_NO_NAME};
	switch ((enum zone_place)spot->place) {
	case ZONE_OUTSIDE:
		break;
	case ZONE_OWN:
		find_own(z, name, spot, found);
		break;
	case ZONE_NAMESPACE:
		find_namespace(z, name, spot, found);
		break;
	case ZONE_SERVICE:
		find_service(z, name, spot, found);
		break;
	case ZONE_EXTERNAL:
		find_external(z, name, spot, found);
		break;
	case ZONE_POD_NAMESPACE:
	case ZONE_POD:
		if (z->settings.pods == ZONE_PODS_DISABLED)
			found->absence = ABSENCE_PODS_OFF;
		else if (spot->place == ZONE_POD)
			find_pod(z, name, spot, found);
		else
			find_namespace(z, name, spot, found);
		break;
	case ZONE_REVERSE:
		find_reverse(z, spot, found);
		break;
	}
}

/* What the Service of the name has now; NULL: it is not there. */
static const struct generation *generation_of(const struct zone *z, const struct name *name, const struct zone_spot *spot)
{
	size_t start = name->offset[spot->apex - 3], end = name->offset[spot->apex - 1];
	struct slot_key key = {.wire = name->wire + start, .len = end - start, .tree = spot->tree};
	const struct slot *slot = table_find(z->slots, spot->hash, slot_matches, &key);
	return slot && atomic_load_explicit(&slot->ns->exists, memory_order_acquire) ? slot_generation(slot) : NULL;
}

/* Below a Service without any endpoint that is ready, names of ports are not known yet, and one of a pod only if the pod is there. */
bool zone_awaits(const struct zone *z, const struct name *name, const struct zone_spot *spot)
{
	const struct generation *g = spot->place == ZONE_SERVICE ? generation_of(z, name, spot) : NULL;
	size_t len = g ? name->offset[spot->apex - 3] : 0;
	const struct node *n = len ? generation_find(g, name->wire, len) : NULL;
	if (!g)
		return false;
	if (n)
		return n->absence == ABSENCE_NOT_READY || n->absence == ABSENCE_NONE;
	if (len && name->wire[1] != '_')
		return false;
	switch ((enum absence)g->nodes[0].absence) {
	case ABSENCE_NOT_READY:
		return true;
	case ABSENCE_NONE:
		return !len;
	case ABSENCE_TERMINATING:
	case ABSENCE_NO_ENDPOINTS:
		return g->headless;
	default:
		return false;
	}
}

/* True if a is the better name server: one with a ClusterIP, which outlasts its endpoints; else the first by name. */
static bool is_better(const struct slot *a, const struct generation *ga, const struct slot *b, const struct generation *gb)
{
	if (ga->headless != gb->headless)
		return gb->headless;
	return slot_compare(a, b) < 0;
}

bool zone_name_server(const struct zone *z, enum zone_tree tree, const struct generation **generation, const struct node **node)
{
	const struct generation *own = atomic_load_explicit(&z->own, memory_order_acquire);
	const struct slot *best = NULL;
	struct addr addr;
	*generation = own;
	*node = &own->nodes[OWN_NAME_SERVER];
	for (size_t cursor = 0; tree == ZONE_CLUSTER && z->scheme.by_service && generation_each_addr(own, &cursor, &addr);) {
		struct holder_walk w = reverse_begin(&z->reverse, &addr, generation_addr_hash(&addr));
		for (struct holder o; reverse_next_holder(&w, &o);) {
			if (o.generation->nodes[0].absence || !atomic_load_explicit(&o.slot->ns->exists, memory_order_acquire))
				continue;
			if (best && !is_better(o.slot, o.generation, best, *generation))
				continue;
			best = o.slot;
			*generation = o.generation;
			*node = &o.generation->nodes[0];
		}
	}
	return best;
}

const struct zone_settings *zone_settings(const struct zone *z)
{
	return &z->settings;
}

uint32_t zone_serial(const struct zone *z)
{
	return atomic_load_explicit(&z->serial, memory_order_acquire);
}
