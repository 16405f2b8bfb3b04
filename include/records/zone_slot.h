/* zone_slot.h - what is served of one zone: the newest version, published whole under RCU by its one writer, the control thread, and read by any number of
 * workers; and the changes that led to it, as far as they are kept (IXFR, RFC 1995).
 *
 * A slot is held by the steps that serve it, by whoever brings it new versions, and by transfers. It outlives a reload of the Corefile where the
 * next one says the same of it. */
#pragma once
#include "records/zone_data.h"
#include <stdbool.h>

struct zone_slot;

/* One that holds nothing yet. It has one holder. NULL: out of memory. */
struct zone_slot *zone_slot_new(const struct name *apex);

/* Holding and dropping is for any thread; hold returns s. The last one to drop frees it, after a grace period. drop takes NULL. */
struct zone_slot *zone_slot_hold(struct zone_slot *s);
void zone_slot_drop(struct zone_slot *s);

/* In lower case; good as long as s. */
const struct name *zone_slot_apex(const struct zone_slot *s);

/* --- for readers: any thread --- */

/* The version that is served; NULL: none is, not yet or not any more. In an RCU read section, until whose end it is good. */
const struct zone_data *zone_slot_current(const struct zone_slot *s);

/* The same, held: to be dropped. In an RCU read section, but good beyond it. */
struct zone_data *zone_slot_take(const struct zone_slot *s);

/* The changes from a version with that serial up to the one that is served, oldest first, held together with that. */
struct zone_changes;

enum zone_changes_found {
	ZONE_CHANGES_FOUND,
	ZONE_CHANGES_NONE,    /* that serial is what is served, or newer (RFC 1982) */
	ZONE_CHANGES_TOO_OLD, /* not known, or known no more: the whole zone is to be sent. Also where nothing is served, or memory is short */
};

/* In an RCU read section, but good beyond it: *out is to be freed by any thread, after ZONE_CHANGES_FOUND alone. Allocates. */
enum zone_changes_found zone_slot_changes_since(const struct zone_slot *s, uint32_t serial, struct zone_changes **out);
void zone_changes_free(struct zone_changes *c); /* takes NULL */

/* The version that they lead to; good as long as c. */
const struct zone_data *zone_changes_to(const struct zone_changes *c);

/* Where a reader of changes is: all zero before the first. */
struct zone_changes_cursor {
	unsigned step; /* private */
	size_t at;
	struct name owner;
};

/* The next record, in the order of an IXFR (RFC 1995 4) without the SOAs around it: of each change the SOA before, what it removes, the SOA after it,
 * what it adds. Borrowed as by zone_data_next(). False: there is none left. */
bool zone_changes_next(const struct zone_changes *c, struct zone_changes_cursor *cursor, struct record *r);

/* --- for the one who writes: control thread --- */

/* From now on changes are kept, of no more than so many octets in all: the oldest go first, and what is larger is not kept. 0: none, as at first. The
 * most that was ever said counts, so that several may want it. */
void zone_slot_keep_changes(struct zone_slot *s, size_t octets_max);

/* Serves this version from now on; takes the caller's hold of it. Its apex is the slot's. Where its serial is not newer than that of the one before, or
 * memory is short, the changes are forgotten. Whoever watches is called. ERR_NOMEM: what was served stays, and z is dropped. */
enum err zone_slot_publish(struct zone_slot *s, struct zone_data *z);

/* Serves nothing until the next zone_slot_publish(), which finds its changes with respect to what was there last. ERR_NOMEM: nothing happened. */
enum err zone_slot_expire(struct zone_slot *s);

/* The last version that was published, also where it is expired; NULL: none was. Good until the next one. */
const struct zone_data *zone_slot_last(const struct zone_slot *s);

/* Is called with each version, directly after it was published. It must not publish another one then, and may end its own watch. */
typedef void zone_slot_changed(void *arg, struct zone_slot *s, const struct zone_data *now);

struct zone_watch;

/* NULL: out of memory. To be ended before the slot is dropped by who watches. */
struct zone_watch *zone_slot_watch(struct zone_slot *s, zone_slot_changed *changed, void *arg);
void zone_slot_unwatch(struct zone_watch *w); /* takes NULL */
