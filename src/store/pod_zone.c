#include "pod_zone.h"
#include <stdlib.h>

void pod_zones_clear(struct pod_zones *z)
{
	z->count = 0;
}

void pod_zones_free(struct pod_zones *z)
{
	free(z->zones);
	*z = (struct pod_zones){0};
}

static enum err append(struct pod_zones *z, const struct slice_endpoint *e)
{
	if (z->count == z->cap) {
		size_t cap = z->cap ? 2 * z->cap : 64;
		struct pod_zone *zones = realloc(z->zones, cap * sizeof(*zones));
		if (!zones)
			return ERR_NOMEM;
		z->zones = zones;
		z->cap = cap;
	}
	z->zones[z->count++] = (struct pod_zone){e->target_name, e->zone};
	return OK;
}

enum err pod_zones_add(struct pod_zones *z, const struct endpoint_slice *slice)
{
	for (size_t i = 0; i < slice->subset_count; i++) {
		const struct endpoint_subset *s = &slice->subsets[i];
		for (size_t k = 0; k < s->endpoint_count; k++)
			if (s->endpoints[k].target_name && s->endpoints[k].zone && append(z, &s->endpoints[k]))
				return ERR_NOMEM;
	}
	return OK;
}

/* Interned strings are equal only if they are the same, so their addresses are an order as good as any. */
static int by_pod(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct pod_zone *)a)->pod, y = (uintptr_t)((const struct pod_zone *)b)->pod;
	return (x > y) - (x < y);
}

void pod_zones_sort(struct pod_zones *z)
{
	if (z->count)
		qsort(z->zones, z->count, sizeof(*z->zones), by_pod);
}

const char *pod_zones_find(const struct pod_zones *z, const char *pod)
{
	const struct pod_zone key = {pod, NULL};
	const struct pod_zone *found = z->count ? bsearch(&key, z->zones, z->count, sizeof(*z->zones), by_pod) : NULL;
	return found ? found->zone : NULL;
}
