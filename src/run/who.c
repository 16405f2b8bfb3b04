#include "who.h"
#include "base/buffer.h"
#include "base/suggest.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LISTED_MAX 10

/* What is asked for. */
struct who {
	const struct store *store;
	const char *ns, *kind, *name;
};

static const struct {
	const char *kind, *words[3];
} types[] = {
        {"Pod", {"pod", "pods", "po"}},
        {"Service", {"service", "services", "svc"}},
        {"Deployment", {"deployment", "deployments", "deploy"}},
        {"StatefulSet", {"statefulset", "statefulsets", "sts"}},
        {"DaemonSet", {"daemonset", "daemonsets", "ds"}},
        {"ReplicaSet", {"replicaset", "replicasets", "rs"}},
        {"ReplicationController", {"replicationcontroller", "replicationcontrollers", "rc"}},
        {"Job", {"job", "jobs", "job"}},
};
#define TYPES (sizeof types / sizeof *types)

/* "deployments.v1.apps" is "deployments" with version and group. NULL: kubectl exec has no such type. */
static const char *kind_of(const char *word, size_t len)
{
	const char *group = memchr(word, '.', len);
	if (group)
		len = (size_t)(group - word);
	for (size_t i = 0; i < TYPES; i++) {
		for (unsigned k = 0; k < 3; k++) {
			if (strlen(types[i].words[k]) == len && strncasecmp(types[i].words[k], word, len) == 0)
				return types[i].kind;
		}
	}
	return NULL;
}

/* --- which pods are the workload's --- */

static const struct label_set *selector_of(const struct who *w, bool *found)
{
	size_t cursor = 0;
	const struct service *service;
	*found = true;
	if (strcmp(w->kind, "Service") == 0) {
		service = store_service(w->store, w->ns, w->name);
		*found = service;
		return service ? service->selector : NULL;
	}
	for (const struct object *o; (o = store_each_other(w->store, &cursor));) {
		if (strcmp(o->ns, w->ns) == 0 && strcmp(o->name, w->name) == 0 && strcmp(object_kind_name(o->kind), w->kind) == 0)
			return ((const struct workload *)o)->selector;
	}
	*found = false;
	return NULL;
}

static const char *label_of(const struct pod *p, const char *key)
{
	return label_set_value(p->object.labels, key);
}

static bool has_label(const struct pod *p, const char *key, const char *value)
{
	const char *has = label_of(p, key);
	return has && strcmp(has, value) == 0;
}

/* What follows "start-" in text; NULL: it does not begin so. */
static const char *after(const char *text, const char *start)
{
	size_t len = strlen(start);
	return strncmp(text, start, len) == 0 && text[len] == '-' ? text + len + 1 : NULL;
}

/* By the labels and names that controllers give their pods: of a cluster that is followed neither workloads nor owners are read. */
static bool is_labelled(const struct who *w, const struct pod *p)
{
	const char *rest = after(p->object.name, w->name), *hash = label_of(p, "pod-template-hash");
	if (strcmp(w->kind, "Job") == 0)
		return has_label(p, "batch.kubernetes.io/job-name", w->name) || has_label(p, "job-name", w->name);
	if (!rest)
		return false;
	if (strcmp(w->kind, "Deployment") == 0)
		return hash && after(rest, hash);
	if (strcmp(w->kind, "StatefulSet") == 0)
		return has_label(p, "statefulset.kubernetes.io/pod-name", p->object.name) && !strchr(rest, '-');
	if (strcmp(w->kind, "DaemonSet") == 0)
		return label_of(p, "controller-revision-hash") && !label_of(p, "statefulset.kubernetes.io/pod-name") && !strchr(rest, '-');
	return false;
}

/* "redis-5d8f" is of Deployment redis: what it has at its end is the template's hash. */
static bool is_replica_set_of(const char *replica_set, const char *deployment)
{
	const char *hash = after(replica_set, deployment);
	return hash && !strchr(hash, '-');
}

/* As the pod itself says: a dump of pods alone has no workloads. */
static bool is_owned(const struct who *w, const struct pod *p)
{
	const struct pod_manifest *m = p->manifest;
	if (is_labelled(w, p))
		return true;
	if (!m || !m->owner_kind || !m->owner_name)
		return false;
	if (strcmp(m->owner_kind, w->kind) == 0)
		return strcmp(m->owner_name, w->name) == 0;
	return strcmp(w->kind, "Deployment") == 0 && strcmp(m->owner_kind, "ReplicaSet") == 0 && is_replica_set_of(m->owner_name, w->name);
}

/* How sure it is that the pod is the workload's. kubectl asks only for the labels, which those of another workload may have too. */
enum claim { CLAIM_NONE, CLAIM_LABELS, CLAIM_OWNED };

