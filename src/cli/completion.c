#include "completion.h"
#include "cli/commands.h"
#include "config/kubernetes.h"
#include "option_table.h"
#include <stdio.h>
#include <string.h>

#define WORD_MAX 128

enum completion_kind completion_kind_of(const struct option_spec *option)
{
	const char *argument = option->argument;
	if (!argument)
		return COMPLETION_NOTHING;
	if (strchr(argument, '|'))
		return COMPLETION_WORD;
	if (strstr(argument, "FILE"))
		return COMPLETION_FILE;
	return strncmp(argument, "kubernetes.", strlen("kubernetes.")) == 0 ? COMPLETION_SETTING : COMPLETION_TEXT;
}

/* Each of "a|b" with what goes before it. */
static void split(const char *before, const char *words, completion_word *each, void *arg)
{
	for (;;) {
		size_t len = strcspn(words, "|");
		char word[WORD_MAX];
		snprintf(word, sizeof word, "%s%.*s", before, (int)len, words);
		each(arg, word);
		if (!words[len])
			return;
		words += len + 1;
	}
}

void completion_words(const struct option_spec *option, completion_word *each, void *arg)
{
	split("", option->argument, each, arg);
}

/* Placeholders are in capitals; what is not stands for itself. */
static bool is_literal(const char *arguments)
{
	return *arguments && !arguments[strspn(arguments, "abcdefghijklmnopqrstuvwxyz_|")];
}

void completion_settings(completion_word *each, void *arg)
{
	const char *name, *arguments;
	for (unsigned i = 0; kubernetes_directive(i, &name, &arguments); i++) {
		char before[WORD_MAX / 2]; /* names of directives are short */
		bool may_be_alone = !*arguments || *arguments == '[';
		snprintf(before, sizeof before, "kubernetes.%s%s", name, may_be_alone ? "" : "=");
		split(before, is_literal(arguments) ? arguments : "", each, arg);
	}
}

int completion_main(const struct options *o)
{
	if (strcmp(o->cluster.files[0], "zsh") == 0)
		completion_print_zsh();
	else
		completion_print_bash();
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
