#include "workload_pods.h"
#include "base/hash.h"
#include "base/table.h"
#include "claims.h"
#include "simulated_pod.h"
#include <stdlib.h>
#include <string.h>

struct maker {
	struct manifest *m;
	const struct cidr *pod_cidr;
	struct intern *pool;
	struct diag *diag;
	const struct object **about;
	struct table *pods;   /* all by namespace and name, borrowed */
	struct object **made; /* owned until they are added to m */
	size_t count, cap;
};

/* --- pods by name --- */

static uint64_t pod_hash(const char *ns, const char *name)
{
	return hash_mix(hash_bytes(ns, strlen(ns)), hash_bytes(name, strlen(name)));
}

static bool is_pod_named(const void *entry, const void *key)
{
	const struct object *o = entry, *wanted = key;
	return strcmp(o->name, wanted->name) == 0 && strcmp(o->ns, wanted->ns) == 0;
}

static bool pod_exists(const struct maker *s, const char *ns, const char *name)
{
	struct object key = {.ns = ns, .name = name};
	return table_find(s->pods, pod_hash(ns, name), is_pod_named, &key);
}

static enum err index_pods(struct maker *s)
{
	s->pods = table_new();
	if (!s->pods)
		return diag_no_memory(s->diag);
	for (size_t i = 0; i < s->m->count; i++) {
		struct object *o = s->m->objects[i];
		if (o->kind == OBJECT_POD && table_insert(s->pods, pod_hash(o->ns, o->name), o))
			return diag_no_memory(s->diag);
	}
	return OK;
}

/* --- pods of workloads --- */

static bool reserve_made(struct maker *s)
{
	size_t cap = s->cap ? 2 * s->cap : 16;
	struct object **grown;
	if (s->count < s->cap)
		return true;
	grown = realloc(s->made, cap * sizeof *grown);
	if (!grown)
		return false;
	s->made = grown;
	s->cap = cap;
	return true;
}

static enum err make_pod(struct maker *s, const struct workload *w, const char *name, const struct pod_place *at)
{
	struct pod *p = reserve_made(s) ? simulated_pod_new(w, name, at, s->pool) : NULL;
	if (!p || table_insert(s->pods, pod_hash(p->object.ns, p->object.name), p)) {
		object_free(p ? &p->object : NULL, s->pool);
		return diag_no_memory(s->diag);
	}
	s->made[s->count++] = &p->object;
	return OK;
}

/* An ordinal name is a hostname, and a StatefulSet's a label's value too. */
static bool is_hostname(const char *name)
{
	return strlen(name) <= 63 && !strchr(name, '.');
}

static enum err refuse_name(struct maker *s, const struct workload *w, const char *name)
{
	*s->about = &w->object;
	return diag_set(s->diag, ERR_RANGE, "%s %s/%s: its pods' names are no host names (at most 63 octets, no dots): %.100s",
	                object_kind_name(w->object.kind), w->object.ns, w->object.name, name);
}

/* Where somebody else's pod has the name, the controller would wait for it to go. */
static enum err make_stateful_pod(struct maker *s, const struct workload *w, const char *name, uint64_t ordinal)
{
	const struct pod_place at = {.index = ordinal};
	return pod_exists(s, w->object.ns, name) ? OK : make_pod(s, w, name, &at);
}

static enum err make_random_pod(struct maker *s, const struct workload *w, const struct pod_place *at)
{
	enum err err;
	char *name = random_pod_name(w, at, 0);
	for (uint64_t attempt = 1; name && pod_exists(s, w->object.ns, name); attempt++) {
		free(name);
		name = random_pod_name(w, at, attempt);
	}
	err = name ? make_pod(s, w, name, at) : diag_no_memory(s->diag);
	free(name);
	return err;
}

/* One of a StatefulSet or an Indexed Job. */
static enum err make_ordinal_pod(struct maker *s, const struct workload *w, uint64_t ordinal)
{
	const struct pod_place at = {.index = ordinal};
	char *name = ordinal_name(w->object.name, ordinal);
	enum err err;
	if (!name)
		err = diag_no_memory(s->diag);
	else if (!is_hostname(name))
		err = refuse_name(s, w, name);
	else
		err = w->indexed ? make_random_pod(s, w, &at) : make_stateful_pod(s, w, name, ordinal);
	free(name);
	return err;
}

