#include "claims.h"
#include <stdlib.h>
#include <string.h>

static bool is_workload(const struct object *o)
{
	return o->kind == OBJECT_STATEFUL_SET || o->kind == OBJECT_DEPLOYMENT || o->kind == OBJECT_REPLICA_SET;
}

/* What a workload is found by; name_len, because a pod's name begins with that of its workload. */
struct identity {
	const char *ns;
	enum object_kind kind;
	const char *name;
	size_t name_len;
};

static int compare(const struct identity *id, const struct object *o)
{
	int order = strcmp(id->ns, o->ns);
	if (!order)
		order = (id->kind > o->kind) - (id->kind < o->kind);
	if (!order)
		order = strncmp(id->name, o->name, id->name_len);
	return order || !o->name[id->name_len] ? order : -1;
}

static int by_identity(const void *a, const void *b)
{
	const struct object *x = &((const struct claim *)a)->workload->object, *y = &((const struct claim *)b)->workload->object;
	struct identity id = {x->ns, x->kind, x->name, strlen(x->name)};
	return compare(&id, y);
}

static int finds(const void *key, const void *claim)
{
	return compare(key, &((const struct claim *)claim)->workload->object);
}

static struct claim *find(const struct claims *c, const char *ns, enum object_kind kind, const char *name, size_t name_len)
{
	struct identity id = {ns, kind, name, name_len};
	return c->count ? bsearch(&id, c->list, c->count, sizeof *c->list, finds) : NULL;
}

static bool mark(struct claim *claim)
{
	if (claim)
		claim->has_pods = true;
	return claim != NULL;
}

static struct claim *deployment_of(const struct claims *c, const struct workload *set)
{
	if (set->object.kind != OBJECT_REPLICA_SET || !set->owner_kind || strcmp(set->owner_kind, "Deployment") != 0)
		return NULL;
	return find(c, set->object.ns, OBJECT_DEPLOYMENT, set->owner_name, strlen(set->owner_name));
}

static void mark_replica_set(const struct claims *c, const char *ns, const char *name)
{
	struct claim *set = find(c, ns, OBJECT_REPLICA_SET, name, strlen(name));
	const char *hash = strrchr(name, '-');
	if (mark(set))
		mark(deployment_of(c, set->workload));
	else if (hash) /* dumps often leave out ReplicaSets: <Deployment>-<pod-template-hash> */
		mark(find(c, ns, OBJECT_DEPLOYMENT, name, (size_t)(hash - name)));
}

static void mark_owner(const struct claims *c, const struct pod *p)
{
	const char *ns = p->object.ns, *kind = p->manifest->owner_kind, *name = p->manifest->owner_name;
	if (strcmp(kind, "StatefulSet") == 0)
		mark(find(c, ns, OBJECT_STATEFUL_SET, name, strlen(name)));
	else if (strcmp(kind, "ReplicaSet") == 0)
		mark_replica_set(c, ns, name);
	else if (strcmp(kind, "Deployment") == 0)
		mark(find(c, ns, OBJECT_DEPLOYMENT, name, strlen(name)));
}

static bool mark_by_name(const struct claims *c, const struct pod *p)
{
	const char *name = p->object.name, *dash = strrchr(name, '-');
	if (!dash || !dash[1] || dash[1 + strspn(dash + 1, "0123456789")])
		return false;
	return mark(find(c, p->object.ns, OBJECT_STATEFUL_SET, name, (size_t)(dash - name)));
}

/* Where the workloads of the namespace begin. */
static size_t first_of(const struct claims *c, const char *ns)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(c->list[middle].workload->object.ns, ns) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void mark_by_selector(const struct claims *c, const struct pod *p)
{
	for (size_t i = first_of(c, p->object.ns); i < c->count && c->list[i].workload->object.ns == p->object.ns; i++) {
		const struct workload *w = c->list[i].workload;
		if (w->object.kind != OBJECT_STATEFUL_SET && selector_matches(w->selector, p->object.labels))
			c->list[i].has_pods = true;
	}
}

static void mark_pod(const struct claims *c, const struct pod *p)
{
	if (p->manifest && p->manifest->owner_kind)
		mark_owner(c, p);
	else if (!mark_by_name(c, p))
		mark_by_selector(c, p);
}

enum err claims_make(struct claims *c, struct object *const *objects, size_t n)
{
	*c = (struct claims){.list = calloc(n + 1, sizeof *c->list)};
	if (!c->list)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (is_workload(objects[i]))
			c->list[c->count++].workload = (const struct workload *)objects[i];
	}
	qsort(c->list, c->count, sizeof *c->list, by_identity);
	for (size_t i = 0; i < c->count; i++)
		c->list[i].by_deployment = deployment_of(c, c->list[i].workload) != NULL;
	for (size_t i = 0; i < n; i++) {
		if (objects[i]->kind == OBJECT_POD)
			mark_pod(c, (const struct pod *)objects[i]);
	}
	return OK;
}

void claims_free(struct claims *c)
{
	free(c->list);
}
