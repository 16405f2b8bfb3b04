/* hint.h - what somebody meant who wrote a word that headns has not got, but other programs have: kubectl, dig, CoreDNS. Slips of the
 * keyboard are base/suggest.h's. */
#pragma once
#include "cli/options.h"

/* What to write for an option, given without its dashes ("p"; "p53" is one of a letter with its argument). NULL: nothing is known. */
const char *hint_for_option(enum command_kind command, const char *name);

/* "is headns serve x.yaml meant?" for what stands in a command's place. NULL: nothing is known; else text. */
const char *hint_for_command(const char *word, char *text, size_t cap);
