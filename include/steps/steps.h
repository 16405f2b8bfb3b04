/* steps.h - the directives of a server block at work: a step for each that has something to do with a query. To add one: its kind in a file of its own
 * in src/steps, and a row in steps.c. */
#pragma once
#include "base/err.h"
#include "config/corefile.h"
#include "server/cluster_step.h"
#include "server/step.h"
#include "steps/forwarding.h"
#include "steps/hosts.h"
#include "steps/loop.h"
#include "steps/secondaries.h"
#include "steps/zone_files.h"

#define STEPS_MAX (DIRECTIVES + CLUSTER_STEPS_MAX)

/* What stands beside the words of a block. */
struct steps_options {
	const struct corefile_block *block; /* NULL: nothing is said. Borrowed, and must live as long as the steps */
	struct cluster_step_options names;  /* cluster NULL: it has none */
	struct forwarding *forwarding;      /* NULL: it has no upstreams. Gets another user */
	struct loop *loop;                  /* NULL: it has no `loop`, or no upstreams. Borrowed, and must live as long as the steps */
	struct hosts *hosts;                /* NULL: it has no `hosts`. Borrowed, and must live as long as the steps */
	struct zone_files *files;           /* NULL: it has no `file`. Borrowed likewise */
	struct secondaries *secondaries;    /* NULL: it has no `secondary`. Borrowed likewise */
	bool explain;                       /* clients with EDNS are told why they get no answer (RFC 8914) */
};

/* The steps of a block in CoreDNS's order. ERR_NOMEM: there are none. Control thread. */
enum err steps_new(const struct steps_options *options, struct server_step steps[STEPS_MAX], unsigned *count);
