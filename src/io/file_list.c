#include "io/file_list.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool reserve(struct file_list *l)
{
	size_t cap = l->cap ? 2 * l->cap : 16;
	char **grown;
	if (l->count < l->cap)
		return true;
	grown = realloc(l->paths, cap * sizeof *grown);
	if (!grown)
		return false;
	l->paths = grown;
	l->cap = cap;
	return true;
}

/* Adds folder/name, or name alone where folder is "". */
static enum err add_joined(struct file_list *l, const char *folder, const char *name, struct diag *d)
{
	size_t folder_len = strlen(folder), size = folder_len + strlen(name) + 2;
	const char *slash = folder_len && folder[folder_len - 1] != '/' ? "/" : "";
	char *path = reserve(l) ? malloc(size) : NULL;
	if (!path)
		return diag_no_memory(d);
	snprintf(path, size, "%s%s%s", folder, slash, name);
	l->paths[l->count++] = path;
	return OK;
}

enum err file_list_add(struct file_list *l, const char *path, struct diag *d)
{
	return add_joined(l, "", path, d);
}

/* --- folders --- */

static bool is_manifest_name(const char *name)
{
	static const char *const suffixes[] = {".yaml", ".yml", ".json"};
	const char *suffix = strrchr(name, '.');
	for (size_t i = 0; suffix && name[0] != '.' && i < sizeof suffixes / sizeof *suffixes; i++) {
		if (strcmp(suffix, suffixes[i]) == 0)
			return true;
	}
	return false;
}

bool is_kustomization(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return strcmp(name, "kustomization.yaml") == 0 || strcmp(name, "kustomization.yml") == 0 || strcmp(name, "Kustomization") == 0;
}

/* A folder itself, not a link to one, which could lead back. */
static bool is_sub_folder(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is being added, and to whom it is told. */
struct walk {
	struct file_list *list;
	bool recursive;
	file_list_note *note;
	void *arg;
	struct diag *diag;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The paths of what is in the folder and not hidden, in byte order. */
static enum err list_entries(const char *folder, struct file_list *entries, struct diag *d)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	enum err err = OK;
	if (!dir)
		return diag_set(d, ERR_SYS, "%s: can't be opened: %s", folder, strerror(errno));
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			err = add_joined(entries, folder, entry->d_name, d);
	}
	closedir(dir);
	if (entries->count)
		qsort(entries->paths, entries->count, sizeof *entries->paths, by_text);
	return err;
}

#define FOLDERS_MAX 64 /* within each other */

/* *found becomes true if the folder, or one within it, has a manifest. What can't be read has none. ERR_NOMEM. */
static enum err find_manifest(const char *folder, unsigned depth, bool *found)
{
	struct file_list entries = {0};
	enum err err = list_entries(folder, &entries, NULL) == ERR_NOMEM ? ERR_NOMEM : OK;
	for (size_t i = 0; i < entries.count && !err && !*found; i++) {
		const char *path = entries.paths[i];
		if (!is_folder(path))
			*found = is_manifest_name(strrchr(path, '/') + 1);
		else if (depth < FOLDERS_MAX && is_sub_folder(path))
			err = find_manifest(path, depth + 1, found);
	}
	file_list_free(&entries);
	return err;
}

static enum err add_folder(const struct walk *w, const char *folder, unsigned depth);

static enum err add_sub_folder(const struct walk *w, const char *path, unsigned depth)
{
	bool found = false;
	enum err err = w->recursive ? OK : find_manifest(path, depth, &found);
	if (!w->recursive)
		return found ? w->note(w->arg, FOLDER_UNREAD, path) : err;
	if (depth == FOLDERS_MAX)
		return diag_set(w->diag, ERR_RANGE, "more than %d folders within each other", FOLDERS_MAX);
	return add_folder(w, path, depth + 1);
}

static enum err add_entry(const struct walk *w, const char *folder, const char *path, unsigned depth)
{
	const char *name = strrchr(path, '/') + 1;
	if (is_folder(path))
		return is_sub_folder(path) ? add_sub_folder(w, path, depth) : OK;
	if (is_kustomization(name))
		return w->note(w->arg, FOLDER_KUSTOMIZED, folder);
	if (strcmp(name, "Chart.yaml") == 0 && w->note(w->arg, FOLDER_CHART, folder))
		return ERR_NOMEM;
	return is_manifest_name(name) ? file_list_add(w->list, path, w->diag) : OK;
}

static enum err add_folder(const struct walk *w, const char *folder, unsigned depth)
{
	struct file_list entries = {0};
	enum err err = list_entries(folder, &entries, w->diag);
	if (!err)
		err = w->note(w->arg, FOLDER_READ, folder);
	for (size_t i = 0; i < entries.count && !err; i++)
		err = add_entry(w, folder, entries.paths[i], depth);
	file_list_free(&entries);
	return err == ERR_NOMEM ? diag_no_memory(w->diag) : err;
}

enum err file_list_add_folder(struct file_list *l, const char *folder, bool recursive, file_list_note *note, void *arg, struct diag *d)
{
	const struct walk w = {l, recursive, note, arg, d};
	return add_folder(&w, folder, 0);
}

void file_list_free(struct file_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->paths[i]);
	free(l->paths);
	*l = (struct file_list){0};
}
