/* secondaries.h - `secondary`: zones that are fetched from their primaries, and kept as these have them (records/zone_follower.h). What is served of a zone is gone
 * on with over a reload of the Corefile. Control thread, but for the answering. */
#pragma once
#include "base/diag.h"
#include "config/directive.h"
#include "records/zone_follower.h"

struct secondaries;

struct secondaries_setting {
	const struct secondary_options *options; /* borrowed, and must live as long as somebody answers with it */
	const struct name_list *keys;            /* the zones of the block, where a line has none */
	bool rotate;                             /* sets of addresses begin with one drawn anew each time */
	bool explain;                            /* clients with EDNS are told why they get no records (RFC 8914) */
	/* A slot that is served already of that zone by such a line, to be gone on with; NULL: there is none. May be NULL itself. */
	struct zone_slot *(*find)(void *arg, const struct secondary_line *line, const struct name *apex);
	void *arg;
};

/* It has one user. ERR_NOMEM. */
enum err secondaries_new(const struct secondaries_setting *setting, struct secondaries **out);
void secondaries_unref(struct secondaries *s); /* takes NULL */

/* Follows the primaries from here on, until secondaries_unwatch(). Once; ERR_NOMEM. */
enum err secondaries_watch(struct secondaries *s, struct uv_loop_s *loop);

/* The loop must then turn until what it had there is closed. Nothing where it is not watched. Takes NULL. */
void secondaries_unwatch(struct secondaries *s);

/* The i-th of its zones; NULL: there are no more. Good as long as s. */
struct zone_slot *secondaries_slot(const struct secondaries *s, unsigned i);

/* How the i-th is getting on. False: it is not watched. */
bool secondaries_status(const struct secondaries *s, unsigned i, struct zone_follower_status *out);

/* The slot of that zone from the same primaries; NULL: it has none. */
struct zone_slot *secondaries_find(const struct secondaries *s, const struct secondary_line *line, const struct name *apex);
