#include "drain.h"

void drain_init(struct drain *d, uv_loop_t *loop)
{
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
}

static void end(struct drain *d, bool in_vain)
{
	uv_timer_stop(&d->timer);
	d->options.done(d->options.arg, in_vain);
}

static void on_tick(uv_timer_t *timer)
{
	struct drain *d = timer->data;
	const struct drain_options *o = &d->options;
	uint64_t seen = o->count(o->arg), passed_ms = uv_now(timer->loop) - d->began_ms;
	d->quiet = seen == d->seen ? d->quiet + 1 : 0;
	d->seen = seen;
	if (passed_ms < o->lameduck_ms)
		return;
	if (d->quiet >= DRAIN_QUIET_TICKS)
		end(d, false);
	else if (passed_ms - o->lameduck_ms >= o->more_ms)
		end(d, true);
}

void drain_begin(struct drain *d, const struct drain_options *o)
{
	d->options = *o;
	if (!o->tick_ms)
		d->options.tick_ms = DRAIN_TICK_MS;
	if (!o->more_ms)
		d->options.more_ms = DRAIN_MORE_MS;
	d->began_ms = uv_now(d->timer.loop);
	d->seen = o->count(o->arg);
	d->quiet = 0;
	uv_timer_start(&d->timer, on_tick, d->options.tick_ms, d->options.tick_ms);
}

void drain_close(struct drain *d)
{
	uv_close((uv_handle_t *)&d->timer, NULL);
}
