/* file_list.h - paths of manifests. A folder stands for its *.yaml, *.yml and *.json in byte order, with -R also for those of the folders within
 * it (as with kubectl), but for what kustomize reads (kustomization.yaml) and hidden ones, which editors and ConfigMap mounts (..data) leave
 * there. Symbolic links to folders are not followed. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

struct file_list {
	char **paths; /* owned */
	size_t count, cap;
};

/* False also where nothing is there, or it may not be looked at. */
bool is_folder(const char *path);

/* Adds path itself. */
enum err file_list_add(struct file_list *l, const char *path, struct diag *d);

enum folder_note {
	FOLDER_READ,       /* its manifests were added */
	FOLDER_UNREAD,     /* a sub-folder with manifests in it, or further down, that were not */
	FOLDER_KUSTOMIZED, /* it has a kustomization.yaml */
	FOLDER_CHART,      /* it has a Chart.yaml */
};

/* folder is good during the call. ERR_NOMEM. */
typedef enum err file_list_note(void *arg, enum folder_note note, const char *folder);

/* Adds the manifests in folder, and tells about it. ERR_SYS if it can't be read, ERR_NOMEM: some may have been added. Sub-folders that can't be
 * read are errors too. */
enum err file_list_add_folder(struct file_list *l, const char *folder, bool recursive, file_list_note *note, void *arg, struct diag *d);

/* True for the names of what kustomize reads. */
bool is_kustomization(const char *path);

void file_list_free(struct file_list *l); /* leaves it empty */
