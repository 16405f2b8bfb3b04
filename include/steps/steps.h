/* steps.h - the directives of a server block at work: a step for each that has something to do with a query. To add one: its kind in a file of its own
 * in src/steps, and a row in steps.c. */
#pragma once
#include "base/err.h"
#include "config/corefile.h"
#include "server/cluster_step.h"
#include "server/step.h"

#define STEPS_MAX (DIRECTIVES + CLUSTER_STEPS_MAX)

/* The steps of a block in CoreDNS's order, among them those of its cluster (names->cluster NULL: it has none). b: NULL: nothing but that is said;
 * else it is borrowed, and must live as long as the steps. ERR_NOMEM: there are none. Control thread. */
enum err steps_new(const struct corefile_block *b, const struct cluster_step_options *names, struct server_step steps[STEPS_MAX],
                   unsigned *count);
