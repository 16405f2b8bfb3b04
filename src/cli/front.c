#include "front.h"

static void on_wanted(void *arg)
{
	struct front *f = arg;
	uv_async_send(&f->wanted);
}

static void on_collect(void *arg, struct exposition *e)
{
	const struct front *f = arg;
	f->collect(f->arg, e);
}

static void on_wanted_here(uv_async_t *handle)
{
	const struct front *f = handle->data;
	admin_collect(f->admin);
}

enum err front_open(struct front *f, uv_loop_t *loop, void (*collect)(void *arg, struct exposition *e), void *arg, struct diag *d)
{
	const struct admin_options options = {on_wanted, on_collect, f};
	f->collect = collect;
	f->arg = arg;
	if (uv_async_init(loop, &f->wanted, on_wanted_here))
		return diag_set(d, ERR_SYS, "the event loop gives no more handles");
	f->wanted.data = f;
	enum err err = admin_new(&options, &f->admin, d);
	if (err)
		uv_close((uv_handle_t *)&f->wanted, NULL);
	return err;
}

void front_close(struct front *f)
{
	if (!f->admin)
		return;
	admin_free(f->admin); /* its threads are gone: nobody sends any more */
	f->admin = NULL;
	uv_close((uv_handle_t *)&f->wanted, NULL);
}
