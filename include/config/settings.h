/* settings.h - lines of a kubernetes block that are said beside the Corefile: by `--set kubernetes.ttl=5`, by the environment's HEADNS_SET.
 * They count in every kubernetes block, in the place of what stands there. Owns copies of all texts. Control thread, at the start. */
#pragma once
#include "base/diag.h"
#include "config/kubernetes.h"

struct setting {
	char *origin; /* where it was said, for what is wrong with it only beside others */
	char *directive;
	char *value; /* its words, as in a Corefile */
};

/* All zero is none. Later ones count more. */
struct settings {
	struct setting *all;
	unsigned count;
};

/* Adds "kubernetes.DIRECTIVE=WORDS"; without =WORDS no words. ERR_SYNTAX, ERR_RANGE, ERR_NOMEM: diag says what is wrong with the text. */
enum err settings_add(struct settings *s, const char *origin, const char *text, struct diag *d);

/* Adds what HEADNS_SET holds: such texts, one a line, or with a comma before the next "kubernetes.". diag names it and the text. */
enum err settings_add_environment(struct settings *s, struct diag *d);

/* Moves all of more behind those of s. ERR_NOMEM: both are as they were. */
enum err settings_move(struct settings *s, struct settings *more, struct diag *d);

/* Makes them count in o, before kubernetes_options_finish(). diag names the origin. */
enum err settings_apply(const struct settings *s, struct kubernetes_options *o, struct diag *d);

/* Frees all of them; there are none then. */
void settings_clear(struct settings *s);
