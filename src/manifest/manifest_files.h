/* manifest_files.h - which files the arguments of a command mean. */
#pragma once
#include "io/file_list.h"
#include "reports.h"

/* Adds the files that paths[0..n-1] mean; reports what is wrong with these, and what of folders is not read, or hardly as it is meant. */
void manifest_files_find(struct reports *r, const char *const *paths, size_t n, bool recursive, struct file_list *files);
