/* walk.h - every record of a zone, for whoever needs them all: a dump, a transfer. What a query would answer is what is walked over,
 * but for pods by address where they are not verified: then every address is one. */
#pragma once
#include "base/err.h"
#include "dns/name.h"
#include "dns/record.h"
#include "zone/zone.h"

/* The apex of the i-th of the zones, in lower case; NULL: there are no more. */
const struct name *zone_apex(const struct zone *z, unsigned i);

/* Every record of the zone with this apex, the records of one name and type together, else in no order. What take returns other than OK
 * ends it and is returned. The writer's thread only. */
enum err zone_walk(const struct zone *z, const struct name *apex, record_take *take, void *arg);
