/* secondaries_inside.h - private to steps: what is in a struct secondaries. */
#pragma once
#include "steps/secondaries.h"
#include "zone_step.h"

/* One zone of one line. */
struct secondary_source {
	const struct secondary_line *line;
	struct zone_follower *follower; /* NULL: it is not watched */
};

struct secondaries {
	unsigned users;
	struct secondary_source *sources;
	struct zone_slot **slots; /* those of sources; held */
	unsigned count;
	struct zone_step step;
};
