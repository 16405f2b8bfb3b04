/* completion.h - scripts by which bash and zsh complete the command line of headns. They are printed from the option table and the list of
 * directives, when headns is built, so they can't say what it does not take. */
#pragma once
#include "cli/options.h"
#include <stdbool.h>

/* Each writes its script to stdout. */
void completion_print_bash(void);
void completion_print_zsh(void);

/* --- what both need of the tables --- */

enum completion_kind {
	COMPLETION_NOTHING, /* the option takes no argument */
	COMPLETION_TEXT,    /* any: nothing is offered */
	COMPLETION_FILE,
	COMPLETION_WORD,    /* one of completion_words() */
	COMPLETION_SETTING, /* one of completion_settings() */
};

struct option_spec;
/* What a shell may put in for the option's argument. */
enum completion_kind completion_kind_of(const struct option_spec *option);

/* Calls each with every word of the option's argument ("info"), or with every setting ("kubernetes.pods=verified", and "kubernetes.ttl="
 * where the value is anything). */
typedef void completion_word(void *arg, const char *word);
void completion_words(const struct option_spec *option, completion_word *each, void *arg);
void completion_settings(completion_word *each, void *arg);
