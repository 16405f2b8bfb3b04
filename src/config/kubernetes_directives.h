/* kubernetes_directives.h - private to config: the lines of a kubernetes block, one by one. */
#pragma once
#include "config/kubernetes.h"

/* The line was given, whatever it says. directive must be one of those there are. */
bool kubernetes_given(const struct kubernetes_options *o, const char *directive);
