/* option_table.h - every option of the command line, once for each meaning it has: how it is spelt, where it may stand, what it sets, what
 * the help says. */
#pragma once
#include "cli/options.h"

#define FOR_SERVE      (1u << COMMAND_SERVE)
#define FOR_RUN        (1u << COMMAND_RUN)
#define FOR_DUMP       (1u << COMMAND_DUMP)
#define FOR_CHECK      (1u << COMMAND_CHECK)
#define FOR_COMPLETION (1u << COMMAND_COMPLETION)

struct option_spec {
	const char *name;
	const char *argument; /* its name in the help; "[NAME]": may be left out, then it is ""; NULL: takes none */
	unsigned commands;    /* FOR_SERVE, FOR_RUN, FOR_DUMP, FOR_CHECK */
	enum err (*set)(struct options *o, const char *text, struct diag *d); /* diag: what is wrong with text */
	const char *help;
};

extern const struct option_spec option_table[];

/* Names outside are asked of `to`: words with commas between, which mean nothing else in a Corefile. ERR_NOMEM. */
enum err options_set_forward(struct options *o, const char *to, struct diag *d);
extern const unsigned option_count;

struct command_spec {
	enum command_kind kind;
	const char *name, *usage, *summary, *help;
};

/* COMMAND_NONE is headns itself. */
extern const struct command_spec command_table[];
extern const unsigned command_count;
