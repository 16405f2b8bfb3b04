/* certificates.h - the files that `tls` of server blocks names, watched: when they have changed, connections that come from then on have what is new. Control
 * thread. */
#pragma once
#include "config/corefile.h"
#include <uv.h>

struct certificate_watch;

/* All zero: none is watched. */
struct certificates {
	struct certificate_watch *watches; /* owned */
	unsigned count;
};

/* Those of c from here on, and no others. What can't be watched is said in a line. */
void certificates_watch(struct certificates *f, uv_loop_t *loop, const struct corefile *c);

/* The loop must then turn until they are closed. */
void certificates_stop(struct certificates *f);
