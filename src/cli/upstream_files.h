/* upstream_files.h - the files in resolv.conf form that a Corefile's forward lines name, watched for changes of the upstreams in them. Control thread. */
#pragma once
#include "config/corefile.h"
#include <uv.h>

struct nameservers_watch;

/* All zero: none is watched. */
struct upstream_files {
	struct nameservers_watch **watches;
	unsigned count;
	void (*changed)(void *arg); /* may watch others */
	void *arg;
};

/* Those of c from here on, and no others. What can't be watched is said in a line. */
void upstream_files_watch(struct upstream_files *f, uv_loop_t *loop, const struct corefile *c);

/* The loop must then turn until they are closed. */
void upstream_files_stop(struct upstream_files *f);
