#include "governing_service.h"
#include "base/suggest.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 200 /* octets of suggested names */

/* What pods ask for. */
struct wish {
	const struct object *object; /* who says it */
	const char *field, *service;
	char host[128]; /* of the first of them */
	const struct label_set *labels;
};

/* --- Services by name --- */

static int by_name(const void *a, const void *b)
{
	const struct object *x = &(*(const struct service *const *)a)->object, *y = &(*(const struct service *const *)b)->object;
	int order = strcmp(x->ns, y->ns);
	return order ? order : strcmp(x->name, y->name);
}

enum err governing_services_index(struct governing_services *s, const struct manifest *m)
{
	*s = (struct governing_services){.list = calloc(m->count + 1, sizeof *s->list)};
	if (!s->list)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->count; i++) {
		if (m->objects[i]->kind == OBJECT_SERVICE)
			s->list[s->count++] = (const struct service *)m->objects[i];
	}
	qsort(s->list, s->count, sizeof *s->list, by_name);
	return OK;
}

void governing_services_free(struct governing_services *s)
{
	free(s->list);
	*s = (struct governing_services){0};
}

static const struct service *find(const struct governing_services *s, const char *ns, const char *name)
{
	const struct service wanted = {.object = {.ns = ns, .name = name}}, *key = &wanted;
	const struct service *const *found = s->count ? bsearch(&key, s->list, s->count, sizeof *s->list, by_name) : NULL;
	return found ? *found : NULL;
}

/* --- what pods ask for --- */

static bool wish_of_workload(const struct workload *w, struct wish *wish)
{
	const struct pod *p = w->template_pod;
	*wish = (struct wish){&w->object, "spec.template.spec.subdomain", p->subdomain, "", p->object.labels};
	if (w->object.kind == OBJECT_STATEFUL_SET) {
		wish->field = "spec.serviceName";
		wish->service = w->service_name;
	}
	if (w->object.kind == OBJECT_STATEFUL_SET || w->indexed)
		snprintf(wish->host, sizeof wish->host, "%.63s-%" PRIu32, w->object.name, w->ordinals_start);
	else
		snprintf(wish->host, sizeof wish->host, "%.63s", p->hostname ? p->hostname : "");
	return wish->service && *wish->host;
}

static bool wish_of(const struct object *o, struct wish *wish)
{
	const struct pod *p = (const struct pod *)o;
	if (object_is_workload(o))
		return wish_of_workload((const struct workload *)o, wish);
	if (o->kind != OBJECT_POD || !p->hostname || !p->subdomain || (p->manifest && p->manifest->owner_kind))
		return false;
	*wish = (struct wish){o, "spec.subdomain", p->subdomain, "", o->labels};
	snprintf(wish->host, sizeof wish->host, "%.63s", p->hostname);
	return true;
}

/* The pods' own labels, which controllers add, are not known here. */
static bool is_of_one_pod(const char *key)
{
	return strcmp(key, "statefulset.kubernetes.io/pod-name") == 0 || strcmp(key, "apps.kubernetes.io/pod-index") == 0 ||
	       strcmp(key, "batch.kubernetes.io/job-completion-index") == 0;
}

static bool may_select(const struct service *v, const struct label_set *labels)
{
	for (uint32_t i = 0; v->selector && i < v->selector->count; i++) {
		const struct label *l = &v->selector->labels[i];
		if (!is_of_one_pod(l->key) && label_set_value(labels, l->key) != l->value) /* interned */
			return false;
	}
	return true;
}

/* --- what may be meant --- */

/* The headless Services that select these pods; if there are none, those whose names are spelt alike. */
static void suggest(const struct governing_services *s, const struct wish *wish, struct suggest *out)
{
	*out = (struct suggest){.wanted = wish->service};
	for (int alike = 0; alike <= 1 && !out->count; alike++) {
		for (size_t i = 0; i < s->count; i++) {
			const struct service *v = s->list[i];
			if (v->object.ns != wish->object->ns || !v->headless || v->object.name == wish->service)
				continue;
			if (alike)
				suggest_consider(out, v->object.name);
			else if (v->selector && may_select(v, wish->labels) && out->count < SUGGEST_MAX)
				out->names[out->count++] = v->object.name;
		}
	}
}

static bool amiss(const struct governing_services *s, const struct wish *wish, const char *problem, struct diag *d)
{
	struct suggest close;
	char names[NAMES_MAX] = "", meant[NAMES_MAX + 32] = "";
	suggest(s, wish, &close);
	if (close.count)
		snprintf(meant, sizeof meant, "; is %s meant?", suggest_text(&close, "", names, sizeof names));
	diag_set(d, OK, "%s %s/%s: %s: Service %s %s, so %s.%s will not resolve%s", object_kind_name(wish->object->kind), wish->object->ns,
	         wish->object->name, wish->field, wish->service, problem, wish->host, wish->service, meant);
	return true;
}

bool governing_service_amiss(const struct governing_services *s, const struct object *o, struct diag *d)
{
	struct wish wish;
	const struct service *v;
	if (!wish_of(o, &wish))
		return false;
	v = find(s, o->ns, wish.service);
	if (!v)
		return amiss(s, &wish, "is not in the input", d);
	if (!v->headless)
		return amiss(s, &wish, "is not headless (clusterIP: None)", d);
	return !may_select(v, wish.labels) && amiss(s, &wish, "does not select the pods", d);
}
