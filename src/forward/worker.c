#include "worker.h"
#include "datagrams.h"
#include <ares.h>
#include <stdlib.h>

enum err forward_library_begin(void)
{
	return ares_library_init(ARES_LIB_INIT_ALL) ? ERR_SYS : OK;
}

void forward_library_end(void)
{
	ares_library_cleanup();
}

static void on_before_sleep(uv_prepare_t *handle)
{
	datagrams_flush(handle->data);
}

static void on_own_handle_closed(uv_handle_t *handle)
{
	worker_handle_closed(handle->data);
}

void worker_handle_opened(struct forward_worker *w)
{
	w->handles++;
}

void worker_handle_closed(struct forward_worker *w)
{
	w->handles--;
	if (w->ending && !w->handles)
		free(w);
}

enum err forward_worker_new(uv_loop_t *loop, struct forward_worker **out)
{
	struct forward_worker *w = malloc(sizeof *w);
	*out = NULL;
	if (!w)
		return ERR_NOMEM;
	w->loop = loop;
	w->dice.left = 0;
	w->handles = 0;
	w->ending = false;
	TAILQ_INIT(&w->full);
	if (wheel_begin(&w->wheel, loop)) {
		free(w);
		return ERR_SYS;
	}
	w->wheel.timer.data = w;
	w->before_sleep.data = w;
	worker_handle_opened(w);
	/* Neither can fail but by an argument that is NULL. */
	uv_prepare_init(loop, &w->before_sleep);
	uv_prepare_start(&w->before_sleep, on_before_sleep);
	worker_handle_opened(w);
	*out = w;
	return OK;
}

void forward_worker_end(struct forward_worker *w)
{
	if (!w)
		return;
	w->ending = true;
	wheel_end(&w->wheel, on_own_handle_closed);
	uv_close((uv_handle_t *)&w->before_sleep, on_own_handle_closed);
}
