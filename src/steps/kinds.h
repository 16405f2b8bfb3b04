/* kinds.h - private to steps: what the directives do. The self of a step is what the Corefile says of it (config/directive.h). */
#pragma once
#include "config/directive.h"
#include "server/step.h"

extern const struct step_kind acl_step, any_step, bufsize_step, chaos_step, dns64_step, file_step, header_step, hosts_step,
        loadbalance_step, local_step, loop_step, minimal_step, nsid_step, rewrite_step, secondary_step, tsig_step, whoami_step;

/* `template` of a block that says it: a step with what else of the block counts for it. Owned by whoever has it; borrows the block. ERR_NOMEM. */
struct corefile_block;
enum err template_step_new(const struct corefile_block *block, struct server_step *step);

/* `autopath` of a block that says it, likewise. cluster: the block's; NULL: it has none. */
struct cluster;
enum err autopath_step_new(const struct corefile_block *block, const struct cluster *cluster, struct server_step *step);
