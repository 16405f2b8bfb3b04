#include "completion.h"
#include "option_table.h"
#include <stdio.h>
#include <string.h>

static const char head[] = "#compdef headns\n"
                           "# zsh completion for headns, printed by: headns completion zsh\n"
                           "\n"
                           "_headns_settings()\n"
                           "{\n"
                           "\tlocal -a settings=(";

static const char before_commands[] = ")\n"
                                      "\tcompadd -S '' -- ${(M)settings:#*=}\n"
                                      "\tcompadd -- ${settings:#*=}\n"
                                      "}\n"
                                      "\n"
                                      "_headns()\n"
                                      "{\n"
                                      "\tlocal command=$words[2]\n"
                                      "\tlocal -i inside=${words[(i)--]}\n"
                                      "\tlocal -a those=(\n"
                                      "\t\t'help:prints what one of these does, and its options'\n";

static const char before_options[] = "\t)\n"
                                     "\tif (( CURRENT == 2 )) && [[ $command != -* ]]; then\n"
                                     "\t\t_describe command those\n"
                                     "\t\treturn\n"
                                     "\tfi\n"
                                     "\tif [[ $command == run ]] && (( inside < CURRENT )); then\n"
                                     "\t\tshift $inside words\n"
                                     "\t\t(( CURRENT -= inside ))\n"
                                     "\t\t_normal\n"
                                     "\t\treturn\n"
                                     "\tfi\n"
                                     "\tif [[ $command == -* ]]; then\n"
                                     "\t\tcommand=serve # as CoreDNS is called\n"
                                     "\telse\n"
                                     "\t\tshift words\n"
                                     "\t\t(( CURRENT -= 1 ))\n"
                                     "\tfi\n"
                                     "\tcase $command in\n"
                                     "\thelp) _describe command those ;;\n";

static const char tail[] = "\tesac\n"
                           "}\n"
                           "\n"
                           "if [[ $funcstack[1] == _headns ]]; then\n"
                           "\t_headns \"$@\"\n"
                           "else\n"
                           "\tcompdef _headns headns # sourced\n"
                           "fi\n";

/* In single quotes, as a part of what _arguments takes; of several lines as one. */
static void print_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr(":[]\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text == '\n' ? ' ' : *text);
	}
}

static void print_word(void *arg, const char *word)
{
	(void)arg;
	printf(" %s", word);
}

/* ":MESSAGE:ACTION" */
static void print_argument(const struct option_spec *option)
{
	enum completion_kind kind = completion_kind_of(option);
	if (kind == COMPLETION_NOTHING)
		return;
	printf(option->argument[0] == '[' ? "::" : ":");
	print_escaped(option->argument);
	putchar(':');
	if (kind == COMPLETION_FILE)
		printf("_files");
	else if (kind == COMPLETION_SETTING)
		printf("_headns_settings");
	else if (kind == COMPLETION_TEXT)
		putchar(' ');
	else {
		putchar('(');
		completion_words(option, print_word, NULL);
		putchar(')');
	}
}

static void print_option(const struct option_spec *option)
{
	printf(" \\\n\t\t'*--%s%s[", option->name, option->argument ? "=" : "");
	print_escaped(option->help);
	putchar(']');
	print_argument(option);
	putchar('\'');
}

static void print_command(const struct command_spec *command)
{
	printf("\t%s)\n\t\t_arguments", command->name);
	for (unsigned i = 0; i < option_count; i++) {
		if (option_table[i].commands & 1u << command->kind)
			print_option(&option_table[i]);
	}
	printf(" \\\n\t\t%s\n\t\t;;\n", command->kind == COMMAND_COMPLETION ? "':shell:(bash zsh)'" : "'*:FILE:_files'");
}

void completion_print_zsh(void)
{
	fputs(head, stdout);
	completion_settings(print_word, NULL);
	fputs(before_commands, stdout);
	for (unsigned i = 1; i < command_count; i++) {
		printf("\t\t'%s:", command_table[i].name);
		print_escaped(command_table[i].summary);
		printf("'\n");
	}
	fputs(before_options, stdout);
	for (unsigned i = 1; i < command_count; i++)
		print_command(&command_table[i]);
	fputs(tail, stdout);
}
