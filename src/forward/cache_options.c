#include "cache_options.h"
#include <stdlib.h>
#include <string.h>

void cache_options_default(struct cache_options *o)
{
	*o = (struct cache_options){
	        .success = {.capacity = 10000, .ttl_max_s = 3600, .ttl_min_s = 5},
	        .denial = {.capacity = 10000, .ttl_max_s = 1800, .ttl_min_s = 5},
	        .servfail_s = 5,
	        .prefetch_percent = 10,
	        .prefetch_gap_s = 60,
	};
}

static bool copy_names(struct cache_names *to, const struct cache_names *from)
{
	*to = (struct cache_names){0};
	if (!from->count)
		return true;
	struct name *list = malloc(from->count * sizeof *list);
	if (!list)
		return false;
	memcpy(list, from->list, from->count * sizeof *list);
	*to = (struct cache_names){.list = list, .count = from->count};
	return true;
}

enum err cache_options_copy(struct cache_options *to, const struct cache_options *from)
{
	*to = *from;
	bool zones = copy_names(&to->zones, &from->zones);
	bool success = copy_names(&to->no_success, &from->no_success);
	bool denial = copy_names(&to->no_denial, &from->no_denial);
	if (zones && success && denial)
		return OK;
	cache_options_free(to);
	return ERR_NOMEM;
}

void cache_options_free(struct cache_options *o)
{
	free((void *)(uintptr_t)o->zones.list); /* ours, though users may not write to it */
	free((void *)(uintptr_t)o->no_success.list);
	free((void *)(uintptr_t)o->no_denial.list);
}

/* Lower case both, so octets decide. A zone's name stands at the end of qname, where a label begins. */
static bool is_in(const uint8_t *qname, size_t len, const struct name *zone)
{
	size_t at = 0;
	while (len - at > zone->len)
		at += 1u + qname[at];
	return len - at == zone->len && memcmp(qname + at, zone->wire, zone->len) == 0;
}

bool cache_names_hold(const struct cache_names *names, const uint8_t *qname, size_t len)
{
	for (unsigned i = 0; i < names->count; i++)
		if (is_in(qname, len, &names->list[i]))
			return true;
	return false;
}

bool cache_names_cover(const struct cache_names *zones, const struct name *qname)
{
	return !zones->count || cache_names_hold(zones, qname->wire, qname->len);
}
