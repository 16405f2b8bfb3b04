#include "zone/zone.h"
#include "base/hash.h"
#include "builder.h"
#include "inside.h"
#include "label.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A Service's key in the making: its label and the namespace's; the namespace's label begins at ns. */
struct key {
	uint8_t wire[2 * (NAME_LABEL_MAX + 1)];
	uint8_t len, ns;
	uint8_t tree; /* enum zone_tree */
};

static bool key_add(struct key *k, const char *label)
{
	size_t len = strlen(label);
	if (len == 0 || len > NAME_LABEL_MAX)
		return false;
	k->wire[k->len] = (uint8_t)len;
	labels_lower(k->wire + k->len + 1, (const uint8_t *)label, len);
	k->len = (uint8_t)(k->len + 1 + len);
	return true;
}

static bool key_make(struct key *k, enum zone_tree tree, const char *ns, const char *service)
{
	k->tree = (uint8_t)tree;
	k->len = 0;
	if (!key_add(k, service))
		return false;
	k->ns = k->len;
	return key_add(k, ns);
}

/* Several changes within a second are several versions, and a replica that starts later begins higher (RFC 1982). */
static uint32_t next_serial(const struct zone *z)
{
	uint32_t now = (uint32_t)time(NULL), next = zone_serial(z) + 1;
	return next > now ? next : now;
}

/* After the change: who sees the serial sees what it stands for. */
static void set_serial(struct zone *z, uint32_t serial)
{
	atomic_store_explicit(&z->serial, serial, memory_order_release);
}

/* --- a zone's scheme --- */

static struct own_name own_name(const char *wire, size_t len, unsigned has)
{
	struct own_name name = {.len = (uint8_t)len, .has = (uint16_t)has};
	memcpy(name.wire, wire, len);
	return name;
}

static void scheme_add(struct scheme *s, const char *wire, size_t len, unsigned has)
{
	s->names[s->name_count++] = own_name(wire, len, has);
}

static void scheme_set_mailbox(struct scheme *s, const void *more, size_t len)
{
	memcpy(s->mailbox, "\12hostmaster", 11);
	memcpy(s->mailbox + 11, more, len);
	s->mailbox_len = (uint8_t)(11 + len);
}

static struct scheme cluster_scheme(unsigned compat)
{
	struct scheme s = {.soa_of_apex = compat & COMPAT_SOA_IN_REVERSE, .by_service = true};
	scheme_add(&s, "", 0, HAS_SOA | HAS_NS);
	scheme_add(&s, "\2ns\3dns", 7, 0);
	scheme_add(&s, "\3svc", 4, 0);
	scheme_add(&s, "\3pod", 4, 0);
	scheme_add(&s, "\13dns-version", 12, HAS_TXT);
	if (!(compat & COMPAT_NO_NAMES_ABOVE))
		scheme_add(&s, "\3dns", 4, 0);
	s.between = own_name("\3svc", 4, 0);
	scheme_set_mailbox(&s, "", 0);
	return s;
}

/* label: in wire form; the name server and the mailbox are below it. */
static struct scheme external_scheme(const uint8_t *label)
{
	struct scheme s = {0};
	char wire[NAME_LABEL_MAX + 1 + 4] = "\3ns1";
	size_t len = 1u + label[0];
	memcpy(wire + 4, label, len);
	scheme_add(&s, "", 0, HAS_SOA | HAS_NS);
	scheme_add(&s, wire, 4 + len, 0);
	scheme_add(&s, wire + 4, len, 0);
	scheme_set_mailbox(&s, label, len);
	return s;
}

/* The names that are no Service's. addrs: those of the name server. NULL: out of memory. */
static struct generation *own_new(const struct scheme *s, const struct addr *addrs, size_t n)
{
	struct builder *b = builder_new(&(struct builder_bounds){.nodes = s->name_count, .addrs = n}, "", "", ABSENCE_NONE);
	if (!b)
		return NULL;
	for (unsigned i = 0; i < s->name_count; i++)
		builder_has(b, builder_node(b, s->names[i].wire, s->names[i].len, ABSENCE_NONE), s->names[i].has);
	for (size_t i = 0; i < n; i++)
		builder_addr(b, OWN_NAME_SERVER, &addrs[i]);
	struct generation *g = builder_finish(b);
	builder_free(b);
	return g;
}

/* --- making one --- */

void zone_with_reverse(struct name origins[ZONE_WITH_REVERSE], const struct name *forward)
{
	origins[0] = *forward;
	name_from_text(&origins[1], NAME_REVERSE_V4, strlen(NAME_REVERSE_V4));
	name_from_text(&origins[2], NAME_REVERSE_V6, strlen(NAME_REVERSE_V6));
}

