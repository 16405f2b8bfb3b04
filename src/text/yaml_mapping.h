/* yaml_mapping.h - the members of a YAML mapping while it is being read: keys given more than once are found, and `<<` merges in others. */
#pragma once
#include "base/diag.h"
#include <cjson/cJSON.h>
#include <stddef.h>

struct yaml_member {
	cJSON *item; /* owned by the mapping's node */
	unsigned line;
	unsigned rank; /* 0: written here; else in which merged mapping. The lowest wins */
	size_t place;  /* among all that were added */
};

struct yaml_mapping {
	struct yaml_member *members;
	size_t count, cap;
	unsigned merged; /* mappings so far */
};

/* Adds item (consumed, its key is in item->string, which stands in line) to node. */
enum err yaml_mapping_add(struct yaml_mapping *m, cJSON *node, cJSON *item, unsigned line, struct diag *d);

/* Adds the members of value (consumed), a mapping or a sequence of mappings, of which the first wins. ERR_SYNTAX: neither. */
enum err yaml_mapping_merge(struct yaml_mapping *m, cJSON *node, cJSON *value, struct diag *d);

/* All are there: leaves one member of each key, the last of those written here, and of the others marks (repeated_key.h). */
void yaml_mapping_finish(struct yaml_mapping *m, cJSON *node);

void yaml_mapping_free(struct yaml_mapping *m); /* not the members */
