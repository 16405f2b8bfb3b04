#include "manifest/manifest.h"
#include "base/file.h"
#include "base/log.h"
#include "generated_name.h"
#include "governing_service.h"
#include "kind_hint.h"
#include "kube/object_decode.h"
#include "manifest_files.h"
#include "manifest_text.h"
#include "origin.h"
#include "reports.h"
#include "simulate.h"
#include "text/documents.h"
#include "text/repeated_key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUSTOM_MAX 256 /* octets of names of custom kinds */

/* Objects that a line in the log is about: how many, and where the first stands. */
struct group {
	size_t count;
	const char *file;
	unsigned line;
};

/* Everything of one manifest_load. */
struct loader {
	const struct manifest_options *options;
	struct intern *pool;
	struct manifest m;
	const char **files; /* of each object the one it is from, borrowed */
	size_t cap;         /* of m.objects and files */
	const char *file;   /* being read */
	unsigned tree_line; /* of the object that is being looked at */
	size_t trees;       /* objects met so far, of whatever kind */
	struct generated_names generated;
	struct reports reports;
	bool template_told; /* that a file looks like a template: that of one is enough */
	struct group hooks, custom;
	char custom_kinds[CUSTOM_MAX]; /* "JobSet, LeaderWorkerSet" */
};

/* --- what is said once of many objects --- */

static void put_in(struct group *g, const struct loader *l, const cJSON *tree)
{
	if (!g->count)
		*g = (struct group){0, l->file, (unsigned)tree->valueint};
	g->count++;
}

static bool is_listed(const char *list, const char *kind)
{
	size_t len = strlen(kind);
	for (const char *at = list; (at = strstr(at, kind)); at += len) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

/* The names that have no room are left out. */
static void add_custom_kind(struct loader *l, const cJSON *tree)
{
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "kind"));
	size_t len = strlen(l->custom_kinds);
	put_in(&l->custom, l, tree);
	if (kind && *kind && !is_listed(l->custom_kinds, kind) && len + strlen(kind) + 2 < sizeof l->custom_kinds)
		snprintf(l->custom_kinds + len, sizeof l->custom_kinds - len, "%s%s", len ? ", " : "", kind);
}

static void tell_groups(const struct loader *l)
{
	if (l->hooks.count)
		log_line(LOG_INFO,
		         "%s:%u: left out %zu object%s with helm.sh/hook that an installed chart has not got (helm template --no-hooks)",
		         l->hooks.file, l->hooks.line, l->hooks.count, l->hooks.count > 1 ? "s" : "");
	if (l->custom.count && !l->m.observed)
		log_line(LOG_INFO, "%s:%u: the pods that controllers make of %s are not known: give them too (kubectl get pods -o yaml)",
		         l->custom.file, l->custom.line, l->custom_kinds);
}

/* --- objects --- */

static bool reserve(struct loader *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct object **objects;
	const char **files;
	if (l->m.count < l->cap)
		return true;
	objects = realloc(l->m.objects, cap * sizeof *objects);
	if (!objects)
		return false;
	l->m.objects = objects;
	files = realloc(l->files, cap * sizeof *files);
	if (!files)
		return false;
	l->files = files;
	l->cap = cap;
	return true;
}

static enum err refuse(struct loader *l, enum err err, const struct diag *d)
{
	l->m.refused++;
	reports_wrong(&l->reports, l->file, err, d);
	return err == ERR_NOMEM || reports_given_up(&l->reports) ? err : OK;
}

static void warn_repeated(void *arg, const char *key, unsigned line, unsigned first)
{
	struct loader *l = arg;
	struct diag d = {.line = line ? line : l->tree_line};
	if (first)
		diag_set(&d, OK, "the key \"%.60s\" is given twice, first in line %u; the last one counts", key, first);
	else
		diag_set(&d, OK, "the key \"%.60s\" is given twice; the last one counts", key);
	reports_warn(&l->reports, l->file, &d);
}

static const char *text_of(const cJSON *tree, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
}

/* No names come from the kind; d says so. */
static void skip(struct loader *l, const cJSON *tree, const struct diag *d)
{
	struct diag hint = {.line = d->line};
	l->m.skipped++;
	if (kind_hint(text_of(tree, "apiVersion"), text_of(tree, "kind"), &hint))
		reports_warn(&l->reports, l->file, &hint);
	else
		log_line(LOG_DEBUG, "%s:%u: skipped: %s", l->file, d->line, d->text);
}

