/* wheel.h - deadlines of a worker in the order they come due, in steps of WHEEL_TICK_MS. Setting, clearing and coming due each cost the same,
 * however many there are. One timer on the loop turns it, and only while there is a deadline. All of it belongs to the loop's thread. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#define WHEEL_TICK_MS 10
#define WHEEL_SLOTS   512 /* 5.12 s: all of a flight's deadlines lie within one turn; what is later is put back when its slot comes by */

/* Embedded in whatever waits. All zero is one that is not set, but for due. */
struct deadline {
	LIST_ENTRY(deadline) siblings;
	uint64_t tick; /* when it is due; 0: not set */
	void (*due)(struct deadline *d);
};

struct wheel {
	uv_loop_t *loop;
	uv_timer_t timer;
	uint64_t tick; /* the last one that was worked off */
	unsigned count;
	LIST_HEAD(wheel_slot, deadline) slots[WHEEL_SLOTS];
};

/* ERR_SYS: libuv has no timer; nothing to end then. */
enum err wheel_begin(struct wheel *w, uv_loop_t *loop);

/* Closes the timer; closed is called once libuv has let go of it (timer.data is the caller's). No deadline may be set. */
void wheel_end(struct wheel *w, uv_close_cb closed);

/* d->due is called in ms milliseconds, at most a tick and a turn of the loop later, never within this call. Replaces what was set before. */
void wheel_set(struct wheel *w, struct deadline *d, uint64_t ms);

/* Does nothing if d is not set. */
void wheel_clear(struct wheel *w, struct deadline *d);

/* It was set, and has neither come nor been cleared. */
static inline bool deadline_is_set(const struct deadline *d)
{
	return d->tick != 0;
}
