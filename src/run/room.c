#include "room.h"
#include <stdint.h>
#include <stdlib.h>

struct room {
	uv_thread_t thread;
	uv_sem_t asked, done;
	room_work *work; /* NULL: end */
	void *arg;
	enum err err;
	struct diag *diag;
};

static void live(void *arg)
{
	struct room *r = arg;
	for (uv_sem_wait(&r->asked); r->work; uv_sem_wait(&r->asked)) {
		r->err = r->work(r->arg, r->diag);
		uv_sem_post(&r->done);
	}
}

enum err room_call(struct room *r, room_work *work, void *arg, struct diag *d)
{
	r->work = work;
	r->arg = arg;
	r->diag = d;
	uv_sem_post(&r->asked);
	uv_sem_wait(&r->done);
	return r->err;
}

static enum err enter(void *arg, struct diag *d)
{
	return sandbox_enter(arg, d);
}

static enum err start(struct room *r)
{
	if (uv_sem_init(&r->asked, 0))
		return ERR_SYS;
	if (uv_sem_init(&r->done, 0) == 0) {
		if (uv_thread_create(&r->thread, live, r) == 0)
			return OK;
		uv_sem_destroy(&r->done);
	}
	uv_sem_destroy(&r->asked);
	return ERR_SYS;
}

enum err room_open(struct room **out, const struct sandbox *s, struct diag *d)
{
	struct room *r = calloc(1, sizeof *r);
	enum err err;
	if (!r)
		return diag_no_memory(d);
	err = start(r);
	if (err) {
		free(r);
		return diag_set(d, err, "a thread could not be started");
	}
	err = room_call(r, enter, (void *)(uintptr_t)s, d);
	if (err) {
		room_close(r);
		return err;
	}
	*out = r;
	return OK;
}

void room_close(struct room *r)
{
	if (!r)
		return;
	r->work = NULL;
	uv_sem_post(&r->asked);
	uv_thread_join(&r->thread);
	uv_sem_destroy(&r->asked);
	uv_sem_destroy(&r->done);
	free(r);
}
