/* chase.h - what a cluster's CNAME leads to where that is no name of the cluster: it is asked of this server's other blocks and steps, as by a
 * client, and put behind the CNAME. Where nobody has it, the answer is the CNAME alone. For the cluster's steps. */
#pragma once
#include "server/step.h"

/* The query was answered with QUERY_CHASE. */
enum step_verdict chase_begin(struct exchange *x);

/* The same, once more, and the response to what was asked; len 0: there is none. Puts its answers behind ours, which may have changed meanwhile. */
void chase_end(struct exchange *x, const uint8_t *bytes, size_t len);
