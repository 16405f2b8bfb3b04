/* kinds.h - private to steps: what the directives do. The self of a step is what the Corefile says of it (config/directive.h). */
#pragma once
#include "config/directive.h"
#include "server/step.h"

extern const struct step_kind any_step, bufsize_step, hosts_step, loop_step, minimal_step, nsid_step, whoami_step;
