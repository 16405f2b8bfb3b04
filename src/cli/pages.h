/* pages.h - what the blocks of a Corefile say together of the HTTP side: health, ready, prometheus. */
#pragma once
#include "admin/admin.h"
#include "config/corefile.h"

/* All zero is none. */
struct pages {
	struct admin_place *places;
	unsigned count;
	uint64_t lameduck_ms; /* the longest of all */
};

/* diag names the place of what is wrong. pages_clear() in any case. */
enum err pages_find(const struct corefile *c, struct pages *out, struct diag *d);

/* Adds what the command line says. ERR_NOMEM. */
enum err pages_add(struct pages *p, const struct admin_place *places, unsigned count, struct diag *d);

/* Frees what it owns. */
void pages_clear(struct pages *p);
