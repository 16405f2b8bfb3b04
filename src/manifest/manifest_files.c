#include "manifest_files.h"
#include "base/file.h"
#include <stdio.h>
#include <string.h>

#define NAMED_MAX 3 /* sub-folders that are named */

/* A folder that is being looked through. */
struct look {
	struct reports *reports;
	const char *path;
	bool chart;    /* its sub-folders have templates, which are no manifests */
	size_t unread; /* sub-folders */
	char named[256];
};

static void name_unread(struct look *k, const char *folder)
{
	size_t len = strlen(k->named);
	if (k->unread++ < NAMED_MAX)
		snprintf(k->named + len, sizeof k->named - len, "%s%s", len ? ", " : "", strrchr(folder, '/') + 1);
}

static enum err on_note(void *arg, enum folder_note note, const char *folder)
{
	struct look *k = arg;
	struct diag d = {0};
	switch (note) {
	case FOLDER_READ:
		return OK;
	case FOLDER_UNREAD:
		name_unread(k, folder);
		return OK;
	case FOLDER_KUSTOMIZED:
		diag_set(&d, OK, "its kustomization is not applied, so names may be others: kubectl kustomize %.200s | headns serve -",
		         folder);
		break;
	case FOLDER_CHART:
		k->chart = true;
		diag_set(&d, OK, "this is a Helm chart: helm template --no-hooks %.200s | headns serve -", folder);
		break;
	}
	reports_warn(k->reports, k->path, &d);
	return OK;
}

static void warn_unread(const struct look *k)
{
	struct diag d = {0};
	diag_set(&d, OK, "%zu sub-folder%s with manifests %s not read (%s%s): -R reads %s", k->unread, k->unread == 1 ? "" : "s",
	         k->unread == 1 ? "is" : "are", k->named, k->unread > NAMED_MAX ? ", …" : "", k->unread == 1 ? "it" : "them");
	reports_warn(k->reports, k->path, &d);
}

static void find_in_folder(struct reports *r, const char *path, bool recursive, struct file_list *files)
{
	struct look k = {.reports = r, .path = path};
	size_t before = files->count;
	struct diag d = {0};
	enum err err = file_list_add_folder(files, path, recursive, on_note, &k, &d);
	if (!err && k.unread && !k.chart)
		warn_unread(&k);
	if (!err && files->count == before)
		err = diag_set(&d, ERR_MISSING, "the folder has no *.yaml, *.yml or *.json");
	if (err)
		reports_wrong(r, path, err, &d);
}

/* A shell's *.yaml names it too. */
static void warn_kustomization(struct reports *r, const char *path)
{
	struct diag d = {0};
	diag_set(&d, OK, "left out, since it is not applied, so names may be others: kubectl kustomize FOLDER | headns serve -");
	reports_warn(r, path, &d);
}

static void find_file(struct reports *r, const char *path, struct file_list *files)
{
	struct diag d = {0};
	enum err err;
	if (is_kustomization(path)) {
		warn_kustomization(r, path);
		return;
	}
	err = file_list_add(files, path, &d);
	if (err)
		reports_wrong(r, path, err, &d);
}

void manifest_files_find(struct reports *r, const char *const *paths, size_t n, bool recursive, struct file_list *files)
{
	for (size_t i = 0; i < n; i++) {
		if (file_given(paths[i]) < 0 && is_folder(paths[i]))
			find_in_folder(r, paths[i], recursive, files);
		else
			find_file(r, paths[i], files);
	}
	if (n && !files->count && !r->wrong) {
		struct diag d = {0};
		reports_wrong(r, paths[0], diag_set(&d, ERR_MISSING, "there is no manifest to read"), &d);
	}
}