static uint8_t reverse_family(const struct name *origin)
{
	struct name all[ZONE_WITH_REVERSE];
	zone_with_reverse(all, origin);
	if (name_in(origin, &all[1]))
		return ADDR_V4;
	return name_in(origin, &all[2]) ? ADDR_V6 : ADDR_NONE;
}

bool zone_is_reverse(const struct name *origin)
{
	return reverse_family(origin) != ADDR_NONE;
}

/* The longest match is then the first one; those of one length stay in their order, the cluster's domain as a rule before the reverse zones. */
static void insert_origin(struct zone *z, const struct name *name, enum zone_tree tree, bool external)
{
	unsigned at = z->origin_count++;
	for (; at && z->origins[at - 1].name.labels < name->labels; at--)
		z->origins[at] = z->origins[at - 1];
	z->origins[at] = (struct origin){
	        .name = *name,
	        .tree = (uint8_t)tree,
	        .sort = external && !zone_is_reverse(name) ? ORIGIN_EXTERNAL : reverse_family(name),
	};
	name_lower(&z->origins[at].name);
}

static enum zone_tree tree_of(const struct zone_options *options, const struct name *origin)
{
	for (unsigned i = 0; i < options->cluster_set_count; i++)
		if (name_equal(&options->cluster_sets[i], origin))
			return ZONE_CLUSTER_SET;
	return ZONE_CLUSTER;
}

static const struct name *first_forward(const struct zone_options *options)
{
	for (unsigned i = 0; i < options->origin_count; i++)
		if (!zone_is_reverse(&options->origins[i]))
			return &options->origins[i];
	return NULL;
}

static bool set_external(struct zone_settings *s, const char *label)
{
	struct key k = {0};
	if (!key_add(&k, label))
		return false;
	memcpy(s->external, k.wire, k.len);
	return true;
}

static bool init_origins(struct zone *z, const struct zone_options *options)
{
	const struct name *first = first_forward(options);
	if (!first || options->origin_count > ZONE_ORIGINS_MAX)
		return false;
	z->origins = calloc(options->origin_count, sizeof *z->origins);
	if (!z->origins)
		return false;
	for (unsigned i = 0; i < options->origin_count; i++) {
		if (options->origins[i].len > ZONE_ORIGIN_MAX)
			return false;
		insert_origin(z, &options->origins[i], tree_of(options, &options->origins[i]), options->external);
	}
	z->negative_ttl_s = options->compat & COMPAT_DENIAL ? options->ttl_s : options->negative_ttl_s;
	z->settings = (struct zone_settings){
	        .origin = *first,
	        .ttl_s = options->ttl_s,
	        .negative_ttl_s = z->negative_ttl_s,
	        .version_ttl_s = ZONE_VERSION_TTL_S,
	        .minimum_s = options->ttl_s,
	        .pods = options->pods,
	        .compat = options->compat,
	        .svc_len = options->external ? 0 : 4,
	};
	if (options->external && !set_external(&z->settings, options->external))
		return false;
	z->scheme = options->external ? external_scheme(z->settings.external) : cluster_scheme(options->compat);
	return true;
}

static bool init(struct zone *z, const struct zone_options *options)
{
	if (!init_origins(z, options))
		return false;
	if (options->pods == ZONE_PODS_VERIFIED && !(z->pod_addresses = pod_addresses_new(false)))
		return false;
	z->slots = table_new();
	z->namespaces = table_new();
	set_serial(z, next_serial(z));
	struct generation *own = own_new(&z->scheme, NULL, 0);
	atomic_init(&z->own, own);
	return reverse_init(&z->reverse) == OK && own && z->slots && z->namespaces;
}

struct zone *zone_new(const struct zone_options *options)
{
	struct zone *z = calloc(1, sizeof *z);
	if (z && init(z, options))
		return z;
	zone_free(z);
	return NULL;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	size_t cursor = 0;
	for (struct slot *s; z->slots && (s = table_each(z->slots, &cursor));) {
		free(slot_generation(s));
		free(s);
	}
	cursor = 0;
	for (struct namespace *ns; z->namespaces && (ns = table_each(z->namespaces, &cursor));)
		free(ns);
	reverse_destroy(&z->reverse);
	pod_addresses_free(z->pod_addresses);
	table_free(z->slots);
	table_free(z->namespaces);
	free(atomic_load_explicit(&z->own, memory_order_relaxed));
	free(z->origins);
	free(z);
}

static struct namespace *find_namespace(const struct zone *z, const uint8_t *label)
{
	return table_find(z->namespaces, hash_bytes(label, 1u + label[0]), namespace_matches, label);
}