static enum err decode(struct loader *l, cJSON *tree)
{
	struct diag d = {.line = (unsigned)tree->valueint};
	struct object *o = NULL;
	enum err err;
	l->m.observed |= origin_is_cluster(tree);
	if (origin_is_past_hook(tree)) {
		put_in(&l->hooks, l, tree);
		return OK;
	}
	err = generated_name_put(&l->generated, tree);
	err = err ? diag_set(&d, err, "out of memory")
	          : object_decode(tree, l->options->lenient ? OBJECT_LENIENT : OBJECT_STRICT, l->pool, &o, &d);
	if (!d.line)
		d.line = (unsigned)tree->valueint; /* JSON knows lines of whole objects only */
	if (err)
		return refuse(l, err, &d);
	if (!o) {
		skip(l, tree, &d);
		if (origin_makes_pods(tree))
			add_custom_kind(l, tree);
		return OK;
	}
	if (*d.text)
		reports_warn(&l->reports, l->file, &d);
	o->line = (unsigned)tree->valueint;
	l->tree_line = o->line;
	repeated_keys_each(tree, warn_repeated, l);
	l->files[l->m.count] = l->file;
	l->m.objects[l->m.count++] = o;
	return OK;
}

static enum err on_tree(void *arg, cJSON *tree)
{
	struct loader *l = arg;
	struct diag d = {0};
	enum err err = reserve(l) ? decode(l, tree) : refuse(l, diag_no_memory(&d), &d);
	l->trees++;
	cJSON_Delete(tree);
	return err;
}

static enum err on_wrong_text(void *arg, enum err err, const struct diag *d)
{
	struct loader *l = arg;
	reports_wrong(&l->reports, l->file, err, d);
	return err == ERR_NOMEM || reports_given_up(&l->reports) ? err : OK;
}

/* --- texts and files --- */

/* Text that something was wrong with and that has {{ is most likely a template, whatever was wrong. */
static void load_text(struct loader *l, struct text_reader *text, enum document_format format)
{
	const struct document_handlers handlers = {on_tree, on_wrong_text, l};
	size_t wrong_before = l->reports.wrong;
	struct diag d = {0};
	documents_read(text, format, &handlers);
	if (l->reports.wrong == wrong_before || !text->braces || l->template_told || l->reports.err == ERR_NOMEM)
		return;
	l->template_told = true;
	diag_set(&d, OK, "it has {{: if it is a template of a Helm chart: helm template --no-hooks CHART | headns serve -");
	reports_explain(&l->reports, l->file, &d);
}

/* A command that failed must not look like a cluster that has nothing, lenient or not. */
static void refuse_empty(struct loader *l)
{
	struct diag d = {0};
	enum err err = diag_set(&d, ERR_MISSING, "there is no object in it: did the command that wrote it fail?");
	reports_fatal(&l->reports, l->file, err, &d);
}

static void load_file(struct loader *l, struct text_reader *text, const char *path)
{
	struct diag d = {0};
	enum document_format format;
	size_t before = l->trees;
	enum err err = text_reader_open(text, path, &d);
	l->file = strcmp(path, "-") == 0 ? "stdin" : path;
	if (!err)
		err = documents_format(text, path, &format, &d);
	if (err)
		reports_wrong(&l->reports, l->file, err, &d);
	else
		load_text(l, text, format);
	text_reader_close(text);
	if (!err && l->trees == before && l->reports.err != ERR_NOMEM && file_given(path) >= 0)
		refuse_empty(l);
}

static void load_files(struct loader *l, const struct file_list *files)
{
	struct diag d = {0};
	struct text_reader *text = malloc(sizeof *text); /* too large for a stack */
	if (!text)
		reports_wrong(&l->reports, files->paths[0], diag_no_memory(&d), &d);
	for (size_t i = 0; text && i < files->count && l->reports.err != ERR_NOMEM && !reports_given_up(&l->reports); i++)
		load_file(l, text, files->paths[i]);
	free(text);
}

/* --- the whole --- */

/* An object and its place in the input. */
struct entry {
	struct object *object;
	size_t at;
};

