/* manifest_source.h - a cluster's objects from files: read whole, and made the whole of a store. Control thread. */
#pragma once
#include "manifest/manifest.h"
#include "store/store.h"

struct manifest_source {
	const char *const *files; /* manifests, folders, "-"; borrowed, as options */
	unsigned file_count;
	const struct manifest_options *options;
	bool stdin_kept;
	bool has_objects; /* of what is served: some, of whatever kind */
	unsigned errors;  /* reported by the load under way, or the last one */
};

/* Files that can be read once only are read here (input_copy.h). The caller has set files, file_count and options. */
enum err manifest_source_init(struct manifest_source *s, struct diag *d);

/* Reads the files and, if they are good, makes their objects the whole of the store, which is flushed. What is wrong is logged, and nothing has
 * changed then. ERR_MISSING: there was something before, and there is nothing now. ERR_NOMEM may leave a part applied. */
enum err manifest_source_load(struct manifest_source *s, struct store *store, struct intern *pool);
