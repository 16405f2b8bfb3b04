#include "file_list.h"
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

static enum err out_of_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
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
		return out_of_memory(d);
	snprintf(path, size, "%s%s%s", folder, slash, name);
	l->paths[l->count++] = path;
	return OK;
}

enum err file_list_add(struct file_list *l, const char *path, struct diag *d)
{
	return add_joined(l, "", path, d);
}

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

static enum err add_entries(struct file_list *l, const char *folder, DIR *dir, struct diag *d)
{
	struct dirent *entry;
	enum err err = OK;
	while (!err && (entry = readdir(dir))) {
		if (!is_manifest_name(entry->d_name))
			continue;
		err = add_joined(l, folder, entry->d_name, d);
		if (!err && is_folder(l->paths[l->count - 1]))
			free(l->paths[--l->count]);
	}
	return err;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err file_list_add_folder(struct file_list *l, const char *folder, struct diag *d)
{
	size_t first = l->count;
	DIR *dir = opendir(folder);
	enum err err;
	if (!dir)
		return diag_set(d, ERR_SYS, "can't be opened: %s", strerror(errno));
	err = add_entries(l, folder, dir, d);
	closedir(dir);
	if (l->count > first)
		qsort(l->paths + first, l->count - first, sizeof *l->paths, by_text);
	return err;
}

void file_list_free(struct file_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->paths[i]);
	free(l->paths);
	*l = (struct file_list){0};
}
