/* options_check.h - private to cli: what the options of a command line mean together. */
#pragma once
#include "cli/options.h"

/* After the last option: puts in what goes without saying. ERR_SYNTAX, ERR_RANGE, ERR_NOMEM. */
enum err options_check(struct options *o, struct diag *d);
