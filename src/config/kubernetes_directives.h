/* kubernetes_directives.h - private to config: the lines of a kubernetes block, one by one. */
#pragma once
#include "config/kubernetes.h"

void texts_clear(struct text_list *list);