static int by_identity(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = (x->object->kind > y->object->kind) - (x->object->kind < y->object->kind);
	if (!order)
		order = strcmp(x->object->ns, y->object->ns);
	if (!order)
		order = strcmp(x->object->name, y->object->name);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static bool same_identity(const struct object *a, const struct object *b)
{
	return a->kind == b->kind && a->ns == b->ns && a->name == b->name; /* interned */
}

/* Takes the object at index out of the input, leaving NULL, because it is the same as that at first. */
static void refuse_duplicate(struct loader *l, size_t first, size_t at)
{
	struct object *o = l->m.objects[at];
	struct diag d = {.line = o->line};
	diag_set(&d, ERR_EXISTS, "%s %s%s%s: given twice, first in %.200s:%u", object_kind_name(o->kind), o->ns, *o->ns ? "/" : "", o->name,
	         l->files[first], l->m.objects[first]->line);
	l->m.refused++;
	reports_wrong(&l->reports, l->files[at], ERR_EXISTS, &d);
	object_free(o, l->pool);
	l->m.objects[at] = NULL;
}

static void close_gaps(struct loader *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->m.count; i++) {
		if (!l->m.objects[i])
			continue;
		l->m.objects[kept] = l->m.objects[i];
		l->files[kept++] = l->files[i];
	}
	l->m.count = kept;
}

/* The one that comes first in the input stays. */
static void refuse_duplicates(struct loader *l)
{
	struct entry *entries = calloc(l->m.count + 1, sizeof *entries);
	struct diag d = {0};
	size_t first = 0;
	if (!entries) {
		reports_wrong(&l->reports, "manifests", diag_no_memory(&d), &d);
		return;
	}
	for (size_t i = 0; i < l->m.count; i++)
		entries[i] = (struct entry){l->m.objects[i], i};
	qsort(entries, l->m.count, sizeof *entries, by_identity);
	for (size_t i = 1; i < l->m.count; i++) {
		if (same_identity(entries[first].object, entries[i].object))
			refuse_duplicate(l, entries[first].at, entries[i].at);
		else
			first = i;
	}
	free(entries);
	close_gaps(l);
}

/* Before pods are made up: those say no more than their workloads. */
static void check_governing_services(struct loader *l)
{
	struct governing_services services;
	struct diag d = {0};
	if (governing_services_index(&services, &l->m)) {
		reports_wrong(&l->reports, "manifests", diag_no_memory(&d), &d);
		return;
	}
	for (size_t i = 0; i < l->m.count; i++) {
		d.line = l->m.objects[i]->line;
		if (governing_service_amiss(&services, l->m.objects[i], &d))
			reports_warn(&l->reports, l->files[i], &d);
	}
	governing_services_free(&services);
}

static void simulate(struct loader *l)
{
	struct diag d = {0};
	size_t read = l->m.count, at = 0;
	const struct object *about;
	enum err err = simulate_cluster(&l->m, l->options, l->pool, &d, &about);
	if (!err)
		return;
	while (at < read && l->m.objects[at] != about)
		at++;
	d.line = about ? about->line : 0;
	reports_wrong(&l->reports, at < read ? l->files[at] : "manifests", err, &d);
}

static enum err finish(struct loader *l, struct manifest *out)
{
	if (l->reports.err != ERR_NOMEM)
		refuse_duplicates(l);
	if (!l->reports.err)
		check_governing_services(l);
	if (!l->reports.err)
		simulate(l);
	l->m.empty = !l->trees;
	reports_rest(&l->reports);
	tell_groups(l);
	free(l->files);
	generated_names_free(&l->generated);
	*out = (struct manifest){0};
	if (l->reports.err)
		manifest_free(&l->m, l->pool);
	else
		*out = l->m;
	return l->reports.err;
}

enum err manifest_load(const char *const *paths, size_t n, const struct manifest_options *options, struct intern *pool,
                       manifest_report *report, void *arg, struct manifest *out)
{
	struct loader l = {.options = options, .pool = pool, .reports = {.lenient = options->lenient, .report = report, .arg = arg}};
	struct file_list files = {0};
	enum err err;
	manifest_files_find(&l.reports, paths, n, options->recursive, &files);
	if (files.count && l.reports.err != ERR_NOMEM)
		load_files(&l, &files);
	err = finish(&l, out);
	file_list_free(&files);
	return err;
}

enum err manifest_load_text(const char *bytes, size_t len, enum document_format format, const char *name,
                            const struct manifest_options *options, struct intern *pool, manifest_report *report, void *arg,
                            struct manifest *out)
{
	struct loader l = {
	        .options = options, .pool = pool, .reports = {.lenient = options->lenient, .report = report, .arg = arg}, .file = name};
	struct text_reader *text = malloc(sizeof *text);
	struct diag d = {0};
	if (text) {
		text_reader_memory(text, bytes, len);
		load_text(&l, text, format);
	} else {
		reports_wrong(&l.reports, name, diag_no_memory(&d), &d);
	}
	free(text);
	return finish(&l, out);
}

void manifest_free(struct manifest *m, struct intern *pool)
{
	for (size_t i = 0; i < m->count; i++)
		object_free(m->objects[i], pool);
	free(m->objects);
	*m = (struct manifest){0};
}
