/* zone_follower.h - a zone that follows its primaries (RFC 1034 4.3.5, 1995, 1996): asks one of them for its serial, over a TCP connection that is kept,
 * fetches what has changed, and publishes it. The first of the primaries is asked while it answers, else the next one. What is wrong with what comes
 * leaves the zone as it was, until it has expired. Control thread, but for zone_follower_notify(). */
#pragma once
#include "records/transfer_reader.h"
#include "records/zone_slot.h"
#include <sys/socket.h>

struct uv_loop_s; /* libuv's uv_loop_t */

struct zone_follower_setting {
	struct zone_slot *slot;                   /* a follower is a holder of it */
	const struct sockaddr_storage *primaries; /* borrowed, and must live as long as the follower */
	unsigned count;                           /* one at least */
	uint64_t poll_ms;                         /* how often to ask; 0: as the zone's SOA says */
};

struct zone_follower;

/* Asks at once. NULL: out of memory. */
struct zone_follower *zone_follower_start(const struct zone_follower_setting *setting, struct uv_loop_s *loop);

/* From here on nothing is published; the loop must then turn until what it had there is closed. Nobody may be in zone_follower_notify() any more. Takes
 * NULL. */
void zone_follower_stop(struct zone_follower *f);

/* Somebody says that the zone has changed: it is asked for now, once however often that is said meanwhile. False: it is not from the address of a
 * primary. Any thread. */
bool zone_follower_notify(struct zone_follower *f, const struct sockaddr *from);

struct zone_follower_status {
	uint64_t asked;                   /* requests for a serial that were answered */
	uint64_t whole, changes;          /* transfers that were published: of whole zones, of changes */
	uint64_t faults[TRANSFER_FAULTS]; /* by enum transfer_fault */
	uint64_t notified;                /* that were taken */
	uint64_t age_ms;                  /* since a primary said last what is newest; UINT64_MAX: none has */
	bool expired;
};
void zone_follower_status(const struct zone_follower *f, struct zone_follower_status *out);
