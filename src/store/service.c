#include "base/hash.h"
#include "records.h"
#include <stdlib.h>
#include <string.h>

struct service_key {
	enum object_kind kind;
	const char *ns, *name;
};

static uint64_t key_hash(enum object_kind kind, const char *ns, const char *name)
{
	return hash_mix(text_hash(ns, name), kind);
}

static bool has_key(const void *entry, const void *key)
{
	const struct service_entry *e = entry;
	const struct service_key *k = key;
	return e->kind == k->kind && strcmp(e->name, k->name) == 0 && strcmp(e->ns->name, k->ns) == 0;
}

struct service_entry *service_find(const struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	struct service_key key = {kind, ns, name};
	return table_find(s->services, key_hash(kind, ns, name), has_key, &key);
}

struct service_entry *service_get(struct store *s, enum object_kind kind, struct namespace_entry *ns, const char *name)
{
	struct service_entry *e = service_find(s, kind, ns->name, name);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e || table_insert(s->services, key_hash(kind, ns->name, name), e)) {
		free(e);
		return NULL;
	}
	e->kind = (uint8_t)kind;
	e->ns = ns;
	e->name = intern_ref(name);
	service_mark(s, e); /* should nothing come to be in it, the flush frees it */
	return e;
}

/* --- the index by selector: keys and values are interned, so their addresses are hashed --- */

static uint64_t pair_hash(const struct namespace_entry *ns, const struct label *pair)
{
	const void *key[] = {ns, pair->key, pair->value};
	return hash_bytes(key, sizeof(key));
}

static bool selects_pair(const void *entry, const void *key)
{
	const struct service_entry *e = entry;
	const struct selecting *c = key;
	return e->indexed.key == c->pair->key && e->indexed.value == c->pair->value && e->ns == c->ns;
}

static void look_for(struct selecting *c, const struct label *pair)
{
	c->pair = pair;
	c->hash = pair_hash(c->ns, pair);
	table_snapshot(c->store->by_selector, c->hash, &c->run);
}

struct selecting selecting_begin(const struct store *s, const struct namespace_entry *ns, const struct label_set *labels)
{
	return (struct selecting){.store = s, .ns = ns, .labels = labels};
}

struct service_entry *selecting_next(struct selecting *c)
{
	for (;;) {
		struct service_entry *e;
		while (c->pair && (e = table_next_match(&c->run, c->hash, selects_pair, c)))
			if (selector_matches(join_selector(e->service), c->labels))
				return e;
		if (!c->labels || c->next == c->labels->count)
			return NULL;
		look_for(c, &c->labels->labels[c->next++]);
	}
}

/* The number of Services under pair, counted up to enough. */
static size_t pair_services(const struct store *s, const struct namespace_entry *ns, const struct label *pair, size_t enough)
{
	struct selecting c = selecting_begin(s, ns, NULL);
	size_t n = 0;
	look_for(&c, pair);
	while (n < enough && table_next_match(&c.run, c.hash, selects_pair, &c))
		n++;
	return n;
}

/* The pair with the fewest Services under it, so that a label which every Service of a namespace selects (app, managed-by) does
 * not make each pod look at all of them. */
static const struct label *best_pair(const struct store *s, const struct namespace_entry *ns, const struct label_set *selector)
{
	const struct label *best = NULL;
	size_t fewest = SIZE_MAX;
	for (uint32_t i = 0; i < selector->count && fewest; i++) {
		size_t n = pair_services(s, ns, &selector->labels[i], fewest);
		if (n >= fewest)
			continue;
		fewest = n;
		best = &selector->labels[i];
	}
	return best;
}

static void set_unfilled(struct service_entry *e)
{
	if (e->unfilled)
		return;
	e->unfilled = true;
	e->next_unfilled = e->ns->unfilled;
	e->ns->unfilled = e;
}

/* Index and pods of e become those of selector (NULL: none). Only ERR_NOMEM with a selector fails, and leaves all as it was. */
static enum err set_selector(struct store *s, struct service_entry *e, const struct label_set *selector)
{
	struct label next = {0};
	if (selector) {
		next = *best_pair(s, e->ns, selector);
		if (table_insert(s->by_selector, pair_hash(e->ns, &next), e))
			return ERR_NOMEM;
	}
	if (e->indexed.key)
		table_remove(s->by_selector, pair_hash(e->ns, &e->indexed), e);
	e->indexed = next;
	podset_clear(&e->pods);
	if (selector)
		set_unfilled(e);
	return OK;
}

/* Gathering for all new Services of a namespace in one walk over its pods: each Service by itself would be quadratic at start. */
static enum err gather(const struct store *s, const struct namespace_entry *ns)
{
	struct podset_cursor at = {0};
	for (struct pod *pod; (pod = podset_each(&ns->pods, &at));) {
		struct selecting c = selecting_begin(s, ns, pod->object.labels);
		for (struct service_entry *e; (e = selecting_next(&c));)
			if (e->unfilled && podset_insert(&e->pods, pod))
				return ERR_NOMEM;
	}
	return OK;
}

