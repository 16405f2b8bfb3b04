/* option.h - the lines in a directive's braces by a table: how each is called, which words may follow it, and where its value goes. What is
 * wrong with a line is said as one would write it right. Which lines were given is remembered, so that nobody has to guess it from values.
 * Functions of their arguments alone. */
#pragma once
#include "base/diag.h"
#include "config/list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "ttl", and what stands behind it. */
struct words {
	const char *name;
	const char *const *texts;
	unsigned count;
};

enum option_kind {
	OPTION_CALL,     /* whatever set() makes of it */
	OPTION_FLAG,     /* bool: true; the word of arguments, where there are any, must follow */
	OPTION_ON_OFF,   /* bool: the word is on or off */
	OPTION_NUMBER,   /* unsigned: a number from least to most */
	OPTION_DURATION, /* uint64_t, milliseconds: from least to most; most 0: no bound */
	OPTION_CHOICE,   /* unsigned, or an enum: the place of the word among those of arguments, "disabled|insecure" */
	OPTION_TEXT,     /* char *, owned: not empty */
	OPTION_TEXTS,    /* struct text_list: several lines add up */
	OPTION_ZONES,    /* struct name_list: the last line counts */
};

#define OPTION_ANY_NUMBER UINT32_MAX /* of words */

#define OPTION_ONCE     1u /* a second line is an error */
#define OPTION_CLUSTERS 2u /* of kubernetes: counts only where there is an API server */

struct option {
	const char *name, *arguments; /* as they are written: placeholders in capitals, "" for none */
	uint32_t min, max;            /* how many words */
	enum option_kind kind;
	unsigned flags;
	size_t at; /* of its value in the struct of all */
	uint64_t least, most;
	enum err (*set)(void *values, const struct words *w, struct diag *d);
};

/* At most 64 options. */
struct option_table {
	const char *directive; /* whose they are */
	const struct option *all;
	unsigned count;
	enum err (*other)(void *values, const struct words *w, struct diag *d); /* lines of no option; NULL: they are wrong */
};

/* Which options were given, by their place in the table. */
typedef uint64_t option_set;

/* What one line says. ERR_SYNTAX, ERR_RANGE, ERR_EXISTS: values is as it was, unless a set() says otherwise, and diag begins with the option's
 * name; ERR_NOMEM. */
enum err option_take(const struct option_table *t, void *values, option_set *given, const struct words *w, struct diag *d);

/* The option of that name was given. It must be in the table. */
bool option_given(const struct option_table *t, option_set given, const char *name);

/* The first that was given and has one of the flags; NULL: none. */
const char *option_first(const struct option_table *t, option_set given, unsigned flags);

/* --- values that are no kind of their own --- */

/* The place of the word among "a|b|c". ERR_SYNTAX: it is none of them. */
enum err option_choose(const char *word, const char *choices, unsigned *index, struct diag *d);

/* A copy in the place of *text; an empty one is none. */
enum err option_maybe_text(char **text, const char *value, struct diag *d);

/* A copy in the place of *text. ERR_SYNTAX: it is empty. */
enum err option_text(char **text, const char *value, struct diag *d);

/* The zones of the words, in the place of those that were. */
enum err option_zones(struct name_list *zones, const struct words *w, struct diag *d);

/* `fallthrough [ZONE...]`: sets *on, and the zones. */
enum err option_fallthrough(bool *on, struct name_list *zones, const struct words *w, struct diag *d);
