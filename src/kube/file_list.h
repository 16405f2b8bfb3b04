/* file_list.h - paths of manifests. A folder stands for its *.yaml, *.yml and *.json in byte order: not those of folders within it
 * (as kubectl -f), nor hidden ones, which editors and ConfigMap mounts (..data) leave there. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

struct file_list {
	char **paths; /* owned */
	size_t count, cap;
};

bool is_folder(const char *path);

/* Adds path itself. */
enum err file_list_add(struct file_list *l, const char *path, struct diag *d);

/* Adds the manifests in folder; ERR_SYS if it can't be read, ERR_NOMEM: some may have been added. */
enum err file_list_add_folder(struct file_list *l, const char *folder, struct diag *d);

void file_list_free(struct file_list *l); /* leaves it empty */