enum err service_fill(struct store *s, struct namespace_entry *ns)
{
	if (gather(s, ns)) {
		for (struct service_entry *e = ns->unfilled; e; e = e->next_unfilled)
			podset_clear(&e->pods);
		return ERR_NOMEM;
	}
	while (ns->unfilled) {
		ns->unfilled->unfilled = false;
		ns->unfilled = ns->unfilled->next_unfilled;
	}
	return OK;
}

/* --- Services --- */

static bool ports_equal(const struct service *a, const struct service *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		const struct service_port *p = &a->ports[i], *q = &b->ports[i];
		if (p->name != q->name || p->target_name != q->target_name || p->app_protocol != q->app_protocol || p->port != q->port ||
		    p->target_port != q->target_port || p->protocol != q->protocol)
			return false;
	}
	return true;
}

static bool addresses_equal(const struct service *a, const struct service *b)
{
	return addrs_equal(a->cluster_ips, a->cluster_ip_count, b->cluster_ips, b->cluster_ip_count) &&
	       addrs_equal(a->external_ips, a->external_ip_count, b->external_ips, b->external_ip_count);
}

/* In all that we serve; the selector's pods are compared as pods. */
static bool services_equal(const struct service *a, const struct service *b)
{
	return a->type == b->type && a->headless == b->headless && a->publish_not_ready == b->publish_not_ready &&
	       a->families == b->families && a->external_name == b->external_name && a->external_host == b->external_host &&
	       a->selector == b->selector && addresses_equal(a, b) && ports_equal(a, b);
}

enum err service_replace(struct store *s, struct service_entry *e, struct service *service)
{
	struct service *old = e->service;
	const struct label_set *old_selector = old ? join_selector(old) : NULL;
	if (join_selector(service) != old_selector && set_selector(s, e, join_selector(service)))
		return ERR_NOMEM;
	e->service = service;
	amount_add(s, &service->object);
	if (!old || !services_equal(old, service))
		service_mark(s, e);
	if (old) {
		amount_subtract(s, &old->object);
		object_free(&old->object, s->pool);
		return OK;
	}
	s->counts.services++;
	namespace_ref(s, e->ns);
	return OK;
}

enum err service_upsert(struct store *s, struct namespace_entry *ns, struct service *service)
{
	struct service_entry *e = service_get(s, service->object.kind, ns, service->object.name);
	if (!e)
		return ERR_NOMEM;
	e->unseen = false;
	if (handover_wanted(s, e, service)) {
		handover_defer(s, e, service);
		return OK;
	}
	handover_forget(s, e);
	return service_replace(s, e, service);
}

void service_delete(struct store *s, struct service_entry *e)
{
	(void)set_selector(s, e, NULL);
	handover_end(s, e);
	amount_subtract(s, &e->service->object);
	object_free(&e->service->object, s->pool);
	e->service = NULL;
	e->unseen = false;
	service_mark(s, e);
	s->counts.services--;
	namespace_unref(s, e->ns);
}

void service_drop_if_empty(struct store *s, struct service_entry *e)
{
	if (e->service || e->slice_count || e->endpoints)
		return;
	table_remove(s->services, key_hash(e->kind, e->ns->name, e->name), e);
	service_free(s, e);
}

void service_free(struct store *s, struct service_entry *e)
{
	handover_end(s, e);
	if (e->service)
		object_free(&e->service->object, s->pool);
	podset_clear(&e->pods);
	free(e->slices);
	intern_unref(s->pool, e->name);
	free(e);
}

/* --- what is told of them --- */

static size_t count_ready(const struct service_view *view)
{
	size_t ready = 0;
	for (size_t i = 0; i < view->count; i++)
		ready += view->endpoints[i].state == ENDPOINT_READY;
	return ready;
}

static uint64_t newest_change(const struct service_view *view)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < view->count; i++) {
		const struct endpoint *e = &view->endpoints[i];
		if (e->state == ENDPOINT_READY && e->changed_ms > newest)
			newest = e->changed_ms;
	}
	return newest;
}

static enum err publish(struct store *s, struct service_entry *e, struct join *j)
{
	struct service_view view;
	uint64_t changed_ms;
	enum err err;
	if (join_build(j, s, e, &view))
		return ERR_NOMEM;
	changed_ms = newest_change(&view);
	if (e->published && changed_ms > e->told_ms)
		view.changed_ms = changed_ms;
	err = s->callbacks.service_changed(s->callbacks.arg, &view);
	if (err)
		return err;
	s->counts.endpoints -= e->ready;
	e->ready = count_ready(&view);
	s->counts.endpoints += e->ready;
	e->size = view.count;
	e->published = true;
	if (changed_ms > e->told_ms)
		e->told_ms = changed_ms;
	return OK;
}

static void withdraw(struct store *s, struct service_entry *e)
{
	s->counts.endpoints -= e->ready;
	e->ready = e->size = 0;
	if (e->published)
		s->callbacks.service_gone(s->callbacks.arg, e->kind, e->ns->name, e->name);
	e->published = false;
}

enum err service_flush(struct store *s, struct service_entry *e, struct join *j)
{
	if (e->unfilled && service_fill(s, e->ns))
		return ERR_NOMEM;
	if (e->service)
		return publish(s, e, j);
	withdraw(s, e);
	return OK;
}
