#include "store/store.h"
#include "records.h"
#include <stdlib.h>

struct store *store_new(struct intern *pool, const struct store_callbacks *callbacks)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->pool = pool;
	s->callbacks = *callbacks;
	s->namespaces = table_new();
	s->services = table_new();
	s->by_selector = table_new();
	s->entries = table_new();
	if (s->namespaces && s->services && s->by_selector && s->entries)
		return s;
	store_free(s);
	return NULL;
}

static void free_services(struct store *s)
{
	size_t at = 0;
	for (struct service_entry *e; s->services && (e = table_each(s->services, &at));)
		service_free(s, e);
}

static void free_entries(struct store *s)
{
	size_t at = 0;
	for (struct entry *e; s->entries && (e = table_each(s->entries, &at));)
		entry_free(s, e);
}

static void free_namespaces(struct store *s)
{
	size_t at = 0;
	for (struct namespace_entry *ns; s->namespaces && (ns = table_each(s->namespaces, &at));)
		namespace_free(s, ns);
}

void store_free(struct store *s)
{
	if (!s)
		return;
	free_services(s);
	free_entries(s);
	free_namespaces(s);
	table_free(s->namespaces);
	table_free(s->services);
	table_free(s->by_selector);
	table_free(s->entries);
	join_free(&s->join);
	free(s);
}

void store_set_rules(struct store *s, const struct store_rules *rules)
{
	s->rules = *rules;
}

void store_use_slices(struct store *s, bool use)
{
	size_t at = 0;
	if (s->by_slices == use)
		return;
	s->by_slices = use;
	for (struct service_entry *e; (e = table_each(s->services, &at));)
		if (e->service && join_selector(e->service))
			service_mark(s, e);
}

/* --- changes --- */

/* The namespace whose existence the object shows; "" for other cluster-scoped ones. */
static const char *namespace_of(enum object_kind kind, const char *ns, const char *name)
{
	return kind == OBJECT_NAMESPACE ? name : ns;
}

static enum err upsert_into(struct store *s, struct namespace_entry *ns, struct object *o)
{
	switch (o->kind) {
	case OBJECT_SERVICE:
	case OBJECT_SERVICE_IMPORT:
		return service_upsert(s, ns, (struct service *)o);
	case OBJECT_POD:
		return pod_upsert(s, ns, (struct pod *)o);
	case OBJECT_NAMESPACE:
	case OBJECT_NODE:
	case OBJECT_ENDPOINT_SLICE:
	case OBJECT_CONTROLLER_SLICE:
	case OBJECT_ENDPOINTS:
	case OBJECT_STATEFUL_SET:
	case OBJECT_DEPLOYMENT:
	case OBJECT_REPLICA_SET:
	case OBJECT_DAEMON_SET:
	case OBJECT_JOB:
	case OBJECT_REPLICATION_CONTROLLER:
	case OBJECT_KINDS:
		break;
	}
	return entry_upsert(s, ns, o);
}

enum err store_upsert(struct store *s, struct object *o)
{
	const char *name = namespace_of(o->kind, o->ns, o->name);
	if (!*name) {
		object_free(o, s->pool);
		return OK;
	}
	struct namespace_entry *ns = namespace_get(s, name);
	enum err err = ns ? upsert_into(s, ns, o) : ERR_NOMEM;
	if (err)
		object_free(o, s->pool);
	return err;
}

static void delete_pod(struct store *s, const char *ns_name, const char *name)
{
	struct namespace_entry *ns = namespace_find(s, ns_name);
	struct pod *pod = ns ? podset_find(&ns->pods, name) : NULL;
	if (pod)
		pod_delete(s, ns, pod);
}

static void delete_service(struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	struct service_entry *e = service_find(s, kind, ns, name);
	if (e && e->service)
		service_delete(s, e);
}

static void delete_entry(struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	struct entry *e = entry_find(s, kind, ns, name);
	if (e && e->object->kind == kind) /* else a slice has got another manager meanwhile */
		entry_delete(s, e);
}

void store_delete(struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	if (kind == OBJECT_POD)
		delete_pod(s, ns, name);
	else if (kind == OBJECT_SERVICE || kind == OBJECT_SERVICE_IMPORT)
		delete_service(s, kind, ns, name);
	else
		delete_entry(s, kind, ns, name);
}

bool store_knows(const struct store *s, enum object_kind kind, const char *ns, const char *name)
{
	if (kind == OBJECT_POD) {
		const struct namespace_entry *n = namespace_find(s, ns);
		return n && podset_find(&n->pods, name);
	}
	if (kind == OBJECT_SERVICE || kind == OBJECT_SERVICE_IMPORT) {
		const struct service_entry *e = service_find(s, kind, ns, name);
		return e && e->service;
	}
	return entry_find(s, kind, ns, name) != NULL;
}

/* --- mark and sweep --- */

