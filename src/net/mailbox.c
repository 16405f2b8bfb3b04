#include "mailbox.h"

/* Calls that are posted by a call run in the next turn, so that one which posts itself again leaves room for others. */
static void run_calls(struct mailbox *m)
{
	STAILQ_HEAD(, net_call) calls = STAILQ_HEAD_INITIALIZER(calls);
	struct net_call *c;
	uv_mutex_lock(&m->lock);
	STAILQ_CONCAT(&calls, &m->calls);
	uv_mutex_unlock(&m->lock);
	while ((c = STAILQ_FIRST(&calls))) {
		STAILQ_REMOVE_HEAD(&calls, next);
		c->run(c, m->worker);
	}
}

static void on_wake(uv_async_t *handle)
{
	run_calls(handle->data);
}

int mailbox_open(struct mailbox *m, uv_loop_t *loop, unsigned worker)
{
	int failure = uv_mutex_init(&m->lock);
	if (failure)
		return failure;
	failure = uv_async_init(loop, &m->wake, on_wake);
	if (failure) {
		uv_mutex_destroy(&m->lock);
		return failure;
	}
	STAILQ_INIT(&m->calls);
	m->worker = worker;
	m->wake.data = m;
	return 0;
}

void mailbox_post(struct mailbox *m, struct net_call *c)
{
	uv_mutex_lock(&m->lock);
	STAILQ_INSERT_TAIL(&m->calls, c, next);
	uv_mutex_unlock(&m->lock);
	uv_async_send(&m->wake);
}

void mailbox_close(struct mailbox *m)
{
	run_calls(m);
	uv_close((uv_handle_t *)&m->wake, NULL);
}

void mailbox_free(struct mailbox *m)
{
	uv_mutex_destroy(&m->lock);
}
