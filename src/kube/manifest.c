#include "kube/manifest.h"
#include "base/log.h"
#include "documents.h"
#include "file_list.h"
#include "governing_service.h"
#include "kube/simulate.h"
#include "manifest_text.h"
#include "origin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORTS_MAX     100
#define WRONG_MAX       10000 /* then what is read is no set of manifests: a log of JSON lines, say */
#define WARNINGS_MAX    20
#define CUSTOM_MAX      256                   /* octets of names of custom kinds */
#define REPORT_TEXT_MAX (DIAG_TEXT_MAX + 512) /* a longer path loses the end of the text */

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
	manifest_report *report;
	void *arg;
	struct manifest m;
	const char **files; /* of each object the one it is from, borrowed */
	size_t cap;         /* of m.objects and files */
	const char *file;   /* being read */
	size_t wrong;       /* things reported, or not any more */
	size_t warnings;    /* the same, of those that are no error */
	enum err err;       /* the first that is fatal */
	struct group hooks, custom;
	char custom_kinds[CUSTOM_MAX]; /* "JobSet, LeaderWorkerSet" */
};

/* --- reports --- */

static void say(struct loader *l, bool fatal, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct loader *l, bool fatal, const char *format, ...)
{
	char text[REPORT_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	l->report(l->arg, fatal, text);
}

/* Reports what d says of the place; memory that ran out is no fault of the input, so lenient doesn't help. */
static void wrong(struct loader *l, const char *file, enum err err, const struct diag *d)
{
	bool fatal = !l->options->lenient || err == ERR_NOMEM;
	if (fatal && !l->err)
		l->err = err;
	if (++l->wrong > REPORTS_MAX)
		return;
	if (d->line)
		say(l, fatal, "%s:%u: %s", file, d->line, d->text);
	else
		say(l, fatal, "%s: %s", file, d->text);
}

static void warn(struct loader *l, const char *file, unsigned line, const struct diag *d)
{
	if (++l->warnings <= WARNINGS_MAX)
		say(l, false, "%s:%u: %s", file, line, d->text);
}

/* Lenient loading goes on to the end: something right may follow. */
static bool given_up(const struct loader *l)
{
	return !l->options->lenient && l->wrong >= WRONG_MAX;
}

static void report_rest(struct loader *l)
{
	if (l->wrong > REPORTS_MAX)
		say(l, !l->options->lenient, "… and %zu more%s", l->wrong - REPORTS_MAX, given_up(l) ? "; the rest was not read" : "");
	if (l->warnings > WARNINGS_MAX)
		say(l, false, "… and %zu more warnings", l->warnings - WARNINGS_MAX);
}

/* --- what is said once of many objects --- */

static void put_in(struct group *g, const struct loader *l, const cJSON *tree)
{
	if (!g->count)
		*g = (struct group){0, l->file, (unsigned)tree->valueint};
	g->count++;
}

/* The names that have no room are left out. */
static void add_custom_kind(struct loader *l, const cJSON *tree)
{
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "kind"));
	size_t len = strlen(l->custom_kinds);
	put_in(&l->custom, l, tree);
	if (kind && !strstr(l->custom_kinds, kind) && len + strlen(kind) + 2 < sizeof l->custom_kinds)
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
	wrong(l, l->file, err, d);
	return err == ERR_NOMEM || given_up(l) ? err : OK;
}

static enum err decode(struct loader *l, const cJSON *tree)
{
	struct diag d = {.line = (unsigned)tree->valueint};
	struct object *o = NULL;
	enum err err;
	l->m.observed |= origin_is_cluster(tree);
	if (origin_is_past_hook(tree)) {
		put_in(&l->hooks, l, tree);
		return OK;
	}
	err = object_decode(tree, l->pool, &o, &d);
	if (!d.line)
		d.line = (unsigned)tree->valueint; /* JSON knows lines of whole objects only */
	if (err)
		return refuse(l, err, &d);
	if (!o) {
		l->m.skipped++;
		log_line(LOG_DEBUG, "%s:%u: skipped: %s", l->file, d.line, d.text);
		if (origin_makes_pods(tree))
			add_custom_kind(l, tree);
		return OK;
	}
	o->line = (unsigned)tree->valueint;
	l->files[l->m.count] = l->file;
	l->m.objects[l->m.count++] = o;
	return OK;
}

