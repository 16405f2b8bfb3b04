#include "decode.h"
#include <stdlib.h>

/* --- the template --- */

/* The Pod that the template describes: in the workload's namespace, without a name. */
static struct pod *template_decode(struct decoder *d, const struct field *spec, struct workload *w)
{
	struct field template = field_member(d, spec, "template"), pod_spec = field_member(d, &template, "spec");
	struct field meta = field_member(d, &template, "metadata"), labels = field_member(d, &meta, "labels");
	struct field nodes = field_member(d, &pod_spec, "nodeSelector");
	struct pod *p = decoder_alloc(d, 1, sizeof *p);
	if (!p)
		return NULL;
	p->object.kind = OBJECT_POD;
	p->object.line = template.line;
	p->object.ns = intern_ref(w->object.ns);
	p->object.labels = label_set_decode(d, &labels);
	p->phase = POD_PENDING;
	pod_spec_decode(d, &pod_spec, p);
	w->node_selector = label_set_decode(d, &nodes);
	return p;
}

/* --- what only a Job has --- */

static bool is_over(struct decoder *d, const struct field *root)
{
	struct field status = field_member(d, root, "status");
	return condition_decode(d, &status, "Complete") || condition_decode(d, &status, "Failed");
}

/* How many of a Job's pods run at a time. */
static uint32_t job_pods_decode(struct decoder *d, const struct field *root, const struct field *spec)
{
	struct field parallelism = field_member(d, spec, "parallelism"), completions = field_member(d, spec, "completions");
	struct field suspend = field_member(d, spec, "suspend");
	uint32_t together = field_count(d, &parallelism, 1), all = field_count(d, &completions, UINT32_MAX);
	if (field_bool(d, &suspend, false) || is_over(d, root))
		return 0;
	return together < all ? together : all;
}

/* The API server adds these to a Job's template (manualSelector: it does not), before the controller sees it. */
static void job_labels_decode(struct decoder *d, const struct field *root, struct object *pod)
{
	struct field meta = field_member(d, root, "metadata");
	struct field uid = field_member(d, &meta, "uid"), name = field_member(d, &meta, "name");
	const char *uid_text = field_check(d, &uid, field_text(d, &uid), FORM_LABEL_VALUE);
	const char *name_text = field_check(d, &name, d->name, FORM_LABEL_VALUE);
	const struct label labels[] = {
	        {"job-name", name_text},
	        {"batch.kubernetes.io/job-name", name_text},
	        {"controller-uid", uid_text},
	        {"batch.kubernetes.io/controller-uid", uid_text},
	};
	if (name_text)
		label_set_add(d, &pod->labels, labels, uid_text ? 4 : 2);
}

static void job_decode(struct decoder *d, const struct field *root, const struct field *spec, struct workload *w)
{
	static const char *const modes[] = {"NonIndexed", "Indexed", NULL};
	struct field mode = field_member(d, spec, "completionMode"), manual = field_member(d, spec, "manualSelector");
	w->replicas = job_pods_decode(d, root, spec);
	w->indexed = field_choice(d, &mode, modes, 0) == 1;
	if (field_bool(d, &manual, false))
		return;
	label_set_unref(d->pool, w->selector);
	w->selector = NULL;
	if (w->template_pod)
		job_labels_decode(d, root, &w->template_pod->object);
}

/* --- all --- */

/* A ReplicationController has a plain map, which its template's labels stand for if it is left out. */
static const struct label_set *selector_decode(struct decoder *d, const struct field *spec, const struct workload *w)
{
	struct field selector = field_member(d, spec, "selector"), labels = field_member(d, &selector, "matchLabels");
	if (w->object.kind != OBJECT_REPLICATION_CONTROLLER)
		return label_selector_decode(d, &labels);
	if (field_is_set(d, &selector))
		return label_selector_decode(d, &selector);
	return w->template_pod ? intern_ref(w->template_pod->object.labels) : NULL;
}

void workload_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct workload *w = (struct workload *)o;
	struct field meta = field_member(d, root, "metadata"), spec = field_member(d, root, "spec");
	struct field replicas = field_member(d, &spec, "replicas"), ordinals = field_member(d, &spec, "ordinals");
	struct field start = field_member(d, &ordinals, "start"), service_name = field_member(d, &spec, "serviceName");
	owner_decode(d, &meta, &w->owner_kind, &w->owner_name);
	w->replicas = field_count(d, &replicas, 1);
	w->ordinals_start = field_count(d, &start, 0);
	w->service_name = field_intern(d, &service_name, FORM_LABEL);
	w->template_pod = template_decode(d, &spec, w);
	w->selector = selector_decode(d, &spec, w);
	if (o->kind == OBJECT_JOB)
		job_decode(d, root, &spec, w);
}

void workload_clear(struct object *o, struct intern *pool)
{
	struct workload *w = (struct workload *)o;
	intern_unref(pool, w->owner_kind);
	intern_unref(pool, w->owner_name);
	intern_unref(pool, w->service_name);
	label_set_unref(pool, w->selector);
	label_set_unref(pool, w->node_selector);
	if (w->template_pod)
		object_free(&w->template_pod->object, pool);
}
