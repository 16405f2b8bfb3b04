#include "manifest_source.h"
#include "base/log.h"
#include "input_copy.h"

enum err manifest_source_init(struct manifest_source *s, struct diag *d)
{
	return input_copy_make(s->files, s->file_count, &s->stdin_kept, d);
}

static void on_report(void *arg, bool fatal, const char *text)
{
	struct manifest_source *s = arg;
	s->errors += fatal;
	log_line(fatal ? LOG_ERROR : LOG_WARNING, "%s", text); /* manifest.h bounds their number */
}

/* Hands every object to the store, which takes it also where it fails. */
static enum err upsert_all(struct store *s, struct manifest *m)
{
	enum err err = OK;
	for (size_t i = 0; i < m->count; i++) {
		struct object *o = m->objects[i];
		enum err one;
		m->objects[i] = NULL;
		one = store_upsert(s, o);
		err = err ? err : one;
	}
	return err;
}

static enum err apply(struct store *s, struct manifest *m)
{
	enum err err;
	store_mark(s, STORE_EVERY_KIND);
	err = upsert_all(s, m);
	if (!err) { /* else what did not get in would look deleted */
		store_sweep(s, STORE_EVERY_KIND);
		err = store_flush(s);
	}
	if (err)
		log_line(LOG_ERROR, "the manifests could not be applied whole: %s", err_str(err));
	return err;
}

/* A file is empty from the moment when a shell opens it for a command's output until the command writes. What is served must not go
 * meanwhile, nor where the command fails. */
static enum err check_empty(struct manifest_source *s, const struct manifest *m)
{
	if (m->empty && s->has_objects) {
		s->errors++;
		log_line(LOG_ERROR,
		         "there is no object in the manifests any more: did the command that writes them fail, or has it not ended?");
		return ERR_MISSING;
	}
	if (m->empty)
		log_line(LOG_WARNING, "there is no object in the manifests");
	s->has_objects = !m->empty;
	return OK;
}

enum err manifest_source_load(struct manifest_source *s, struct store *store, struct intern *pool)
{
	struct manifest m = {0};
	enum err err;
	s->errors = 0;
	if (s->stdin_kept)
		input_copy_rewind();
	err = manifest_load(s->files, s->file_count, s->options, pool, on_report, s, &m);
	if (!err)
		err = check_empty(s, &m);
	if (!err)
		err = apply(store, &m);
	manifest_free(&m, pool);
	return err;
}
