#include "simulated_pod.h"
#include "name_hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *ordinal_name(const char *workload, uint64_t ordinal)
{
	size_t size = strlen(workload) + sizeof "-18446744073709551615";
	char *name = malloc(size);
	if (name)
		snprintf(name, size, "%s-%" PRIu64, workload, ordinal);
	return name;
}

/* What the random characters follow. Of an Indexed Job's the index stays whole. */
static void put_prefix(char prefix[NAME_BASE_MAX + 1], const struct workload *w, uint64_t index)
{
	char end[sizeof "-18446744073709551615-"];
	int len = snprintf(end, sizeof end, "-%" PRIu64 "-", index);
	if (w->indexed)
		snprintf(prefix, NAME_BASE_MAX + 1, "%.*s%s", NAME_BASE_MAX - len, w->object.name, end);
	else
		snprintf(prefix, NAME_BASE_MAX + 1, "%s-", w->object.name);
}

/* Pods of a DaemonSet by their nodes, so that one more does not rename the others. */
static uint64_t seed_of(const struct pod_place *at)
{
	return at->node ? name_hash("", at->node->object.name, 0) : at->index;
}

char *random_pod_name(const struct workload *w, const struct pod_place *at, uint64_t attempt)
{
	uint64_t hash = name_hash(w->object.ns, w->object.name, (seed_of(at) << 8) + attempt);
	char *name = malloc(NAME_BASE_MAX + NAME_SUFFIX_LEN + 1);
	if (!name)
		return NULL;
	put_prefix(name, w, at->index);
	name_suffix(name + strlen(name), hash);
	return name;
}

/* --- what the pods are told about names --- */

static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

/* NULL for NULL; false: out of memory. */
static bool copy_optional(const char *from, char **out)
{
	*out = from ? copy_text(from) : NULL;
	return *out || !from;
}

/* The same. */
static bool copy_texts(char **from, char ***out)
{
	size_t n = 0;
	while (from && from[n])
		n++;
	*out = from ? calloc(n + 1, sizeof **out) : NULL;
	for (size_t i = 0; *out && i < n; i++) {
		(*out)[i] = copy_text(from[i]);
		if (!(*out)[i])
			return false;
	}
	return !from || *out;
}

static bool copy_dns(const struct pod_dns *from, const struct pod_dns **out)
{
	struct pod_dns *dns = from ? calloc(1, sizeof *dns) : NULL;
	*out = dns; /* the pod's, however much of it there is */
	if (!dns)
		return !from;
	dns->hostname_as_fqdn = from->hostname_as_fqdn;
	return copy_optional(from->policy, &dns->policy) && copy_optional(from->hostname_override, &dns->hostname_override) &&
	       copy_texts(from->aliases, &dns->aliases) && copy_texts(from->nameservers, &dns->nameservers) &&
	       copy_texts(from->searches, &dns->searches) && copy_texts(from->options, &dns->options);
}

/* --- what a controller gives its pods --- */

/* Identity of a StatefulSet's pod (Kubernetes, StatefulSet basics: Pod identity). */
static bool make_stateful(struct pod *p, const struct workload *w, uint64_t ordinal, struct intern *pool)
{
	char index[sizeof "18446744073709551615"];
	const struct label labels[] = {
	        {"statefulset.kubernetes.io/pod-name", p->object.name},
	        {"apps.kubernetes.io/pod-index", index},
	};
	snprintf(index, sizeof index, "%" PRIu64, ordinal);
	p->hostname = intern_ref(p->object.name);
	p->subdomain = intern_ref(w->service_name);
	p->object.labels = label_set_with(pool, w->template_pod->object.labels, labels, 2);
	return p->object.labels;
}

/* Of an Indexed Job's (Kubernetes, Job: Completion mode). */
static bool make_indexed(struct pod *p, const struct workload *w, uint64_t completion, struct intern *pool)
{
	char index[sizeof "18446744073709551615"], *hostname = ordinal_name(w->object.name, completion);
	const struct label label = {"batch.kubernetes.io/job-completion-index", index};
	snprintf(index, sizeof index, "%" PRIu64, completion);
	p->hostname = hostname ? intern_str(pool, hostname) : NULL;
	p->subdomain = intern_ref(w->template_pod->subdomain);
	p->object.labels = label_set_with(pool, w->template_pod->object.labels, &label, 1);
	free(hostname);
	return p->hostname && p->object.labels;
}

static bool make_stateless(struct pod *p, const struct workload *w)
{
	p->hostname = intern_ref(w->template_pod->hostname);
	p->subdomain = intern_ref(w->template_pod->subdomain);
	p->object.labels = intern_ref(w->template_pod->object.labels);
	return true;
}

static bool make_identity(struct pod *p, const struct workload *w, uint64_t index, struct intern *pool)
{
	if (w->object.kind == OBJECT_STATEFUL_SET)
		return make_stateful(p, w, index, pool);
	return w->indexed ? make_indexed(p, w, index, pool) : make_stateless(p, w);
}

/* However much of it there is, it is the pod's. */
static bool make_manifest(struct pod *p, const struct workload *w, const struct cluster_node *node, struct intern *pool)
{
	const struct pod_manifest *from = w->template_pod->manifest;
	struct pod_manifest *m = calloc(1, sizeof *m);
	p->manifest = m;
	if (!m)
		return false;
	m->owner_kind = intern_str(pool, object_kind_name(w->object.kind));
	m->owner_name = intern_ref(w->object.name);
	m->node = intern_ref(node ? node->object.name : from ? from->node : NULL);
	p->host_network = w->template_pod->host_network;
	return m->owner_kind && copy_dns(from ? from->dns : NULL, &m->dns);
}

struct pod *simulated_pod_new(const struct workload *w, const char *name, const struct pod_place *at, struct intern *pool)
{
	struct pod *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->object = (struct object){.kind = OBJECT_POD, .line = w->object.line, .ns = intern_ref(w->object.ns)};
	p->object.name = intern_str(pool, name);
	p->phase = POD_RUNNING;
	p->ready = true;
	p->ports = intern_ref(w->template_pod->ports);
	if (p->object.name && make_identity(p, w, at->index, pool) && make_manifest(p, w, at->node, pool))
		return p;
	object_free(&p->object, pool);
	return NULL;
}