static void mark_pods(struct store *s)
{
	size_t at = 0;
	for (struct namespace_entry *ns; (ns = table_each(s->namespaces, &at));)
		podset_unsee_all(&ns->pods);
}

static void mark_services(struct store *s, unsigned kinds)
{
	size_t at = 0;
	for (struct service_entry *e; (e = table_each(s->services, &at));)
		if (kinds & 1U << e->kind)
			e->unseen = e->service != NULL;
}

void store_mark(struct store *s, unsigned kinds)
{
	size_t at = 0;
	if (kinds & 1U << OBJECT_POD)
		mark_pods(s);
	if (kinds & (1U << OBJECT_SERVICE | 1U << OBJECT_SERVICE_IMPORT))
		mark_services(s, kinds);
	for (struct entry *e; (e = table_each(s->entries, &at));)
		if (kinds & 1U << e->object->kind)
			e->unseen = true;
}

static void sweep_pods(struct store *s)
{
	size_t at = 0;
	for (struct namespace_entry *ns; (ns = table_each(s->namespaces, &at));) {
		struct podset_cursor c = {0};
		for (struct pod *pod; (pod = podset_next_unseen(&ns->pods, &c));)
			pod_delete(s, ns, pod);
	}
}

static void sweep_services(struct store *s, unsigned kinds)
{
	size_t at = 0;
	for (struct service_entry *e; (e = table_each(s->services, &at));)
		if (e->unseen && kinds & 1U << e->kind)
			service_delete(s, e);
}

void store_sweep(struct store *s, unsigned kinds)
{
	size_t at = 0;
	if (kinds & 1U << OBJECT_POD)
		sweep_pods(s);
	if (kinds & (1U << OBJECT_SERVICE | 1U << OBJECT_SERVICE_IMPORT))
		sweep_services(s, kinds);
	for (struct entry *e; (e = table_each(s->entries, &at));)
		if (e->unseen && kinds & 1U << e->object->kind)
			entry_delete(s, e);
	if (kinds & 1U << OBJECT_CONTROLLER_SLICE)
		handover_end_of_slices(s);
}

/* --- as a sink --- */

static enum err on_upsert(void *arg, struct object *o)
{
	return store_upsert(arg, o);
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	store_delete(arg, kind, ns, name);
}

static void on_mark(void *arg, enum object_kind kind)
{
	store_mark(arg, 1U << kind);
}

static void on_sweep(void *arg, enum object_kind kind)
{
	store_sweep(arg, 1U << kind);
}

static bool on_knows(void *arg, const struct object *o)
{
	return store_knows(arg, o->kind, o->ns, o->name);
}

static struct object_amount on_amount(void *arg, enum object_kind kind)
{
	return store_amount(arg, kind);
}

struct object_sink store_sink(struct store *s)
{
	return (struct object_sink){on_upsert, on_gone, on_mark, on_sweep, on_knows, on_amount, s};
}

/* --- look-ups --- */

struct store_counts store_counts(const struct store *s)
{
	return s->counts;
}

const struct service *store_service(const struct store *s, const char *ns, const char *name)
{
	const struct service_entry *e = service_find(s, OBJECT_SERVICE, ns, name);
	return e ? e->service : NULL;
}

enum err store_view(const struct store *s, const char *ns, const char *name, enum err (*visit)(void *arg, const struct service_view *view),
                    void *arg)
{
	const struct service_entry *e = service_find(s, OBJECT_SERVICE, ns, name);
	struct service_view view;
	struct join j = {0};
	enum err err;
	if (!e || !e->service)
		return ERR_MISSING;
	err = join_build(&j, s, e, &view);
	if (!err)
		err = visit(arg, &view);
	join_free(&j);
	return err;
}

const struct pod *store_pod(const struct store *s, const char *ns_name, const char *name)
{
	const struct namespace_entry *ns = namespace_find(s, ns_name);
	return ns ? podset_find(&ns->pods, name) : NULL;
}

const struct service *store_each_service(const struct store *s, size_t *cursor)
{
	for (const struct service_entry *e; (e = table_each(s->services, cursor));)
		if (e->service)
			return e->next ? e->next : e->service;
	return NULL;
}

const struct object *store_each_other(const struct store *s, size_t *cursor)
{
	const struct entry *e = table_each(s->entries, cursor);
	return e ? e->object : NULL;
}

const struct pod *store_each_pod(const struct store *s, struct store_cursor *c)
{
	for (;;) {
		const struct namespace_entry *ns = c->ns;
		struct podset_cursor at = {c->block, c->at};
		const struct pod *pod = ns ? podset_each(&ns->pods, &at) : NULL;
		c->block = at.block;
		c->at = at.at;
		if (pod)
			return pod;
		c->ns = table_each(s->namespaces, &c->namespaces);
		c->block = c->at = 0;
		if (!c->ns)
			return NULL;
	}
}
