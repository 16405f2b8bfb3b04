/* spool.h - standard input as a manifest that can be read again. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>

/* If "-" is among paths, copies what standard input has left to memory that takes its place as file descriptor 0, and sets *kept. */
enum err spool_stdin(const char *const *paths, unsigned n, bool *kept, struct diag *d);

/* Makes the kept input start anew. */
void spool_rewind(void);
