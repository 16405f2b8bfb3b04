/* kind_hint.h - what was probably meant by a kind that names don't come from, but nearly: a version that is not read, or a slip of the pen. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>

/* True, with the line to say, if so. Kinds of Kubernetes that are merely others, and those of other people's groups, are none of these. */
bool kind_hint(const char *api_version, const char *kind, struct diag *d);