static enum claim claim_of(const struct who *w, const struct label_set *selector, const struct pod *p)
{
	if (strcmp(p->object.ns, w->ns) != 0)
		return CLAIM_NONE;
	if (is_owned(w, p))
		return CLAIM_OWNED;
	return selector_matches(selector, p->object.labels) ? CLAIM_LABELS : CLAIM_NONE;
}

static bool is_better(const struct pod *p, const struct pod *than)
{
	if (!than || p->ready != than->ready)
		return !than || p->ready;
	return strcmp(p->object.name, than->object.name) < 0;
}

static const struct pod *find_of_workload(const struct who *w, bool *found)
{
	const struct label_set *selector = selector_of(w, found);
	const struct pod *best = NULL, *p;
	enum claim best_claim = CLAIM_NONE;
	struct store_cursor cursor = {0};
	while ((p = store_each_pod(w->store, &cursor))) {
		const enum claim claim = claim_of(w, selector, p);
		if (claim < best_claim || !claim || (claim == best_claim && !is_better(p, best)))
			continue;
		best = p;
		best_claim = claim;
	}
	return best;
}

/* --- what is said where there is none --- */

static void append(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

/* " (pods there: web-0, web-1 and 3 more)" */
static void append_pods(const struct who *w, struct buffer *b)
{
	struct store_cursor cursor = {0};
	char more[32];
	size_t n = 0;
	for (const struct pod *p; (p = store_each_pod(w->store, &cursor));) {
		if (strcmp(p->object.ns, w->ns) != 0 || n++ >= LISTED_MAX)
			continue;
		append(b, n == 1 ? " (pods there: " : ", ");
		append(b, p->object.name);
	}
	snprintf(more, sizeof more, " and %zu more", n > LISTED_MAX ? n - LISTED_MAX : 0);
	append(b, n > LISTED_MAX ? more : "");
	append(b, n ? ")" : "");
}

static const struct pod *find_elsewhere(const struct who *w)
{
	struct store_cursor cursor = {0};
	for (const struct pod *p; (p = store_each_pod(w->store, &cursor));) {
		if (strcmp(p->object.name, w->name) == 0)
			return p;
	}
	return NULL;
}

static void append_hint(const struct who *w, struct buffer *b)
{
	struct suggest close = {.wanted = w->name};
	const struct pod *elsewhere = strcmp(w->kind, "Pod") == 0 ? find_elsewhere(w) : NULL;
	struct store_cursor cursor = {0};
	char text[256];
	if (elsewhere) {
		append(b, ", but one in ");
		append(b, elsewhere->object.ns);
		append(b, ": add --namespace ");
		append(b, elsewhere->object.ns);
		return;
	}
	for (const struct pod *p; (p = store_each_pod(w->store, &cursor));) {
		if (strcmp(p->object.ns, w->ns) == 0)
			suggest_consider(&close, p->object.name);
	}
	if (!close.count)
		return;
	append(b, ": is ");
	append(b, suggest_text(&close, "", text, sizeof text));
	append(b, " meant?");
}

static enum err missing(const struct who *w, bool found, struct diag *d)
{
	struct buffer b = {0};
	enum err err;
	append_hint(w, &b);
	append_pods(w, &b);
	if (found && strcmp(w->kind, "Pod") != 0)
		err = diag_set(d, ERR_MISSING, "%s %s in namespace %s has no pods%.*s", w->kind, w->name, w->ns, (int)b.len,
		               b.len ? b.data : "");
	else
		err = diag_set(d, ERR_MISSING, "no %s %s in namespace %s%.*s", strcmp(w->kind, "Pod") == 0 ? "pod" : w->kind, w->name,
		               w->ns, (int)b.len, b.len ? b.data : "");
	buffer_free(&b);
	return err;
}

enum err who_find(const struct store *s, const char *ns, const char *text, const struct pod **pod, struct diag *d)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	struct who w = {.store = s, .ns = ns, .kind = "Pod", .name = slash ? slash + 1 : text};
	bool found = false;
	*pod = NULL;
	if (!text)
		return OK;
	if (slash)
		w.kind = kind_of(text, (size_t)(slash - text));
	if (!*w.name)
		return diag_set(d, ERR_SYNTAX, "--pod %s: a name is wanted", text);
	if (!w.kind)
		return diag_set(d, ERR_SYNTAX,
		                "--pod %s: no such type; NAME, pod/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME, rc/NAME, job/NAME or "
		                "svc/NAME is wanted",
		                text);
	if (strcmp(w.kind, "Pod") == 0)
		*pod = store_pod(s, ns, w.name);
	else
		*pod = find_of_workload(&w, &found);
	return *pod ? OK : missing(&w, found, d);
}
