/* pod_zone.h - where the pods of one Service run, as its slices say: Pods name a node only, and Nodes are not read. All zero is the empty
 * map; strings are interned and borrowed from the slices. */
#pragma once
#include "base/err.h"
#include "kube/object.h"
#include <stddef.h>

struct pod_zone {
	const char *pod, *zone;
};

struct pod_zones {
	struct pod_zone *zones;
	size_t count, cap;
};

void pod_zones_clear(struct pod_zones *z); /* empty, and its memory kept for the next */
/* Frees what it owns. */
void pod_zones_free(struct pod_zones *z);

/* Takes in what the slice says. ERR_NOMEM: a part of it. */
enum err pod_zones_add(struct pod_zones *z, const struct endpoint_slice *slice);

/* Once, after the last slice. */
void pod_zones_sort(struct pod_zones *z);

/* NULL: unknown. pod is interned. */
const char *pod_zones_find(const struct pod_zones *z, const char *pod);
