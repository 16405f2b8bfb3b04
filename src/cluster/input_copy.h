/* input_copy.h - manifests that can be read once only (standard input, a shell's <(COMMAND)), kept so that they can be read again. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>

/* Copies what each descriptor among paths (file_given()) has left to memory that takes its place: "-" in any case, others where they are no files. *kept: "-"
 * is one. ERR_RANGE: more than 1 GiB. */
enum err input_copy_make(const char *const *paths, unsigned n, bool *kept, struct diag *d);

/* Makes the kept standard input start anew. */
void input_copy_rewind(void);