/* The namespace of this label, made if need be; NULL: out of memory. */
static struct namespace *take_namespace(struct zone *z, const uint8_t *label)
{
	size_t len = 1u + label[0];
	uint64_t hash = hash_bytes(label, len);
	struct namespace *ns = find_namespace(z, label);
	if (ns)
		return ns;
	ns = calloc(1, sizeof *ns);
	if (!ns)
		return NULL;
	ns->hash = hash;
	ns->number = ++z->last_number;
	memcpy(ns->label, label, len);
	if (table_insert(z->namespaces, hash, ns) == OK)
		return ns;
	free(ns);
	return NULL;
}

static void drop_unused_namespace(struct zone *z, struct namespace *ns)
{
	if (ns->uses || atomic_load_explicit(&ns->exists, memory_order_relaxed))
		return;
	table_remove(z->namespaces, ns->hash, ns);
	rcu_free_later(&ns->garbage, sizeof *ns);
}

static struct slot *find_slot(const struct zone *z, const struct key *k)
{
	struct slot_key key = {.wire = k->wire, .len = k->len, .tree = k->tree};
	return table_find(z->slots, slot_hash(hash_bytes(k->wire, k->len), k->tree), slot_matches, &key);
}

static struct slot *add_slot(struct zone *z, const struct key *k)
{
	struct slot *s = calloc(1, sizeof *s + k->len);
	struct namespace *ns = s ? take_namespace(z, k->wire + k->ns) : NULL;
	if (!ns) {
		free(s);
		return NULL;
	}
	s->ns = ns;
	s->tree = k->tree;
	s->hash = slot_hash(hash_bytes(k->wire, k->len), k->tree);
	s->key_len = k->len;
	memcpy(s->key, k->wire, k->len);
	if (table_insert(z->slots, s->hash, s) == OK) {
		ns->uses++;
		return s;
	}
	free(s);
	drop_unused_namespace(z, ns);
	return NULL;
}

static void drop_slot(struct zone *z, struct slot *s)
{
	table_remove(z->slots, s->hash, s);
	s->ns->uses--;
	drop_unused_namespace(z, s->ns);
	rcu_free_later(&s->garbage, sizeof *s + s->key_len);
}

/* Removes the entries of the addresses that g has and keep, which may be NULL, has not; the first `most` of them at most. */
static void remove_addrs(struct zone *z, const struct slot *s, const struct generation *g, const struct generation *keep, size_t most)
{
	struct addr addr;
	for (size_t cursor = 0; most && generation_each_addr(g, &cursor, &addr);) {
		uint64_t hash = generation_addr_hash(&addr);
		if (keep && generation_find_addr(keep, &addr, hash))
			continue;
		reverse_remove(&z->reverse, &addr, hash, s);
		most--;
	}
}

/* Adds entries for the addresses that g has and old, which may be NULL, has not; all of them or none. */
static enum err add_addrs(struct zone *z, struct slot *s, const struct generation *g, const struct generation *old)
{
	struct addr addr;
	size_t added = 0;
	for (size_t cursor = 0; generation_each_addr(g, &cursor, &addr);) {
		uint64_t hash = generation_addr_hash(&addr);
		if (old && generation_find_addr(old, &addr, hash))
			continue;
		if (reverse_add(&z->reverse, &addr, hash, s)) {
			remove_addrs(z, s, g, old, added);
			return ERR_NOMEM;
		}
		added++;
	}
	return OK;
}

static void count(struct zone_counts *c, const struct generation *added, const struct generation *gone)
{
	if (added) {
		c->services++;
		c->names += added->names;
		c->bytes += added->bytes;
	}
	if (gone) {
		c->services--;
		c->names -= gone->names;
		c->bytes -= gone->bytes;
	}
}

static void note_changed(struct zone *z, const struct slot *s)
{
	const struct zone_spot spot = {.hash = s->hash};
	unsigned cell = zone_cell(&spot);
	z->changed.bits[cell / 64] |= (uint64_t)1 << cell % 64;
}

/* Readers check an entry against the generation. So with new entries before the generation and old ones removed after it, a reader of
 * either finds all the addresses that it has. */
static enum err replace(struct zone *z, struct slot *s, struct generation *g)
{
	struct generation *old = slot_generation(s);
	bool reverse = s->tree == ZONE_CLUSTER;
	if (g && reverse && add_addrs(z, s, g, old))
		return ERR_NOMEM;
	uint32_t serial = next_serial(z);
	if (g)
		g->serial = serial;
	atomic_store_explicit(&s->current, g, memory_order_release);
	note_changed(z, s);
	set_serial(z, serial);
	count(&z->counts, g, old);
	if (!old)
		return OK;
	if (reverse)
		remove_addrs(z, s, old, g, SIZE_MAX);
	rcu_free_later(&old->garbage, old->bytes);
	return OK;
}

