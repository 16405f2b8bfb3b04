#include "base/hash.h"
#include "records.h"
#include <stdlib.h>
#include <string.h>

struct entry_key {
	enum object_kind kind;
	const char *ns, *name;
};

/* Who manages a slice may change; it stays the same object. */
static enum object_kind key_kind(enum object_kind kind)
{
	return kind == OBJECT_CONTROLLER_SLICE ? OBJECT_ENDPOINT_SLICE : kind;
}

static uint64_t key_hash(const struct entry_key *k)
{
	return hash_mix(k->kind, text_hash(k->ns, k->name));
}

static bool has_key(const void *entry, const void *key)
{
	const struct object *o = ((const struct entry *)entry)->object;
	const struct entry_key *k = key;
	return key_kind(o->kind) == k->kind && strcmp(o->name, k->name) == 0 && strcmp(o->ns, k->ns) == 0;
}

static struct entry_key key_of(const struct object *o)
{
	return (struct entry_key){key_kind(o->kind), o->ns, o->name};
}

static const struct endpoint_slice *slice_of(const struct entry *e)
{
	return (const struct endpoint_slice *)e->object;
}

static bool is_slice(const struct object *o)
{
	return key_kind(o->kind) == OBJECT_ENDPOINT_SLICE || o->kind == OBJECT_ENDPOINTS;
}

struct entry *entry_find(const struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	struct entry_key key = {key_kind(kind), ns, name};
	return table_find(s->entries, key_hash(&key), has_key, &key);
}

/* --- equality, in all that we serve --- */

static bool endpoints_equal(const struct slice_endpoint *a, const struct slice_endpoint *b)
{
	return a->ready == b->ready && a->hostname == b->hostname && a->target_name == b->target_name && a->zone == b->zone &&
	       addrs_equal(a->addrs, a->addr_count, b->addrs, b->addr_count);
}

static bool ports_equal(const struct slice_port *a, const struct slice_port *b)
{
	return a->name == b->name && a->port == b->port && a->protocol == b->protocol && a->has_port == b->has_port;
}

static bool subsets_equal(const struct endpoint_subset *a, const struct endpoint_subset *b)
{
	if (a->endpoint_count != b->endpoint_count || a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++)
		if (!ports_equal(&a->ports[i], &b->ports[i]))
			return false;
	for (size_t i = 0; i < a->endpoint_count; i++)
		if (!endpoints_equal(&a->endpoints[i], &b->endpoints[i]))
			return false;
	return true;
}

static bool slices_equal(const struct endpoint_slice *a, const struct endpoint_slice *b)
{
	if (a->service_name != b->service_name || a->import_name != b->import_name || a->cluster != b->cluster ||
	    a->object.kind != b->object.kind || a->skip_mirror != b->skip_mirror || a->subset_count != b->subset_count)
		return false;
	for (size_t i = 0; i < a->subset_count; i++)
		if (!subsets_equal(&a->subsets[i], &b->subsets[i]))
			return false;
	return true;
}

/* --- slices and their Services --- */

static enum err insert_slice(struct service_entry *service, struct entry *e)
{
	struct entry **slices = realloc(service->slices, (service->slice_count + 1) * sizeof(*slices));
	if (!slices)
		return ERR_NOMEM;
	size_t at = service->slice_count++;
	for (; at && strcmp(slices[at - 1]->object->name, e->object->name) > 0; at--)
		slices[at] = slices[at - 1];
	slices[at] = e;
	service->slices = slices;
	return OK;
}

static void remove_slice(struct service_entry *service, const struct entry *e)
{
	size_t at = 0;
	while (service->slices[at] != e)
		at++;
	service->slice_count--;
	memmove(&service->slices[at], &service->slices[at + 1], (service->slice_count - at) * sizeof(struct entry *));
}

/* Makes e one of service's (NULL: of none's); ERR_NOMEM leaves it where it was. */
static enum err link_service(struct store *s, struct entry *e, struct service_entry *service)
{
	struct service_entry *old = e->service;
	bool many = e->object->kind != OBJECT_ENDPOINTS;
	if (service == old)
		return OK;
	if (service && many && insert_slice(service, e))
		return ERR_NOMEM;
	if (service && !many)
		service->endpoints = e;
	e->service = service;
	if (!old)
		return OK;
	if (many)
		remove_slice(old, e);
	else
		old->endpoints = NULL;
	if (!old->service)
		service_mark(s, old); /* it may be empty now: the flush frees it */
	return OK;
}

/* The same for the ServiceImport that it is of. */
static void move_import(struct store *s, struct entry *e, struct service_entry *import)
{
	struct service_entry *old = e->import;
	e->import = import;
	if (!old)
		return;
	remove_slice(old, e);
	if (!old->service)
		service_mark(s, old);
}

