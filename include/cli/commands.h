/* commands.h - the subcommands. Each returns the process's exit status: 0, or 1 after an error that was logged. */
#pragma once
#include "cli/options.h"

/* headns serve: answers until SIGTERM or SIGINT; SIGHUP reads the manifests again. */
int serve_main(const struct options *o);

/* headns dump: prints every record as zone files, those of the input or of a cluster that is read once. */
int dump_main(const struct options *o);

/* headns check: says what is wrong with Corefiles and manifests, all of it. */
int check_main(const struct options *o);

/* headns completion: prints a script by which a shell completes the command line. */
int completion_main(const struct options *o);

/* headns run: the exit status is COMMAND's; where a signal ended COMMAND, it ends this process too. */
int run_main(const struct options *o);
