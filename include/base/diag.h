/* diag.h - the one line that tells a person what is wrong, where, and what to do. A function that can fail on somebody's input
 * takes a struct diag and fills it when it returns an error; who called adds the place (FILE:LINE) and prints it. */
#pragma once
#include "base/err.h"
#include <stdarg.h>

#define DIAG_TEXT_MAX 512

struct diag {
	unsigned line;            /* 1-based line in the input the text speaks of; 0: none known */
	char text[DIAG_TEXT_MAX]; /* NUL-terminated, one line, UTF-8, control characters escaped */
};

/* Formats the text (cut to fit; octets below 0x20 and 0x7f become \xHH, so input can't forge log lines), and returns e so that
 * one can write: return diag_set(d, ERR_SYNTAX, "..."). d may be NULL. Leaves d->line as it is. */
enum err diag_set(struct diag *d, enum err e, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* diag_set() of ERR_NOMEM. */
enum err diag_no_memory(struct diag *d);
