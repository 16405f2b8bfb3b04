#include "config/directive.h"
#include "option_table.h"
#include <stdio.h>
#include <string.h>

#define TEXT_COLUMN 26

/* The option's help, each of its lines from TEXT_COLUMN on. */
static void print_option(const struct option_spec *option)
{
	const char *line = option->help;
	int used = printf("  --%s%s%s", option->name, option->argument ? " " : "", option->argument ? option->argument : "");
	if (used >= TEXT_COLUMN)
		used = printf("\n") - 1;
	for (;;) {
		int len = (int)strcspn(line, "\n");
		printf("%*s%.*s\n", TEXT_COLUMN > used ? TEXT_COLUMN - used : 1, "", len, line);
		if (!line[len])
			return;
		line += len + 1;
		used = 0;
	}
}

static const struct command_spec *command_of(enum command_kind kind)
{
	const struct command_spec *c = command_table;
	while (c->kind != kind)
		c++;
	return c;
}

void help_print(enum command_kind command)
{
	const struct command_spec *c = command_of(command);
	const char *space = command == COMMAND_NONE ? "" : " ";
	printf("headns%s%s - %s\n\nUsage: headns%s%s %s\n\n%s", space, command ? c->name : "", c->summary, space, command ? c->name : "",
	       c->usage, c->help);
	if (command == COMMAND_NONE)
		return;
	printf("\nOptions:\n");
	for (unsigned i = 0; i < option_count; i++) {
		if (option_table[i].commands & (1u << command))
			print_option(&option_table[i]);
	}
}

void help_print_plugins(void)
{
	for (const char *name = ""; (name = directive_next(name));)
		puts(name);
}
