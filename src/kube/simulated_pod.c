#include "simulated_pod.h"
#include "decode.h"
#include "name_hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As k8s.io/apiserver makes names: no vowels, and no digits that look like letters, so that no words come out. */
#define SUFFIX_ALPHABET "bcdfghjklmnpqrstvwxz2456789"
#define SUFFIX_LEN      5
#define BASE_LEN_MAX    (63 - SUFFIX_LEN) /* with the dash */

char *stateful_pod_name(const char *set, uint64_t ordinal)
{
	size_t size = strlen(set) + sizeof "-18446744073709551615";
	char *name = malloc(size);
	if (name)
		snprintf(name, size, "%s-%" PRIu64, set, ordinal);
	return name;
}

char *random_pod_name(const struct workload *w, uint64_t index, uint64_t attempt)
{
	uint64_t hash = name_hash(w->object.ns, w->object.name, (index << 8) + attempt);
	char *name = malloc(BASE_LEN_MAX + SUFFIX_LEN + 1);
	size_t len;
	if (!name)
		return NULL;
	snprintf(name, BASE_LEN_MAX + 1, "%s-", w->object.name);
	len = strlen(name);
	for (int i = 0; i < SUFFIX_LEN; i++) {
		name[len++] = SUFFIX_ALPHABET[hash % (sizeof SUFFIX_ALPHABET - 1)];
		hash /= sizeof SUFFIX_ALPHABET - 1;
	}
	name[len] = '\0';
	return name;
}

/* --- dnsPolicy and dnsConfig --- */

static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

/* NULL for NULL; false: out of memory. */
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
	dns->policy = from->policy ? copy_text(from->policy) : NULL;
	return (dns->policy || !from->policy) && copy_texts(from->nameservers, &dns->nameservers) &&
	       copy_texts(from->searches, &dns->searches) && copy_texts(from->options, &dns->options);
}

/* --- labels --- */

/* The template's labels and those that the StatefulSet controller adds. */
static const struct label_set *stateful_labels(const struct label_set *template, const char *name, uint64_t ordinal, struct intern *pool)
{
	size_t n = template ? template->count : 0;
	struct label *pairs = malloc((n + 2) * sizeof *pairs);
	const struct label_set *set;
	char index[sizeof "18446744073709551615"];
	if (!pairs)
		return NULL;
	if (n)
		memcpy(pairs, template->labels, n * sizeof *pairs);
	snprintf(index, sizeof index, "%" PRIu64, ordinal);
	pairs[n] = (struct label){"statefulset.kubernetes.io/pod-name", name};
	pairs[n + 1] = (struct label){"apps.kubernetes.io/pod-index", index};
	set = label_set_intern(pool, pairs, n + 2);
	free(pairs);
	return set;
}

/* Identity of a StatefulSet's pod (Kubernetes, StatefulSet basics: Pod identity). */
static bool make_stateful(struct pod *p, const struct workload *w, uint64_t ordinal, struct intern *pool)
{
	p->hostname = intern_ref(p->object.name);
	p->subdomain = intern_ref(w->service_name);
	p->object.labels = stateful_labels(w->template_pod->object.labels, p->object.name, ordinal, pool);
	return p->object.labels;
}

static void make_stateless(struct pod *p, const struct workload *w)
{
	p->hostname = intern_ref(w->template_pod->hostname);
	p->subdomain = intern_ref(w->template_pod->subdomain);
	p->object.labels = intern_ref(w->template_pod->object.labels);
}

/* However much of it there is, it is the pod's. */
static bool make_manifest(struct pod *p, const struct workload *w, struct intern *pool)
{
	struct pod_manifest *m = calloc(1, sizeof *m);
	p->manifest = m;
	if (!m)
		return false;
	m->owner_kind = intern_str(pool, object_kind_name(w->object.kind));
	m->owner_name = intern_ref(w->object.name);
	return m->owner_kind && copy_dns(w->template_pod->manifest ? w->template_pod->manifest->dns : NULL, &m->dns);
}

struct pod *simulated_pod_new(const struct workload *w, const char *name, uint64_t ordinal, struct intern *pool)
{
	struct pod *p = calloc(1, sizeof *p);
	bool whole = true;
	if (!p)
		return NULL;
	p->object = (struct object){.kind = OBJECT_POD, .line = w->object.line, .ns = intern_ref(w->object.ns)};
	p->object.name = intern_str(pool, name);
	p->phase = POD_RUNNING;
	p->ready = true;
	p->ports = intern_ref(w->template_pod->ports);
	if (w->object.kind == OBJECT_STATEFUL_SET)
		whole = p->object.name && make_stateful(p, w, ordinal, pool);
	else
		make_stateless(p, w);
	if (whole && p->object.name && make_manifest(p, w, pool))
		return p;
	object_free(&p->object, pool);
	return NULL;
}