enum err zone_publish(struct zone *z, enum zone_tree tree, const char *ns, const char *service, struct generation *g)
{
	struct key k;
	enum err err = ERR_RANGE;
	struct slot *s;
	if (!key_make(&k, tree, ns, service))
		goto failed;
	err = ERR_NOMEM;
	s = find_slot(z, &k);
	if (!s)
		s = add_slot(z, &k);
	if (!s)
		goto failed;
	if (replace(z, s, g) == OK)
		return OK;
	if (!slot_generation(s))
		drop_slot(z, s);
failed:
	free(g);
	return err;
}

void zone_withdraw(struct zone *z, enum zone_tree tree, const char *ns, const char *service)
{
	struct key k;
	struct slot *s = key_make(&k, tree, ns, service) ? find_slot(z, &k) : NULL;
	if (!s)
		return;
	replace(z, s, NULL); /* adds nothing, so it can't fail */
	drop_slot(z, s);
}

enum err zone_add_namespace(struct zone *z, const char *ns)
{
	struct key k = {0};
	if (!key_add(&k, ns))
		return ERR_RANGE;
	struct namespace *n = take_namespace(z, k.wire);
	if (!n)
		return ERR_NOMEM;
	if (!atomic_exchange_explicit(&n->exists, true, memory_order_acq_rel))
		set_serial(z, next_serial(z));
	return OK;
}

void zone_remove_namespace(struct zone *z, const char *ns)
{
	struct key k = {0};
	struct namespace *n = key_add(&k, ns) ? find_namespace(z, k.wire) : NULL;
	if (!n || !atomic_exchange_explicit(&n->exists, false, memory_order_acq_rel))
		return;
	set_serial(z, next_serial(z));
	drop_unused_namespace(z, n);
}

/* --- pods by address --- */

static void remove_pod_addresses(struct zone *z, struct namespace *ns, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ns->uses -= pod_addresses_remove(z->pod_addresses, ns->number, &addrs[i]);
	drop_unused_namespace(z, ns);
}

enum err zone_add_pod(struct zone *z, const char *ns_name, const struct addr *addrs, size_t n)
{
	struct key k = {0};
	if (!z->pod_addresses)
		return OK;
	if (!key_add(&k, ns_name))
		return ERR_RANGE;
	struct namespace *ns = take_namespace(z, k.wire);
	if (!ns)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (pod_addresses_add(z->pod_addresses, ns->number, &addrs[i])) {
			remove_pod_addresses(z, ns, addrs, i);
			return ERR_NOMEM;
		}
		ns->uses++;
	}
	return OK;
}

void zone_remove_pod(struct zone *z, const char *ns_name, const struct addr *addrs, size_t n)
{
	struct key k = {0};
	struct namespace *ns = z->pod_addresses && key_add(&k, ns_name) ? find_namespace(z, k.wire) : NULL;
	if (ns)
		remove_pod_addresses(z, ns, addrs, n);
}

/* --- the server itself --- */

enum err zone_set_self(struct zone *z, const struct addr *addrs, size_t n)
{
	struct generation *own = own_new(&z->scheme, addrs, n);
	if (!own)
		return ERR_NOMEM;
	struct generation *old = atomic_exchange_explicit(&z->own, own, memory_order_acq_rel);
	set_serial(z, next_serial(z));
	rcu_free_later(&old->garbage, old->bytes);
	return OK;
}

static void set_ttl(_Atomic(uint32_t) *ttl_s, uint32_t told_s, uint32_t most_s)
{
	atomic_store_explicit(ttl_s, told_s < most_s ? told_s : most_s, memory_order_relaxed);
}

void zone_cap_ttls(struct zone *z, uint32_t most_s, uint32_t negative_most_s)
{
	struct zone_settings *s = &z->settings;
	set_ttl(&s->ttl_s, s->minimum_s, most_s);
	set_ttl(&s->version_ttl_s, ZONE_VERSION_TTL_S, most_s);
	set_ttl(&s->negative_ttl_s, z->negative_ttl_s, negative_most_s);
}

struct zone_cells zone_take_changed(struct zone *z)
{
	const struct zone_cells changed = z->changed;
	z->changed = (struct zone_cells){0};
	return changed;
}

struct zone_counts zone_counts(const struct zone *z)
{
	struct zone_counts counts = z->counts;
	counts.addresses = z->reverse.addresses;
	return counts;
}
