#include "wheel.h"
#include <stddef.h>

static uint64_t tick_now(const struct wheel *w)
{
	return uv_now(w->loop) / WHEEL_TICK_MS;
}

static void put(struct wheel *w, struct deadline *d)
{
	uint64_t farthest = w->tick + WHEEL_SLOTS - 1;
	uint64_t tick = d->tick < farthest ? d->tick : farthest;
	LIST_INSERT_HEAD(&w->slots[tick % WHEEL_SLOTS], d, siblings);
}

static void move(struct wheel_slot *from, struct wheel_slot *to)
{
	*to = *from;
	if (to->lh_first)
		to->lh_first->siblings.le_prev = &to->lh_first;
	LIST_INIT(from);
}

/* What is due may set and clear any deadline, those of this slot too, so each leaves the list before it is called. */
static void turn_to(struct wheel *w, uint64_t tick)
{
	struct wheel_slot now = LIST_HEAD_INITIALIZER(now);
	struct deadline *d;
	move(&w->slots[tick % WHEEL_SLOTS], &now);
	w->tick = tick;
	while ((d = LIST_FIRST(&now))) {
		LIST_REMOVE(d, siblings);
		if (d->tick > tick) {
			put(w, d);
			continue;
		}
		d->tick = 0;
		w->count--;
		d->due(d);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct wheel *w = (struct wheel *)((char *)timer - offsetof(struct wheel, timer));
	uint64_t now = tick_now(w);
	/* After a long sleep one turn is enough: it meets every slot. */
	if (now - w->tick > WHEEL_SLOTS)
		w->tick = now - WHEEL_SLOTS;
	while (w->tick < now)
		turn_to(w, w->tick + 1);
	if (!w->count)
		uv_timer_stop(&w->timer);
}

enum err wheel_begin(struct wheel *w, uv_loop_t *loop)
{
	*w = (struct wheel){.loop = loop};
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		LIST_INIT(&w->slots[i]);
	return uv_timer_init(loop, &w->timer) ? ERR_SYS : OK;
}

void wheel_end(struct wheel *w, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&w->timer, closed);
}

void wheel_set(struct wheel *w, struct deadline *d, uint64_t ms)
{
	wheel_clear(w, d);
	if (!w->count) {
		w->tick = tick_now(w); /* nothing was waited for, so nothing lies between */
		uv_timer_start(&w->timer, on_tick, WHEEL_TICK_MS, WHEEL_TICK_MS);
	}
	d->tick = (uv_now(w->loop) + ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS; /* never too early */
	if (d->tick <= w->tick)
		d->tick = w->tick + 1;
	put(w, d);
	w->count++;
}

void wheel_clear(struct wheel *w, struct deadline *d)
{
	if (!d->tick)
		return;
	LIST_REMOVE(d, siblings);
	d->tick = 0;
	w->count--;
}
