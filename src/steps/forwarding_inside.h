/* forwarding_inside.h - private to steps: what is in a struct forwarding. Only its upstreams and its cache change once it is made. */
#pragma once
#include "forward/cache.h"
#include "forward/upstream.h"
#include "steps/forwarding.h"

/* One `forward` line. */
struct forwarding_line {
	struct name_list from, except;
	struct upstreams *upstreams;
	uint32_t next;
	bool next_on_nodata;
};

struct forwarding {
	unsigned users;
	struct cache *cache; /* NULL: there is none */
	unsigned count;
	struct forwarding_line lines[];
};

/* The first line from number `from` on that is about the name; f->count: there is none. Any thread. */
unsigned forwarding_find(const struct forwarding *f, const struct name *qname, unsigned from);
