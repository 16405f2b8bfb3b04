#include "claims.h"
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_HASH "pod-template-hash" /* what tells the pods of a Deployment's ReplicaSets apart */

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

static struct claim *find_part(const struct claims *c, const char *ns, enum object_kind kind, const char *name, size_t name_len)
{
	struct identity id = {ns, kind, name, name_len};
	return c->count ? bsearch(&id, c->list, c->count, sizeof *c->list, finds) : NULL;
}

static struct claim *find(const struct claims *c, const char *ns, enum object_kind kind, const char *name)
{
	return find_part(c, ns, kind, name, strlen(name));
}

static struct claim *deployment_of(const struct claims *c, const struct workload *set)
{
	if (set->object.kind != OBJECT_REPLICA_SET || !set->owner_kind || strcmp(set->owner_kind, "Deployment") != 0)
		return NULL;
	return find(c, set->object.ns, OBJECT_DEPLOYMENT, set->owner_name);
}

/* --- pods that have a controller --- */

static void observe(struct claim *claim)
{
	if (claim)
		claim->observed = true;
}

static void observe_deployment(const struct claims *c, const char *ns, const char *replica_set)
{
	const struct claim *set = find(c, ns, OBJECT_REPLICA_SET, replica_set);
	const char *hash = strrchr(replica_set, '-');
	if (set)
		observe(deployment_of(c, set->workload));
	else if (hash) /* dumps often leave out ReplicaSets: <Deployment>-<pod-template-hash> */
		observe(find_part(c, ns, OBJECT_DEPLOYMENT, replica_set, (size_t)(hash - replica_set)));
}

static void observe_owner(const struct claims *c, const struct pod *p)
{
	const char *ns = p->object.ns, *owner = p->manifest->owner_name;
	enum object_kind kind = workload_kind(p->manifest->owner_kind);
	if (kind == OBJECT_KINDS || kind == OBJECT_DEPLOYMENT) /* which has no pods but those of its ReplicaSets */
		return;
	observe(find(c, ns, kind, owner));
	if (kind == OBJECT_REPLICA_SET)
		observe_deployment(c, ns, owner);
}

/* --- pods that have none --- */

/* "web-7" has the name of a pod of web, if 7 is among its ordinals. */
static bool has_name_of(const struct workload *set, const char *ordinal)
{
	char *end;
	unsigned long long n = strtoull(ordinal, &end, 10);
	return *ordinal && strspn(ordinal, "0123456789") == strlen(ordinal) && (*ordinal != '0' || !ordinal[1]) && !*end &&
	       n >= set->ordinals_start && n - set->ordinals_start < set->replicas;
}

static bool is_stateful(const struct claims *c, const struct pod *p)
{
	const char *name = p->object.name, *dash = strrchr(name, '-');
	const struct claim *claim = dash ? find_part(c, p->object.ns, OBJECT_STATEFUL_SET, name, (size_t)(dash - name)) : NULL;
	return claim && has_name_of(claim->workload, dash + 1) && selector_matches(claim->workload->selector, p->object.labels);
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

static bool adopts(const struct workload *w, const struct pod *p)
{
	if (w->object.kind == OBJECT_STATEFUL_SET || !selector_matches(w->selector, p->object.labels))
		return false;
	return w->object.kind != OBJECT_DEPLOYMENT || label_set_value(p->object.labels, TEMPLATE_HASH);
}

static struct claim *adopter_of(const struct claims *c, const struct pod *p)
{
	for (size_t i = first_of(c, p->object.ns); i < c->count && c->list[i].workload->object.ns == p->object.ns; i++) {
		if (adopts(c->list[i].workload, p))
			return &c->list[i];
	}
	return NULL;
}

static void adopt(struct claims *c, const struct pod *p)
{
	struct claim *adopter = is_stateful(c, p) ? NULL : adopter_of(c, p), *deployment;
	if (!adopter)
		return;
	deployment = deployment_of(c, adopter->workload);
	(deployment ? deployment : adopter)->adopted++;
	if (adopter->workload->object.kind == OBJECT_DAEMON_SET && p->manifest && p->manifest->node)
		c->occupied[c->occupied_count++] = (struct occupied){adopter->workload, p->manifest->node};
}

static bool has_ended(const struct pod *p)
{
	return p->deleting || p->phase == POD_SUCCEEDED || p->phase == POD_FAILED;
}

static void claim_pod(struct claims *c, const struct pod *p)
{
	if (p->manifest && p->manifest->owner_kind)
		observe_owner(c, p);
	else if (!has_ended(p))
		adopt(c, p);
}

/* --- all --- */

static int by_place(const void *a, const void *b)
{
	const struct occupied *x = a, *y = b;
	if (x->set != y->set)
		return (uintptr_t)x->set < (uintptr_t)y->set ? -1 : 1;
	return ((uintptr_t)x->node > (uintptr_t)y->node) - ((uintptr_t)x->node < (uintptr_t)y->node);
}

bool claims_occupied(const struct claims *c, const struct workload *set, const char *node)
{
	struct occupied place = {set, node};
	return c->occupied_count && bsearch(&place, c->occupied, c->occupied_count, sizeof place, by_place);
}

enum err claims_make(struct claims *c, struct object *const *objects, size_t n)
{
	*c = (struct claims){.list = calloc(n + 1, sizeof *c->list), .occupied = calloc(n + 1, sizeof *c->occupied)};
	if (!c->list || !c->occupied) {
		claims_free(c);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (object_is_workload(objects[i]))
			c->list[c->count++].workload = (const struct workload *)objects[i];
	}
	qsort(c->list, c->count, sizeof *c->list, by_identity);
	for (size_t i = 0; i < c->count; i++)
		c->list[i].by_deployment = deployment_of(c, c->list[i].workload) != NULL;
	for (size_t i = 0; i < n; i++) {
		if (objects[i]->kind == OBJECT_POD)
			claim_pod(c, (const struct pod *)objects[i]);
	}
	qsort(c->occupied, c->occupied_count, sizeof *c->occupied, by_place);
	return OK;
}

void claims_free(struct claims *c)
{
	free(c->list);
	free(c->occupied);
	*c = (struct claims){0};
}
