/* manifest_text.h - the part of manifest loading that needs no files, for tests and fuzzing. */
#pragma once
#include "manifest/manifest.h"
#include "text/documents.h"

/* manifest_load of one text in memory; name is what reports call it. */
enum err manifest_load_text(const char *bytes, size_t len, enum document_format format, const char *name,
                            const struct manifest_options *options, struct intern *pool, manifest_report *report, void *arg,
                            struct manifest *out);
