#include "completion.h"
#include "option_table.h"
#include <stdio.h>

static const char head[] = "# bash completion for headns, printed by: headns completion bash\n"
                           "\n"
                           "_headns_commands()\n"
                           "{\n"
                           "\techo '--help --version help";

static const char before_options[] = "'\n"
                                     "}\n"
                                     "\n"
                                     "# COMMAND: its options.\n"
                                     "_headns_options()\n"
                                     "{\n"
                                     "\tcase $1 in\n";

static const char before_arguments[] =
        "\tesac\n"
        "}\n"
        "\n"
        "# COMMAND OPTION: the words that can follow it; FILE: a file; ANY: something; nothing: no argument.\n"
        "_headns_words()\n"
        "{\n"
        "\tcase \"$1 $2\" in\n";

/* bash cuts the line at each : and = too, and puts what we give in the place of the piece behind the last of them. Files are readline's: it knows
 * how to quote them. */
static const char tail[] = "\tesac\n"
                           "}\n"
                           "\n"
                           "_headns_offer()\n"
                           "{\n"
                           "\tlocal reply before=${2%\"${2##*[=:]}\"}\n"
                           "\twhile IFS= read -r reply; do\n"
                           "\t\tCOMPREPLY+=(\"${reply#\"$before\"}\")\n"
                           "\tdone < <(compgen -W \"$1\" -- \"$2\")\n"
                           "\tif [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then\n"
                           "\t\tcompopt -o nospace\n"
                           "\tfi\n"
                           "}\n"
                           "\n"
                           "# COMMAND OPTION WORD: fails where the option takes no argument.\n"
                           "_headns_argument()\n"
                           "{\n"
                           "\tlocal name=${2#-} words\n"
                           "\twords=$(_headns_words \"$1\" \"${name#-}\")\n"
                           "\tcase $words in\n"
                           "\t'') return 1 ;;\n"
                           "\tFILE) compopt -o default ;;\n"
                           "\tANY) ;;\n"
                           "\t*) _headns_offer \"$words\" \"$3\" ;;\n"
                           "\tesac\n"
                           "}\n"
                           "\n"
                           "# LAST WORD: of what headns run runs, and of its arguments.\n"
                           "_headns_inside()\n"
                           "{\n"
                           "\tif [[ $1 == -- && $2 != */* ]]; then\n"
                           "\t\t_headns_offer \"$(compgen -c -- \"$2\")\" \"$2\"\n"
                           "\telse\n"
                           "\t\tcompopt -o default\n"
                           "\tfi\n"
                           "}\n"
                           "\n"
                           "_headns()\n"
                           "{\n"
                           "\tlocal line=${COMP_LINE:0:COMP_POINT} command word last\n"
                           "\tlocal -a words\n"
                           "\tCOMPREPLY=()\n"
                           "\tread -ra words <<< \"$line\"\n"
                           "\tif [[ $line == *[[:space:]] ]]; then\n"
                           "\t\twords+=('')\n"
                           "\tfi\n"
                           "\tcommand=${words[1]} word=${words[-1]} last=${words[-2]}\n"
                           "\tif ((${#words[@]} == 2)) || [[ $command == help ]]; then\n"
                           "\t\t_headns_offer \"$(_headns_commands)\" \"$word\"\n"
                           "\t\tif [[ $word == -* ]]; then\n"
                           "\t\t\t_headns_offer \"$(_headns_options serve)\" \"$word\"\n"
                           "\t\tfi\n"
                           "\t\treturn\n"
                           "\tfi\n"
                           "\tif [[ $command == -* ]]; then\n"
                           "\t\tcommand=serve # as CoreDNS is called\n"
                           "\tfi\n"
                           "\tif [[ $command == run && \" ${words[*]:2:${#words[@]}-3} \" == *' -- '* ]]; then\n"
                           "\t\t_headns_inside \"$last\" \"$word\"\n"
                           "\telif [[ $word == -*=* ]]; then\n"
                           "\t\t_headns_argument \"$command\" \"${word%%=*}\" \"${word#*=}\"\n"
                           "\telif [[ $word == -* ]]; then\n"
                           "\t\t_headns_offer \"$(_headns_options \"$command\")\" \"$word\"\n"
                           "\telif [[ $last == -* ]] && _headns_argument \"$command\" \"$last\" \"$word\"; then\n"
                           "\t\t:\n"
                           "\telif [[ $command == completion ]]; then\n"
                           "\t\t_headns_offer 'bash zsh' \"$word\"\n"
                           "\telse\n"
                           "\t\tcompopt -o default\n"
                           "\tfi\n"
                           "}\n"
                           "\n"
                           "complete -F _headns headns\n";

static void print_word(void *arg, const char *word)
{
	(void)arg;
	printf(" %s", word);
}

static bool is_of(const struct option_spec *option, const struct command_spec *command)
{
	return option->commands & 1u << command->kind;
}

static void print_options(const struct command_spec *command)
{
	printf("\t%s) echo '", command->name);
	for (unsigned i = 0; i < option_count; i++) {
		if (is_of(&option_table[i], command))
			printf(" --%s", option_table[i].name);
	}
	printf("' ;;\n");
}

static void print_argument(const struct command_spec *command, const struct option_spec *option)
{
	printf("\t'%s %s') echo '", command->name, option->name);
	switch (completion_kind_of(option)) {
	case COMPLETION_NOTHING:
		break;
	case COMPLETION_TEXT:
		printf("ANY");
		break;
	case COMPLETION_FILE:
		printf("FILE");
		break;
	case COMPLETION_WORD:
		completion_words(option, print_word, NULL);
		break;
	case COMPLETION_SETTING:
		completion_settings(print_word, NULL);
		break;
	}
	printf("' ;;\n");
}

static void print_arguments(const struct command_spec *command)
{
	for (unsigned i = 0; i < option_count; i++) {
		if (is_of(&option_table[i], command))
			print_argument(command, &option_table[i]);
	}
}

void completion_print_bash(void)
{
	fputs(head, stdout);
	for (unsigned i = 1; i < command_count; i++)
		printf(" %s", command_table[i].name);
	fputs(before_options, stdout);
	for (unsigned i = 1; i < command_count; i++)
		print_options(&command_table[i]);
	fputs(before_arguments, stdout);
	for (unsigned i = 1; i < command_count; i++)
		print_arguments(&command_table[i]);
	fputs(tail, stdout);
}
