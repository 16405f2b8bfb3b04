/* generated_name.h - names for objects that have metadata.generateName and no name, as the API server makes them: the prefix and five letters
 * or digits. Here they depend on namespace, kind, prefix and how many of these came before, so every run gives the same. */
#pragma once
#include "base/err.h"
#include "base/table.h"
#include <cjson/cJSON.h>

/* How many there were of each sort. Zeroed: none. */
struct generated_names {
	struct table *sorts; /* owned, with its entries; NULL: none yet */
};

/* Puts a name into tree, an object of a manifest, if it wants one. */
enum err generated_name_put(struct generated_names *g, cJSON *tree);

/* Frees what it owns. */
void generated_names_free(struct generated_names *g);
