/* corefile_check.h - what is wrong only between the blocks of a Corefile, without a look at this machine's addresses. */
#pragma once
#include "config/corefile.h"

/* Each kubernetes keeps its data in a file of its own. ERR_EXISTS. */
enum err corefile_check_snapshots(const struct corefile *c, struct diag *d);

/* A zone is served at an address once: as far as the words of `bind` tell. ERR_EXISTS. */
enum err corefile_check_places(const struct corefile *c, struct diag *d);

/* For corefile_options: a line of the log. */
void corefile_log(enum log_level level, const char *text);
