/* forward.h - private to steps: `forward`, and `cache` before it. Names that another step has never come here, so they are not kept. */
#pragma once
#include "server/step.h"
#include "steps/forwarding.h"

struct forward_step_options {
	struct forwarding *forwarding; /* gets another user */
	bool rotate;                   /* sets of addresses begin with one drawn anew each time */
	bool explain;                  /* clients with EDNS are told why they get no fresh answer (RFC 8914) */
};

/* The step, which is owned by whoever has it. ERR_NOMEM. Control thread. */
enum err forward_step_new(const struct forward_step_options *options, struct server_step *step);
