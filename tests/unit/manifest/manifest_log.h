/* manifest_log.h - loads manifests and writes what came of it as text: a line for each report ("error: …" or "warning: …") and one
 * for each object. */
#pragma once
#include "manifest/manifest.h"
#include "manifest_text.h"

/* Of a text; ' stands for itself. Good until the next call. Everything is freed. */
const char *log_text(const char *text, enum document_format format, bool lenient);

/* Of files. */
const char *log_files(const char *const *paths, size_t n, bool lenient);

/* Of a folder with those within it. */
const char *log_folder(const char *path);

/* The ranges that the command line has by default. */
extern const struct manifest_options log_options;
