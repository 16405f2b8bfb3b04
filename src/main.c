#include "base/hash.h"
#include "base/process.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "text/json_arena.h"
#include <stdio.h>

#define EXIT_USAGE 2

/* Help that could not be written (a full disk, a closed pipe) is no success. */
static int printed(void)
{
	return fflush(stdout) == 0 ? 0 : 1;
}

static int execute(const struct options *o)
{
	if (o->version) {
		puts("headns " HEADNS_VERSION);
		return printed();
	}
	if (o->help) {
		help_print(o->command);
		return printed();
	}
	if (o->plugins) {
		help_print_plugins();
		return printed();
	}
	log_set_level(o->log_level);
	log_set_format(o->log_format);
	switch (o->command) {
	case COMMAND_RUN:
		return run_main(o);
	case COMMAND_DUMP:
		return dump_main(o);
	case COMMAND_CHECK:
		return check_main(o);
	case COMMAND_COMPLETION:
		return completion_main(o);
	case COMMAND_SERVE:
	case COMMAND_NONE:
		break;
	}
	return serve_main(o);
}

int main(int argc, char **argv)
{
	struct options options;
	struct diag d;
	int status = EXIT_USAGE;
	process_hold_standard_descriptors();
	hash_seed_init();
	json_arena_install();
	if (options_parse(&options, argc, argv, &d))
		log_line(LOG_ERROR, "%s", d.text);
	else
		status = execute(&options);
	options_clear(&options);
	log_stop();
	return status;
}
