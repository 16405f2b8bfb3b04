#include "base/hash.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "kube/json_arena.h"
#include <stdio.h>

#define EXIT_USAGE 2

/* Help that could not be written (a full disk, a closed pipe) is no success. */
static int printed(void)
{
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options;
	struct diag d;
	hash_seed_init();
	json_arena_install();
	if (options_parse(&options, argc, argv, &d)) {
		log_line(LOG_ERROR, "%s", d.text);
		return EXIT_USAGE;
	}
	if (options.version) {
		puts("headns " HEADNS_VERSION);
		return printed();
	}
	if (options.help) {
		help_print(options.command);
		return printed();
	}
	log_set_level(options.log_level);
	return options.command == COMMAND_RUN ? run_main(&options) : serve_main(&options);
}