/* Before anything is made for it: two thousand million replicas are written as easily as two. */
static enum err check_count(struct maker *s, const struct workload *w, uint32_t count)
{
	char base[ADDR_TEXT_MAX];
	const char *field = w->object.kind == OBJECT_JOB ? "parallelism" : "replicas";
	if (s->count + count <= cidr_size(s->pod_cidr))
		return OK;
	*s->about = &w->object;
	addr_format(&s->pod_cidr->base, base);
	return diag_set(s->diag, ERR_RANGE, "%s %s/%s: spec.%s: %u more %s too many for the addresses of %s/%u; give a larger --pod-cidr",
	                object_kind_name(w->object.kind), w->object.ns, w->object.name, field, count, count == 1 ? "pod is" : "pods are",
	                base, s->pod_cidr->prefix);
}

static enum err make_ordinal_pods(struct maker *s, const struct workload *w)
{
	enum err err = check_count(s, w, w->replicas);
	for (uint64_t i = 0; i < w->replicas && !err; i++)
		err = make_ordinal_pod(s, w, w->ordinals_start + i);
	return err;
}

static enum err make_random_pods(struct maker *s, const struct claim *claim)
{
	uint32_t lacking = claim->workload->replicas > claim->adopted ? claim->workload->replicas - claim->adopted : 0;
	enum err err = check_count(s, claim->workload, lacking);
	for (uint64_t i = 0; i < lacking && !err; i++)
		err = make_random_pod(s, claim->workload, &(struct pod_place){.index = i});
	return err;
}

/* A node that has no such pod yet, and that the pods want. */
static bool lacks_daemon(const struct claims *claims, const struct workload *w, const struct cluster_node *node)
{
	return (!w->node_selector || selector_matches(w->node_selector, node->object.labels)) &&
	       !claims_occupied(claims, w, node->object.name);
}

/* Where the input has no Node, there is one all the same. */
static enum err make_daemons(struct maker *s, const struct claims *claims, const struct claim *claim)
{
	size_t nodes = 0;
	enum err err = OK;
	for (size_t i = 0; i < s->m->count && !err; i++) {
		const struct cluster_node *node = (const struct cluster_node *)s->m->objects[i];
		if (node->object.kind != OBJECT_NODE)
			continue;
		nodes++;
		if (lacks_daemon(claims, claim->workload, node))
			err = make_random_pod(s, claim->workload, &(struct pod_place){.node = node});
	}
	return nodes ? err : make_random_pods(s, claim);
}

static enum err make_pods_of(struct maker *s, const struct claims *claims, const struct claim *claim)
{
	const struct workload *w = claim->workload;
	if (claim->observed || claim->by_deployment)
		return OK;
	if (w->object.kind == OBJECT_DAEMON_SET)
		return make_daemons(s, claims, claim);
	return w->object.kind == OBJECT_STATEFUL_SET || w->indexed ? make_ordinal_pods(s, w) : make_random_pods(s, claim);
}

static enum err make_pods(struct maker *s)
{
	struct claims claims;
	enum err err = claims_make(&claims, s->m->objects, s->m->count);
	if (err)
		return diag_no_memory(s->diag);
	for (size_t i = 0; i < claims.count && !err; i++)
		err = make_pods_of(s, &claims, &claims.list[i]);
	claims_free(&claims);
	return err;
}

static enum err add_made(struct maker *s)
{
	struct object **grown = realloc(s->m->objects, (s->m->count + s->count + 1) * sizeof *grown);
	if (!grown)
		return diag_no_memory(s->diag);
	s->m->objects = grown;
	if (s->count)
		memcpy(grown + s->m->count, s->made, s->count * sizeof *grown);
	s->m->count += s->count;
	s->count = 0;
	return OK;
}

enum err workload_pods_add(struct manifest *m, const struct cidr *pod_cidr, struct intern *pool, struct diag *d,
                           const struct object **about)
{
	struct maker s = {.m = m, .pod_cidr = pod_cidr, .pool = pool, .diag = d, .about = about};
	enum err err = index_pods(&s);
	if (!err)
		err = make_pods(&s);
	if (!err)
		err = add_made(&s);
	for (size_t i = 0; i < s.count; i++)
		object_free(s.made[i], pool);
	free(s.made);
	table_free(s.pods);
	return err;
}
