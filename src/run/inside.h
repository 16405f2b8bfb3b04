/* inside.h - the inside of headns run: the first process of the sandbox. */
#pragma once
#include "run/run.h"
#include "sandbox.h"

/* Makes the cluster's world, runs the program in it, sends its wait status to the other side, kills whatever is left, and tears
 * down. Returns the exit status for a failure to start. */
int inside_main(const struct run_options *o, const struct sandbox *sandbox);
