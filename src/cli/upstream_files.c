#include "upstream_files.h"
#include "base/log.h"
#include "forward/nameservers.h"
#include <stdlib.h>

static void on_changed(void *arg, const struct nameservers_list *now)
{
	const struct upstream_files *f = arg;
	(void)now;
	f->changed(f->arg);
}

static enum err watch_one(struct upstream_files *f, uv_loop_t *loop, const char *path, struct diag *d)
{
	struct nameservers_watch **more = realloc(f->watches, (f->count + 1) * sizeof *more);
	struct nameservers_list first;
	enum err err;
	if (!more)
		return diag_set(d, ERR_NOMEM, "out of memory");
	f->watches = more;
	err = nameservers_watch_start(loop, path, on_changed, f, &first, &more[f->count], d);
	f->count += !err;
	return err;
}

static void watch_block(struct upstream_files *f, uv_loop_t *loop, const struct corefile_block *b)
{
	const struct forward_values *v = corefile_values(b, DIRECTIVE_FORWARD);
	struct diag d;
	for (unsigned i = 0; v && i < v->files.count; i++) {
		if (watch_one(f, loop, v->files.texts[i], &d))
			log_line(LOG_WARNING, "forward: %s; its changes count at the next reload", d.text);
	}
}

void upstream_files_watch(struct upstream_files *f, uv_loop_t *loop, const struct corefile *c)
{
	upstream_files_stop(f);
	for (unsigned i = 0; i < c->count; i++)
		watch_block(f, loop, &c->blocks[i]);
}

void upstream_files_stop(struct upstream_files *f)
{
	for (unsigned i = 0; i < f->count; i++)
		nameservers_watch_stop(f->watches[i]);
	free(f->watches);
	f->watches = NULL;
	f->count = 0;
}
