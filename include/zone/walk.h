/* walk.h - every record of a zone, for whoever needs them all: a dump, a transfer. What a query would answer is what is walked over,
 * but for pods by address where they are not verified: then every address is one. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include "zone/zone.h"
#include <stddef.h>
#include <stdint.h>

/* Good during the call. */
struct zone_record {
	const struct name *owner;
	uint16_t type; /* enum dns_type */
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it are not compressed */
	uint16_t rdata_len;
};

typedef enum err zone_take(void *arg, const struct zone_record *r);

/* The apex of the i-th of the zones, in lower case; NULL: there are no more. */
const struct name *zone_apex(const struct zone *z, unsigned i);

/* Every record of the zone with this apex, the records of one name and type together, else in no order. What take returns other than OK
 * ends it and is returned. The writer's thread only. */
enum err zone_walk(const struct zone *z, const struct name *apex, zone_take *take, void *arg);
