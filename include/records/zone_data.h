/* zone_data.h - one version of a zone (RFC 1035): its records, in one block, immutable from the day it is finished. A draft is a version that is being
 * made, from nothing or from another version.
 *
 * Owners are kept in lower case, names in rdata as they are spelt. Records are the same if they differ in nothing but the case of names and the TTL. A
 * set of records has one TTL, the least that any of them came with (RFC 2181 5.2). */
#pragma once
#include "base/diag.h"
#include "dns/name.h"
#include "dns/record.h"
#include <stddef.h>
#include <stdint.h>

#define ZONE_OCTETS_MAX ((size_t)1 << 30) /* of a draft: what was added, with the place that it takes. About 15 million records */
#define ZONE_SET_MAX    UINT16_MAX        /* records of one name and type: more can be in no message */

/* --- making one: one owner, one thread --- */

struct zone_draft;
struct zone_data;

/* Without records. NULL: out of memory. */
struct zone_draft *zone_draft_new(const struct name *apex);

/* With the records of a version: for changes to it. NULL: out of memory. */
struct zone_draft *zone_draft_of(const struct zone_data *base);

/* Takes NULL. */
void zone_draft_free(struct zone_draft *d);

/* Adds a record of class IN; copies it. One that is there already: OK, and the lower TTL counts. ERR_RANGE: it is outside of the zone, or the draft
 * has ZONE_OCTETS_MAX. ERR_SYNTAX: rdata that is not as its type has it or has a compressed name, a type that is no data, SOA below the apex, NSEC3
 * and NSEC3PARAM, which are not served. ERR_NOMEM. diag says which record. Whatever it returns, the draft may be gone on with. */
enum err zone_draft_add(struct zone_draft *d, const struct record *r, struct diag *diag);

/* Removes a record; its TTL does not count. ERR_MISSING: it is not there. */
enum err zone_draft_remove(struct zone_draft *d, const struct record *r, struct diag *diag);

/* Makes a version of the draft, which is gone in any case. *out has one holder. ERR_SYNTAX: it has not exactly one SOA, a CNAME beside other records or
 * another CNAME (RFC 1034 3.6.2), two DNAMEs at one name; ERR_RANGE: a set of more than ZONE_SET_MAX; ERR_NOMEM. */
enum err zone_draft_finish(struct zone_draft *d, struct zone_data **out, struct diag *diag);

/* --- reading one: any thread that holds it, or reads in an RCU section (zone_slot.h) --- */

/* One holder more; returns z. Only for who holds it: a reader in an RCU section calls zone_slot_take(). */
struct zone_data *zone_data_hold(struct zone_data *z);

/* The last one frees it after a grace period; never waits. Any thread. Takes NULL. */
void zone_data_drop(struct zone_data *z);

/* In lower case; good as long as z, as are the others'. */
const struct name *zone_data_apex(const struct zone_data *z);
uint32_t zone_data_serial(const struct zone_data *z);

/* refresh, retry, expire and minimum of the SOA, in seconds, as they stand there. */
struct zone_timers {
	uint32_t refresh_s, retry_s, expire_s, minimum_s;
};
struct zone_timers zone_data_timers(const struct zone_data *z);

/* How many records, and of how many octets of memory. */
size_t zone_data_records(const struct zone_data *z);
size_t zone_data_octets(const struct zone_data *z);

/* Where a walk is: all zero before the first record. */
struct zone_cursor {
	uint32_t node, set, record; /* private */
	size_t at;
	bool past_soa;
	struct name owner; /* of the record given out last */
};

/* The next record: the SOA, then all others in the order of RFC 4034 6. It borrows from z and from the cursor: good until the next call. False: there is
 * none left. A cursor may be copied, to come back to where it was. */
bool zone_data_next(const struct zone_data *z, struct zone_cursor *c, struct record *r);

/* Every record, in that order. What take returns other than OK ends it and is returned. */
enum err zone_data_walk(const struct zone_data *z, record_take *take, void *arg);

/* What is to be removed from one version and added to it to have the other one; each in the order of zone_data_next(), so the SOAs come first, if they
 * differ. A set whose TTL differs is removed and added whole. Both are of one apex. */
enum err zone_data_diff(const struct zone_data *from, const struct zone_data *to, record_take *removed, record_take *added, void *arg);
