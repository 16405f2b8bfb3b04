#include "certificates.h"
#include "base/log.h"
#include "io/filewatch.h"
#include <stdlib.h>

struct certificate_watch {
	struct filewatch *watch;
	struct identity *identity; /* the Corefile's, */
	const char *place;         /* and where it says so */
};

static void read_again(const struct certificate_watch *w)
{
	struct diag d;
	if (identity_reload(w->identity, &d))
		log_line(LOG_ERROR, "%s: tls: %s; what was read before goes on", w->place, d.text);
	else
		log_line(LOG_INFO, "%s: tls: %s was read again", w->place, identity_files(w->identity)->cert);
}

static void on_changed(void *arg)
{
	read_again(arg);
}

/* What has changed since the Corefile was read is seen here. */
static void watch_one(struct certificate_watch *w, uv_loop_t *loop)
{
	const struct trust_files *f = identity_files(w->identity);
	const char *const paths[] = {f->cert, f->key, f->ca};
	if (filewatch_start(loop, paths, f->ca ? 3 : 2, false, on_changed, w, &w->watch)) {
		w->watch = NULL;
		log_line(LOG_WARNING, "%s: tls: the files can't be watched; their changes count at the next reload", w->place);
	}
	if (identity_is_old(w->identity))
		read_again(w);
}

void certificates_watch(struct certificates *f, uv_loop_t *loop, const struct corefile *c)
{
	certificates_stop(f);
	f->watches = calloc(c->count + 1, sizeof *f->watches);
	if (!f->watches)
		log_line(LOG_WARNING, "tls: no memory to watch its files; their changes count at the next reload");
	for (unsigned i = 0; f->watches && i < c->count; i++) {
		const struct corefile_block *b = &c->blocks[i];
		struct certificate_watch *w = &f->watches[f->count];
		if (!b->identity)
			continue;
		f->count++;
		w->identity = b->identity;
		w->place = b->said[DIRECTIVE_TLS].place;
		watch_one(w, loop);
	}
}

void certificates_stop(struct certificates *f)
{
	for (unsigned i = 0; i < f->count; i++)
		filewatch_stop(f->watches[i].watch);
	free(f->watches);
	*f = (struct certificates){0};
}
