/* health.h - whether an upstream is there, in-band: nothing is asked while all goes well. Trouble begins a row of probes, which ends when
 * something comes back that can be read. All workers share what is found (struct upstream_health), and one of them probes. */
#pragma once
#include "channel.h"

struct health {
	struct channel *channel;
	struct attempt *probe; /* NULL: none is under way */
	struct deadline deadline;
	bool probes; /* this worker does */
};

/* Nothing is asked yet. c is borrowed. */
void health_begin(struct health *h, struct channel *c);

/* Something of the upstream's failed. */
void health_on_trouble(struct health *h);

/* Stops probing; where the upstream is still in trouble, the next worker that notices goes on. */
void health_end(struct health *h);
