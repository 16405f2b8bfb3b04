/* check_name.h - what holds for every struct name, however it came about. */
#pragma once
#include "dns/name.h"
#include "fuzz.h"

static inline void check_name(const struct name *n)
{
	size_t at = 0;
	for (unsigned i = 0; i < n->labels; i++) {
		assert(n->offset[i] == at);
		assert(n->wire[at] > 0 && n->wire[at] <= NAME_LABEL_MAX);
		at += 1u + n->wire[at];
	}
	assert(n->wire[at] == 0);
	assert(n->len == at + 1);
}
