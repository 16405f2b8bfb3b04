#include "decode.h"
#include <stdlib.h>

/* The Pod that the template describes: in the workload's namespace, without a name. */
static struct pod *template_decode(struct decoder *d, const struct field *spec, const char *ns)
{
	struct field template = field_member(d, spec, "template"), pod_spec = field_member(d, &template, "spec");
	struct field meta = field_member(d, &template, "metadata"), labels = field_member(d, &meta, "labels");
	struct pod *p = decoder_alloc(d, 1, sizeof *p);
	if (!p)
		return NULL;
	p->object.kind = OBJECT_POD;
	p->object.line = template.line;
	p->object.ns = intern_ref(ns);
	p->object.labels = label_set_decode(d, &labels);
	p->phase = POD_PENDING;
	pod_spec_decode(d, &pod_spec, p);
	return p;
}

void workload_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct workload *w = (struct workload *)o;
	struct field meta = field_member(d, root, "metadata"), spec = field_member(d, root, "spec");
	struct field replicas = field_member(d, &spec, "replicas"), ordinals = field_member(d, &spec, "ordinals");
	struct field start = field_member(d, &ordinals, "start"), service_name = field_member(d, &spec, "serviceName");
	struct field selector = field_member(d, &spec, "selector"), labels = field_member(d, &selector, "matchLabels");
	owner_decode(d, &meta, &w->owner_kind, &w->owner_name);
	w->replicas = field_count(d, &replicas, 1);
	w->ordinals_start = field_count(d, &start, 0);
	w->service_name = field_intern(d, &service_name, FORM_LABEL);
	w->selector = label_set_decode(d, &labels);
	w->template_pod = template_decode(d, &spec, o->ns);
}

void workload_clear(struct object *o, struct intern *pool)
{
	struct workload *w = (struct workload *)o;
	intern_unref(pool, w->owner_kind);
	intern_unref(pool, w->owner_name);
	intern_unref(pool, w->service_name);
	label_set_unref(pool, w->selector);
	if (w->template_pod)
		object_free(&w->template_pod->object, pool);
}
