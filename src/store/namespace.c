#include "base/hash.h"
#include "records.h"
#include <stdlib.h>
#include <string.h>

uint64_t text_hash(const char *ns, const char *name)
{
	return hash_mix(hash_bytes(ns, strlen(ns)), hash_bytes(name, strlen(name)));
}

static bool has_name(const void *entry, const void *name)
{
	return strcmp(((const struct namespace_entry *)entry)->name, name) == 0;
}

struct namespace_entry *namespace_find(const struct store *s, const char *name)
{
	return table_find(s->namespaces, text_hash(name, ""), has_name, name);
}

static void touch(struct store *s, struct namespace_entry *ns)
{
	if (ns->touched)
		return;
	ns->touched = true;
	ns->next_touched = s->touched;
	s->touched = ns;
}

struct namespace_entry *namespace_get(struct store *s, const char *name)
{
	struct namespace_entry *ns = namespace_find(s, name);
	if (ns)
		return ns;
	ns = calloc(1, sizeof(*ns));
	if (!ns)
		return NULL;
	ns->name = intern_str(s->pool, name);
	if (!ns->name || table_insert(s->namespaces, text_hash(name, ""), ns)) {
		intern_unref(s->pool, ns->name);
		free(ns);
		return NULL;
	}
	touch(s, ns); /* should nothing come to name it, the flush frees it */
	return ns;
}

void namespace_ref(struct store *s, struct namespace_entry *ns)
{
	if (ns->objects++)
		return;
	s->counts.namespaces++;
	touch(s, ns);
}

void namespace_unref(struct store *s, struct namespace_entry *ns)
{
	if (--ns->objects)
		return;
	s->counts.namespaces--;
	touch(s, ns);
}

void namespace_declare(struct store *s, struct namespace_entry *ns, bool declared)
{
	ns->declared = declared;
	touch(s, ns);
}

static bool exists(const struct store *s, const struct namespace_entry *ns)
{
	return s->rules.namespaces_by_object ? ns->declared : ns->objects > 0;
}

enum err namespaces_announce(struct store *s)
{
	for (struct namespace_entry *ns = s->touched; ns; ns = ns->next_touched) {
		if (!exists(s, ns) || ns->announced)
			continue;
		enum err err = s->callbacks.namespace_changed(s->callbacks.arg, ns->name, true);
		if (err)
			return err;
		ns->announced = true;
	}
	return OK;
}

static void retire(struct store *s, struct namespace_entry *ns)
{
	if (ns->announced && !exists(s, ns)) {
		s->callbacks.namespace_changed(s->callbacks.arg, ns->name, false);
		ns->announced = false;
	}
	if (ns->objects)
		return;
	table_remove(s->namespaces, text_hash(ns->name, ""), ns);
	namespace_free(s, ns);
}

void namespaces_retire(struct store *s)
{
	while (s->touched) {
		struct namespace_entry *ns = s->touched;
		s->touched = ns->next_touched;
		ns->touched = false;
		retire(s, ns);
	}
}

void namespace_free(struct store *s, struct namespace_entry *ns)
{
	struct podset_cursor c = {0};
	for (struct pod *pod; (pod = podset_each(&ns->pods, &c));)
		object_free(&pod->object, s->pool);
	podset_clear(&ns->pods);
	intern_unref(s->pool, ns->name);
	free(ns);
}