static enum err on_tree(void *arg, cJSON *tree)
{
	struct loader *l = arg;
	struct diag d = {0};
	enum err err = reserve(l) ? decode(l, tree) : refuse(l, diag_set(&d, ERR_NOMEM, "out of memory"), &d);
	cJSON_Delete(tree);
	return err;
}

/* --- texts and files --- */

static void load_text(struct loader *l, struct text_reader *text, enum document_format format)
{
	struct diag d = {0};
	enum err err = documents_read(text, format, on_tree, l, &d);
	if (err && l->err != ERR_NOMEM && !given_up(l)) /* which on_tree has reported */
		wrong(l, l->file, err, &d);
}

static void load_file(struct loader *l, struct text_reader *text, const char *path)
{
	struct diag d = {0};
	enum document_format format;
	enum err err = text_reader_open(text, path, &d);
	l->file = strcmp(path, "-") == 0 ? "stdin" : path;
	if (!err)
		err = documents_format(text, path, &format, &d);
	if (err)
		wrong(l, l->file, err, &d);
	else
		load_text(l, text, format);
	text_reader_close(text);
}

static void load_files(struct loader *l, const struct file_list *files)
{
	struct diag d = {0};
	struct text_reader *text = malloc(sizeof *text); /* too large for a stack */
	if (!text)
		wrong(l, files->paths[0], diag_set(&d, ERR_NOMEM, "out of memory"), &d);
	for (size_t i = 0; text && i < files->count && l->err != ERR_NOMEM && !given_up(l); i++)
		load_file(l, text, files->paths[i]);
	free(text);
}

static void find_files(struct loader *l, const char *const *paths, size_t n, struct file_list *files)
{
	for (size_t i = 0; i < n; i++) {
		size_t before = files->count;
		struct diag d = {0};
		bool folder = strcmp(paths[i], "-") != 0 && is_folder(paths[i]);
		enum err err = folder ? file_list_add_folder(files, paths[i], &d) : file_list_add(files, paths[i], &d);
		if (!err && files->count == before)
			err = diag_set(&d, ERR_MISSING, "the folder has no *.yaml, *.yml or *.json");
		if (err)
			wrong(l, paths[i], err, &d);
	}
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
	wrong(l, l->files[at], ERR_EXISTS, &d);
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
		wrong(l, "manifests", diag_set(&d, ERR_NOMEM, "out of memory"), &d);
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
		wrong(l, "manifests", diag_set(&d, ERR_NOMEM, "out of memory"), &d);
		return;
	}
	for (size_t i = 0; i < l->m.count; i++) {
		if (governing_service_amiss(&services, l->m.objects[i], &d))
			warn(l, l->files[i], l->m.objects[i]->line, &d);
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
	wrong(l, at < read ? l->files[at] : "manifests", err, &d);
}

static enum err finish(struct loader *l, struct manifest *out)
{
	if (l->err != ERR_NOMEM)
		refuse_duplicates(l);
	if (!l->err)
		check_governing_services(l);
	if (!l->err)
		simulate(l);
	report_rest(l);
	tell_groups(l);
	free(l->files);
	*out = (struct manifest){0};
	if (l->err)
		manifest_free(&l->m, l->pool);
	else
		*out = l->m;
	return l->err;
}

enum err manifest_load(const char *const *paths, size_t n, const struct manifest_options *options, struct intern *pool,
                       manifest_report *report, void *arg, struct manifest *out)
{
	struct loader l = {.options = options, .pool = pool, .report = report, .arg = arg};
	struct file_list files = {0};
	enum err err;
	find_files(&l, paths, n, &files);
	if (files.count && l.err != ERR_NOMEM)
		load_files(&l, &files);
	err = finish(&l, out);
	file_list_free(&files);
	return err;
}

enum err manifest_load_text(const char *bytes, size_t len, enum document_format format, const char *name,
                            const struct manifest_options *options, struct intern *pool, manifest_report *report, void *arg,
                            struct manifest *out)
{
	struct loader l = {.options = options, .pool = pool, .report = report, .arg = arg, .file = name};
	struct text_reader *text = malloc(sizeof *text);
	struct diag d = {0};
	if (text) {
		text_reader_memory(text, bytes, len);
		load_text(&l, text, format);
	} else {
		wrong(&l, name, diag_set(&d, ERR_NOMEM, "out of memory"), &d);
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
