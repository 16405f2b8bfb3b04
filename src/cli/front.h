/* front.h - the HTTP side on the control thread's loop: what is asked for on other threads is collected there. */
#pragma once
#include "admin/admin.h"
#include <uv.h>

struct front {
	struct admin *admin; /* NULL: it was not opened */
	uv_async_t wanted;
	void (*collect)(void *arg, struct exposition *e);
	void *arg;
};

/* f must stay where it is. collect is called on the loop. */
enum err front_open(struct front *f, uv_loop_t *loop, void (*collect)(void *arg, struct exposition *e), void *arg, struct diag *d);

/* Ends all listeners; the loop must then turn once more. */
void front_close(struct front *f);