/* Both, or on ERR_NOMEM neither. */
static enum err link_both(struct store *s, struct entry *e, struct service_entry *service, struct service_entry *import)
{
	bool moves = import != e->import;
	if (moves && import && insert_slice(import, e))
		return ERR_NOMEM;
	if (link_service(s, e, service)) {
		if (moves && import)
			remove_slice(import, e);
		return ERR_NOMEM;
	}
	if (moves)
		move_import(s, e, import);
	return OK;
}

static void mark_user(struct store *s, const struct entry *e)
{
	if (e->service && (join_uses(s, e->service, slice_of(e)) || join_has_zones(slice_of(e))))
		service_mark(s, e->service);
	if (e->import)
		service_mark(s, e->import);
}

/* --- entries --- */

static struct entry *add(struct store *s, struct namespace_entry *ns, struct object *o)
{
	struct entry_key key = key_of(o);
	struct entry *e = malloc(sizeof(*e));
	if (!e || table_insert(s->entries, key_hash(&key), e)) {
		free(e);
		return NULL;
	}
	*e = (struct entry){.object = o, .ns = ns};
	s->counts.slices += key.kind == OBJECT_ENDPOINT_SLICE;
	amount_add(s, o);
	namespace_ref(s, ns);
	if (o->kind == OBJECT_NAMESPACE)
		namespace_declare(s, ns, true);
	return e;
}

/* Takes it out of every index. Its object is the caller's. */
static void forget(struct store *s, struct entry *e)
{
	struct entry_key key = key_of(e->object);
	(void)link_service(s, e, NULL);
	move_import(s, e, NULL);
	table_remove(s->entries, key_hash(&key), e);
	s->counts.slices -= key.kind == OBJECT_ENDPOINT_SLICE;
	amount_subtract(s, e->object);
	if (key.kind == OBJECT_NAMESPACE)
		namespace_declare(s, e->ns, false);
	namespace_unref(s, e->ns);
	free(e);
}

/* e holds the object before, or o itself if it is new. */
static struct object *take_place(struct store *s, struct entry *e, struct object *o)
{
	struct object *old = e->object;
	amount_subtract(s, old);
	amount_add(s, o);
	e->object = o;
	return old;
}

static void replace(struct store *s, struct entry *e, struct object *o)
{
	struct object *old = take_place(s, e, o);
	if (old != o)
		object_free(old, s->pool);
}

/* The same where what the slice does not say any more may be said by another one soon. */
static void replace_changed(struct store *s, struct entry *e, struct object *o)
{
	struct object *old = take_place(s, e, o);
	handover_strike(s, e->service, (const struct endpoint_slice *)o);
	if (old != o)
		handover_hold(s, e->service, (struct endpoint_slice *)old, false);
}

static enum err replace_slice(struct store *s, struct entry *e, struct object *o)
{
	const struct endpoint_slice *next = (const struct endpoint_slice *)o;
	struct service_entry *old = e->service, *service = NULL;
	if (next->service_name && !(service = service_get(s, OBJECT_SERVICE, e->ns, next->service_name)))
		return ERR_NOMEM;
	bool changed = e->object == o || !slices_equal(slice_of(e), next);
	bool old_used = old && join_uses(s, old, slice_of(e)), stays = service == old;
	struct service_entry *import = NULL, *old_import = e->import;
	if (next->import_name && !(import = service_get(s, OBJECT_SERVICE_IMPORT, e->ns, next->import_name)))
		return ERR_NOMEM;
	if (link_both(s, e, service, import))
		return ERR_NOMEM;
	if (changed && old_used)
		service_mark(s, old);
	if (changed && old_import)
		service_mark(s, old_import);
	if (changed && service && (stays || e->object == o))
		replace_changed(s, e, o);
	else
		replace(s, e, o);
	if (changed)
		mark_user(s, e);
	return OK;
}

enum err entry_upsert(struct store *s, struct namespace_entry *ns, struct object *o)
{
	struct entry *old = entry_find(s, o->kind, o->ns, o->name);
	struct entry *e = old ? old : add(s, ns, o);
	if (!e)
		return ERR_NOMEM;
	e->unseen = false;
	if (!is_slice(o)) {
		replace(s, e, o);
		return OK;
	}
	enum err err = replace_slice(s, e, o);
	if (err && !old)
		forget(s, e);
	return err;
}

void entry_delete(struct store *s, struct entry *e)
{
	struct object *o = e->object;
	struct service_entry *service = e->service;
	mark_user(s, e);
	forget(s, e);
	if (service && is_slice(o))
		handover_hold(s, service, (struct endpoint_slice *)o, true);
	else
		object_free(o, s->pool);
}

void entry_free(struct store *s, struct entry *e)
{
	object_free(e->object, s->pool);
	free(e);
}
